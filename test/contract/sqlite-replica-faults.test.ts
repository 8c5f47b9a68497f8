// A replica whose process is killed, or whose disk is full or cannot be written: what was acknowledged is there, and nothing else.
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { openSqliteReplica } from '../../lib/replica/sqlite/open.ts';
import { asNobody } from '../support/as-nobody.ts';
import { fixedClock } from '../support/fixed-clock.ts';
import { scratch } from '../support/scratch.ts';
import { longBatch, longRows } from './replica-long-batch.ts';
import { again, policy } from './replica-world.ts';

const program = fileURLToPath(new URL('../fixtures/replica-once.ts', import.meta.url));

test.each([
  ['at its beginning', 0, ['die-at', '0']],
  ['in the middle', 0, ['die-at', '7000']],
  ['before its last change', 0, ['die-at', '19900']],
  ['after it was committed', 1, ['die-after']],
])('killed %s of a batch, it is whole, and the batch is answered once more', async (_, batchNo, flags) => {
  const path = join(scratch(), 'replica.db');
  expect(spawnSync(process.execPath, [program, path, ...flags]).signal).toBe('SIGKILL');
  const replica = await openSqliteReplica({ path, policy: policy(), clock: fixedClock() });
  try {
    expect(await replica.state('laptop')).toMatchObject({ batchNo });
    const [{ rows } = { rows: -1 }] = await replica.digest([{ table: 'visit' }]);
    expect(rows).toBe(batchNo * longRows.length);
    const result = await replica.apply(again(longBatch(), longRows));
    expect(result.applied).toEqual({ upserts: longRows.length, deletes: 0, unchanged: 0 });
    expect(await replica.apply(again(longBatch(), longRows))).toEqual(result);
  } finally {
    await replica.close();
  }
});

test.runIf(process.geteuid?.() === 0)('who may only read it looks at it, and changes nothing', async () => {
  const home = scratch();
  const path = join(home, 'replica.db');
  const given = { path, policy: policy(), clock: fixedClock() };
  const service = await openSqliteReplica(given);
  await service.freeze('2026-11-26', { by: 'kim', reason: '', exceptions: [] });
  chmodSync(home, 0o755);
  for (const file of readdirSync(home)) chmodSync(join(home, file), 0o644);
  await asNobody(async () => {
    const replica = await openSqliteReplica(given);
    expect(await replica.held()).toEqual([]);
    await expect(replica.discard({})).rejects.toMatchObject({ kind: 'denied' });
    await replica.close();
  });
  await service.close();
  // Nothing that a reader shares with others is there any more, and it may not be made.
  await asNobody(() => expect(openSqliteReplica(given)).rejects.toMatchObject({ kind: 'denied' }));
});

const mountSmall = 'mount -t tmpfs -o size=3m holdfast-test "$0" && exec "$@"';
const mountReadOnly = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"';

describe.skipIf(!canMount())('on a disk of its own (needs root)', () => {
  const run = (mount: string, directory: string, ...flags: string[]) => {
    const command = [process.execPath, program, join(directory, 'replica.db'), ...flags];
    const printed = execFileSync('unshare', ['-m', 'sh', '-c', mount, directory, ...command]);
    return JSON.parse(printed.toString()) as unknown;
  };

  test('that becomes full, nothing of the batch is taken, and it is told', () => {
    const directory = join(scratch(), 'disk');
    mkdirSync(directory);
    expect(run(mountSmall, directory, 'fill')).toMatchObject({
      error: { kind: 'io', message: expect.stringMatching(/no space left|input or output failed/) as string },
      batchNo: 0,
    });
  });

  test('that is mounted read-only, it is denied', async () => {
    const directory = scratch();
    const path = join(directory, 'replica.db');
    await (await openSqliteReplica({ path, policy: policy(), clock: fixedClock() })).close();
    expect(run(mountReadOnly, directory)).toMatchObject({ error: { kind: 'denied' } });
  });
});

function canMount(): boolean {
  try {
    execFileSync('unshare', ['-m', 'sh', '-c', mountSmall, '/mnt', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false; // not root, or in a container that may not mount: the tests are shown as skipped
  }
}
