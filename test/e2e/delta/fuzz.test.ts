// Whatever happens to both sides, they hold the same rows again once it is calm: random seeds of an app that writes, a sender
// and a receiver that die and are put back, over a link that loses and repeats. HOLDFAST_SEED=17 runs one and prints all of it.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import '../../support/in-memory.ts';
import { DeltaWriter } from '../../support/delta-app.ts';
import { brokenVariants, type Openers } from '../../support/delta-broken.ts';
import { openCapture, openDiff, openReplica } from '../../support/delta-openers.ts';
import { InPostgres } from '../../support/delta-places.ts';
import type { Ground } from '../../support/delta-seed-world.ts';
import { runSeed, type Verdict } from '../../support/delta-seed.ts';
import { postgresPrograms } from '../../support/postgres.ts';
import { scratch } from '../../support/scratch.ts';

const isNightly = process.env.HOLDFAST_NIGHTLY === '1';
const only = process.env.HOLDFAST_SEED;
const perGroup = isNightly ? 300 : 25;
const groups =
  only === undefined ? Array.from({ length: 12 }, (_, group) => group * perGroup) : [Number(only)];

/** A copy of a database takes longer than one of a file. */
const postgresPerGroup = isNightly ? 100 : 5;
const postgresGroups =
  only === undefined ? [0, 1].map((group) => 100_000 + group * postgresPerGroup) : groups;

const writer = new DeltaWriter();
afterAll(() => writer[Symbol.asyncDispose]());
const whole: Openers = { openCapture, openReplica };

async function run(
  seed: number,
  home: string,
  openers: Openers & Pick<Ground, 'isSchemaFixed' | 'only' | 'place'>,
): Promise<Verdict> {
  const place = join(home, 'seed');
  mkdirSync(place);
  const verdict = await runSeed(seed, { home: place, writer, ...openers });
  rmSync(place, { recursive: true, force: true });
  return verdict;
}

/** What a person needs to see of a seed that went wrong: all that happened, where one was asked for. */
function shown({ seed, flaws, happened }: Verdict): string {
  return `seed ${seed}: ${flaws.slice(0, 3).join('\n')}${only === undefined ? '' : `\n${happened.join('\n')}`}`;
}

describe.skipIf(postgresPrograms() === undefined)('into PostgreSQL', () => {
  let place: InPostgres;
  beforeAll(async () => {
    place = await InPostgres.start();
  });
  afterAll(() => place[Symbol.asyncDispose]());

  test.each(postgresGroups)('seeds from %d on: both sides agree', { timeout: 900_000 }, async (first) => {
    const home = scratch();
    const bad: string[] = [];
    for (let seed = first; seed < first + (only === undefined ? postgresPerGroup : 1); seed += 1) {
      const verdict = await run(seed, home, { openCapture, openReplica: place.open, place });
      if (verdict.flaws.length > 0) bad.push(shown(verdict));
    }
    expect(bad).toEqual([]);
  });
});

test.each(groups)('seeds from %d on: both sides agree', { timeout: 900_000 }, async (first) => {
  const home = scratch();
  const bad: string[] = [];
  for (let seed = first; seed < first + (only === undefined ? perGroup : 1); seed += 1) {
    // Now and then nothing may be written to the database, and its changes are found by comparing.
    const verdict = await run(seed, home, seed % 8 === 7 ? { ...whole, openCapture: openDiff } : whole);
    if (verdict.flaws.length > 0) bad.push(shown(verdict));
  }
  expect(bad).toEqual([]);
});

/** So many seeds find each of them. */
const seedsMax = 40;

describe.skipIf(only !== undefined)('the fuzz finds it where there is no', () => {
  test.each(Object.entries(brokenVariants))('%s', async (name, broken) => {
    const home = scratch();
    const openers = broken(whole);
    let found: Verdict | undefined;
    for (let seed = 0; seed < seedsMax && found === undefined; seed += 1) {
      const verdict = await run(seed, home, {
        ...openers,
        isSchemaFixed: !name.includes('schema'),
        only: name.includes('frozen') ? ['day', 'visit'] : undefined,
      });
      if (verdict.flaws.length > 0) found = verdict;
    }
    expect(found?.flaws ?? [], 'no seed has noticed').not.toEqual([]);
  });
});
