// What was just stored in Dropbox is read back before anything old is touched: where somebody has changed it by then, or
// Dropbox does not say what is there, the night is no good one, and nothing is gone.
import { expect, test } from 'vitest';
import type { FaultAction } from '../../../stand-ins/dropbox/faults.ts';
import { DropboxWorld } from '../../../support/dropbox-world.ts';

/** What happens between the manifest and the list that follows it. */
const changes: [what: string, change: (world: DropboxWorld, backup: string) => void, says: RegExp][] = [
  [
    'as many other bytes are there',
    ({ standIn }, backup) =>
      void standIn.files.write(backup, Buffer.alloc(standIn.files.bytes(backup).length, 'x')),
    /is listed as damaged: its bytes were altered/,
  ],
  [
    'fewer bytes are there',
    ({ standIn }, backup) => void standIn.files.write(backup, 'cut'),
    /is listed as damaged: it has 3 bytes/,
  ],
  ['the data is gone', ({ standIn }, backup) => standIn.files.remove(backup), /is listed as lost/],
  [
    'the manifest is gone',
    ({ standIn }, backup) => standIn.files.remove(manifestOf(backup)),
    /is listed as unfinished/,
  ],
  [
    'the manifest is another',
    ({ standIn }, backup) => void standIn.files.write(manifestOf(backup), '{}'),
    /is listed as damaged/,
  ],
  [
    'all of it is gone',
    ({ standIn }, backup) => [backup, manifestOf(backup)].forEach((path) => standIn.files.remove(path)),
    /is listed as nothing at all/,
  ],
];

test.each(changes)('%s: the night ends badly, and nothing older is gone', async (_, change, says) => {
  await using world = await DropboxWorld.afterTwoNights();
  const before = world.remote();
  const asked = world.standIn.requests.length;
  atSecondList(world, {
    kind: 'run',
    when: 'arrival',
    run: () =>
      change(world, Object.keys(world.remote()).findLast((path) => /\/backups\/.*\.db$/.test(path)) ?? ''),
  });
  const { exitCode, stderr } = await world.run('db-backup', ['run']);
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 65, stderr: expect.stringMatching(says) as string });
  expect(world.calls('files/delete_v2', asked)).toBe(0);
  requireKept(world, before);
});

test('a list that does not come is what is told, and nothing older is gone', async () => {
  await using world = await DropboxWorld.afterTwoNights();
  const before = world.remote();
  const asked = world.standIn.requests.length;
  atSecondList(world, { kind: 'reply', status: 500, body: '' }, Infinity);
  expect(await world.run('db-backup', ['run'])).toMatchObject({ exitCode: 69 });
  expect(world.calls('files/delete_v2', asked)).toBe(0);
  requireKept(world, before);
  world.standIn.clearFaults();
  expect(await world.run('db-backup', ['run'])).toMatchObject({ exitCode: 0 });
  expect(world.calls('files/delete_v2', asked)).toBeGreaterThan(0);
});

test('a list that is older than what was just stored is looked at again, and the night is a good one', async () => {
  await using world = await DropboxWorld.afterTwoNights();
  atSecondList(world, { kind: 'staleRead', changes: 3 });
  expect(await world.run('db-backup', ['run'])).toMatchObject({ exitCode: 0 });
});

const manifestOf = (backup: string) => backup.replace(/\.db$/, '.json');

function atSecondList({ standIn }: DropboxWorld, action: FaultAction, times = 1): void {
  standIn.fault({ route: 'files/list_folder', nth: 2, times, action });
}

/** Every backup that was there, with its bytes; the latest copy may be that of the night. */
function requireKept(world: DropboxWorld, before: Record<string, string>): void {
  const backups = Object.entries(before).filter(([path]) => path.startsWith('/backups/'));
  expect(backups).toHaveLength(4);
  expect(world.remote()).toMatchObject(Object.fromEntries(backups));
}
