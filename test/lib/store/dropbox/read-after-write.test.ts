// A Dropbox that shows a change only after a while: what was acknowledged is not taken for lost, nothing is sent twice, and
// what was removed does not come back.
import { describe, expect, test } from 'vitest';
import { openOn, startStandIn } from '../../../contract/dropbox-world.ts';
import { makeFile } from '../../../contract/store-world.ts';
import type { FaultAction } from '../../../stand-ins/dropbox/faults.ts';
import type { DropboxStandIn } from '../../../stand-ins/dropbox/stand-in.ts';
import { someBytes } from '../../../support/some-bytes.ts';

const large = someBytes(9_000_000);
const lost: FaultAction = { kind: 'dropAfterApply' };

async function lateStandIn(visibleAfterMs: number): Promise<DropboxStandIn> {
  const standIn = await startStandIn();
  standIn.files.write('/latest.db', 'old');
  standIn.files.write('/backups/older.db', 'old');
  standIn.clock.stand();
  standIn.clock.advance(3600);
  standIn.switches.visibleAfterMs = visibleAfterMs;
  return standIn;
}

function appendedBytes({ sessions }: DropboxStandIn): number {
  return sessions.flatMap(({ journal }) => journal).reduce((sum, { length }) => sum + length, 0);
}

/** A night's writes, each followed at once by the looks that depend on it. */
async function night(standIn: DropboxStandIn, bytes: Uint8Array): Promise<void> {
  const store = openOn(standIn);
  const file = await makeFile(bytes);
  const latest = await store.put('latest.db', file, { replace: true });
  expect(await store.stat('latest.db')).toEqual(latest);
  const copied = await store.copy('latest.db', 'backups/new.db', { expected: file });
  const manifest = await store.put('backups/new.json', await makeFile('{}'));
  const older = (await store.list('')).find(({ name }) => name === 'backups/older.db');
  await store.remove('backups/older.db', { expected: older });
  expect(await store.list('')).toEqual([copied, manifest, latest]);
  expect(await store.list('backups/')).toEqual([copied, manifest]);
  expect(await store.stat('backups/older.db')).toBeUndefined();
  expect(Buffer.from(await store.read('backups/new.json')).toString()).toBe('{}');
  await store.remove('backups/new.json');
  await store.remove('backups/new.db');
  expect(await store.list('')).toEqual([latest]);
  await store.put('backups/new.db', await makeFile('once more'));
  expect((await store.list('backups/')).map(({ name, sizeBytes }) => [name, sizeBytes])).toEqual([
    ['backups/new.db', 9],
  ]);
}

describe.each([1, 300, 3000, 25_000])('%i ms late', (visibleAfterMs) => {
  test.each<[string, Uint8Array, string[]]>([
    ['a small file', Buffer.from('tonight'), []],
    ['a large file', large, []],
    [
      'a small file, and every reply to a write is lost',
      Buffer.from('tonight'),
      ['files/upload', 'files/copy_v2'],
    ],
    [
      'a large file, and the reply to its commit is lost',
      large,
      ['files/upload_session/finish', 'files/copy_v2'],
    ],
    ['a small file, and the replies to removals are lost', Buffer.from('tonight'), ['files/delete_v2']],
  ])('%s', async (_, bytes, routes) => {
    const standIn = await lateStandIn(visibleAfterMs);
    for (const route of routes) standIn.fault({ route, action: lost });
    await night(standIn, bytes);
    expect(appendedBytes(standIn)).toBe(bytes === large ? large.length : 0);
    expect(standIn.files.list().map(({ path }) => path)).toEqual(['/backups/new.db', '/latest.db']);
    expect(standIn.waitingFaults).toEqual([]);
    expect(standIn.violations).toEqual([]);
  });
});

test.each(['not_found', 'closed', 'idempotent'] as const)(
  'a commit whose reply is lost and whose session is then %s is not sent again',
  async (afterCommit) => {
    const standIn = await lateStandIn(10_000);
    standIn.switches.afterCommit = afterCommit;
    standIn.fault({ route: 'files/upload_session/finish', times: 2, action: lost });
    const stored = await openOn(standIn).put('latest.db', await makeFile(large), { replace: true });
    expect(stored.sizeBytes).toBe(large.length);
    expect(appendedBytes(standIn)).toBe(large.length);
  },
);

test('what never comes is not waited for without an end, and believed then', async () => {
  const standIn = await lateStandIn(24 * 3_600_000);
  const store = openOn(standIn);
  await store.put('backups/new.db', await makeFile('tonight'));
  const before = standIn.requests.length;
  expect(await store.list('backups/')).toEqual([]);
  expect(standIn.requests.length - before).toBeLessThan(12);
  expect(store.traffic()?.waitedMs).toBeGreaterThan(20_000);
  expect(await store.stat('backups/new.db')).toBeUndefined();
});

test('what somebody else put in its place is seen at once', async () => {
  const standIn = await startStandIn();
  const store = openOn(standIn);
  await store.put('a.db', await makeFile('ours'));
  standIn.files.write('/a.db', 'of somebody else');
  expect(await store.list('')).toMatchObject([{ name: 'a.db', sizeBytes: 16 }]);
  expect(await store.stat('a.db')).toMatchObject({ sizeBytes: 16 });
  expect(store.traffic()?.waitedMs).toBe(0);
});
