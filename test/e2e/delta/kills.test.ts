// Both commands as processes, killed at random operations while a third process writes: the next run goes on, and in the end
// both databases hold the same rows.
import { join } from 'node:path';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import '../../support/in-memory.ts';
import { DeltaWriter } from '../../support/delta-app.ts';
import { differencesBetween } from '../../support/delta-compare.ts';
import { DeltaPair } from '../../support/delta-processes.ts';
import { randomFrom } from '../../support/delta-random.ts';
import { freePort } from '../../support/postgres.ts';
import { scratch } from '../../support/scratch.ts';

const writer = new DeltaWriter();
afterAll(() => writer[Symbol.asyncDispose]());

const seeds = process.env.HOLDFAST_NIGHTLY === '1' ? 60 : 5;

test.each(Array.from({ length: seeds }, (_, seed) => seed))('seed %d', async (seed) => {
  const random = randomFrom(seed);
  const pair = await DeltaPair.start(join(scratch()), { host: '127.0.0.1', port: await freePort() });
  onTestFinished(() => pair[Symbol.asyncDispose]());
  const mode = random.pick(['wal', 'delete']);
  await writer.ask({ do: 'open', path: pair.database, seed, mode, fresh: true });
  await writer.ask({ do: 'step', statements: 20 });
  await pair.laptop('install');
  for (let round = 0; round < 5; round += 1) {
    const writing = writer.ask({ do: 'step', statements: 60 });
    if (random.chance(0.5)) {
      await pair.killReceiver();
      // It may die before it listens.
      await pair
        .receive({ at: 1 + random.below(25), kind: random.pick(['kill-before', 'kill-after']) })
        .catch(() => undefined);
    }
    await pair.pushUntil({ at: 1 + random.below(40), kind: random.pick(['kill-before', 'kill-after']) });
    expect((await writing).differences).toEqual([]);
  }
  await pair.killReceiver();
  await pair.receive();
  const last = await pair.laptop('run', '--now');
  expect(differencesBetween(pair.database, pair.mirror), last.stdout + last.stderr).toEqual([]);
  await writer.ask({ do: 'close' });
});
