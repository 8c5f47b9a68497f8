// Faults on the way back: a restore puts the right bytes in place, or leaves the database as it is.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { FaultAction } from '../../stand-ins/dropbox/faults.ts';
import type { DropboxWorld } from '../../support/dropbox-world.ts';
import { grownWorld, worldsLike } from '../../support/dropbox-world-grown.ts';
import { addBallast, rowsDigest } from '../../support/dropbox-world-rows.ts';
import { expectCleanEnd } from '../../support/dropbox-world-checks.ts';

const download = 'files/download';
const megabyte = 1_000_000;

const largeBackup = worldsLike(async () => {
  const world = await grownWorld();
  const { exitCode, stderr } = await world.run('db-backup', ['run']);
  if (exitCode !== 0) throw new Error(`the large backup failed: ${stderr}`);
  return world;
});

/** A world with a large backup, whose database changed since. */
async function restorableWorld(store = ''): Promise<{ world: DropboxWorld; backedUp: string }> {
  const world = await largeBackup();
  world.configureDropbox({ store });
  const backedUp = rowsDigest(world.database);
  addBallast(world.database, 1, 'later');
  return { world, backedUp };
}

/** Faults on the download of the backup itself, not of manifests. */
function onTheBackup({ standIn }: DropboxWorld, action: FaultAction, nth = 1, times = 1): void {
  const large = new Set(
    standIn.files
      .list()
      .filter(({ size }) => size > megabyte)
      .map(({ rev }) => `rev:${rev}`),
  );
  const matches = ({ argument }: { argument: unknown }) => large.has((argument as { path: string }).path);
  standIn.fault({ route: download, nth, times, matches, action });
}

async function expectRestored(world: DropboxWorld, backedUp: string): Promise<void> {
  const before = world.remote();
  const ended = await world.run('restore', ['run', 'latest', '--yes']);
  expect(ended.stderr).not.toContain('error: ');
  expect(ended.exitCode).toBe(0);
  expect(rowsDigest(world.database)).toBe(backedUp);
  expect(world.remote()).toEqual(before);
  expectCleanEnd(world, ended);
}

async function expectNotRestored(world: DropboxWorld, exitCode: number, says: RegExp, hint: RegExp) {
  const database = readFileSync(world.database);
  const before = world.remote();
  const ended = await world.run('restore', ['run', 'latest', '--yes']);
  expect(ended).toMatchObject({ exitCode, stdout: '' });
  expect(ended.stderr).toMatch(says);
  expect(ended.stderr).toMatch(hint);
  expect(readFileSync(world.database).equals(database)).toBe(true);
  expect(world.remote()).toEqual(before);
  expectCleanEnd(world, ended);
}

describe('case 19: truncated download', () => {
  for (const complete of [false, true]) {
    test(`with a connection that ends ${complete ? 'well' : 'badly'}: noticed by its size, and taken up again`, async () => {
      const { world, backedUp } = await restorableWorld();
      await using held = world;
      onTheBackup(held, { kind: 'truncateResponse', bytes: 5_000_001, complete });
      await expectRestored(held, backedUp);
      const ranges = held.standIn.requests.map(({ range }) => range).filter((range) => range !== undefined);
      expect(ranges).toHaveLength(1);
    });
  }

  test('always after a little: goes on as long as there is progress', async () => {
    const { world, backedUp } = await restorableWorld('retries = 1');
    await using held = world;
    onTheBackup(held, { kind: 'truncateResponse', bytes: 2_500_000 }, 1, 5);
    await expectRestored(held, backedUp);
  });

  test('without any progress: given up, and the database stays', async () => {
    const { world } = await restorableWorld('retries = 1');
    await using held = world;
    onTheBackup(held, { kind: 'truncateResponse', bytes: 0 }, 1, Infinity);
    await expectNotRestored(held, 69, /cannot get "backups\/bookings\//, /hint: check the network/);
  });
});

describe('case 20: a download with other bytes', () => {
  test('one byte is wrong at full length: fetched again', async () => {
    const { world, backedUp } = await restorableWorld();
    await using held = world;
    onTheBackup(held, { kind: 'corruptByte', at: 7_000_000 });
    await expectRestored(held, backedUp);
  });

  test('one byte is wrong every time: given up, and the database stays', async () => {
    const { world } = await restorableWorld();
    await using held = world;
    onTheBackup(held, { kind: 'corruptByte', at: 7_000_000 }, 1, Infinity);
    await expectNotRestored(held, 65, /what arrives is not what Dropbox says it is/, /hint: .*network/);
  });

  test('the range is ignored: begun anew', async () => {
    const { world, backedUp } = await restorableWorld();
    await using held = world;
    onTheBackup(held, { kind: 'truncateResponse', bytes: 5_000_001 });
    onTheBackup(held, { kind: 'ignoreRange' }, 2);
    await expectRestored(held, backedUp);
  });

  test('without the header that says what it is: the hash decides', async () => {
    const { world, backedUp } = await restorableWorld();
    await using held = world;
    onTheBackup(held, { kind: 'missingResultHeader' });
    onTheBackup(held, { kind: 'corruptByte', at: 100 });
    await expectRestored(held, backedUp);
  });

  test('of another file, as its header says: fetched again', async () => {
    const { world, backedUp } = await restorableWorld();
    await using held = world;
    onTheBackup(held, { kind: 'wrongMetadata', change: 'rev' });
    await expectRestored(held, backedUp);
  });

  test("a captive portal's page: fetched again", async () => {
    const { world, backedUp } = await restorableWorld();
    await using held = world;
    onTheBackup(held, { kind: 'html200' });
    await expectRestored(held, backedUp);
  });

  test('the file is replaced between two ranges: pinned to its revision, the old bytes come whole', async () => {
    const { world, backedUp } = await restorableWorld();
    await using held = world;
    onTheBackup(held, { kind: 'truncateResponse', bytes: 5_000_001 });
    onTheBackup(held, { kind: 'changeFileBetweenRanges' }, 2);
    const ended = await held.run('restore', ['run', 'latest', '--yes']);
    expect(ended.exitCode).toBe(0);
    expect(rowsDigest(held.database)).toBe(backedUp);
    expectCleanEnd(held, ended);
  });

  test('the file was replaced before the restore: it is not what its manifest says, and is passed over without being fetched', async () => {
    const { world } = await restorableWorld();
    await using held = world;
    const large = held.standIn.files
      .list()
      .filter(({ path, size }) => path.startsWith('/backups/') && size > megabyte);
    for (const { path, size } of large) held.standIn.files.write(path, Buffer.alloc(size, 7));
    const ended = await held.run('restore', ['run', 'latest', '--yes']);
    expect(ended.exitCode).toBe(1);
    const passedOver = /PASSED OVER backups.* content hash/;
    expect(ended.stdout).toMatch(passedOver);
    expect(ended.stdout).toContain('restored backups/');
  });
});
