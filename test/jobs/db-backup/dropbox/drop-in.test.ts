// With nothing but the environment that an earlier Python script used: the same names, the newest seven, and no upload
// without a change.
import {
  appendFileSync,
  copyFileSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { DropboxWorld } from '../../../support/dropbox-world.ts';
import { rowsDigest } from '../../../support/dropbox-world-rows.ts';
import { expectCleanEnd, requireBytes } from '../../../support/dropbox-world-checks.ts';
import { onlyObject, onlyValue } from '../../../support/printed.ts';
import { type Ended, makeBookings } from '../../../support/world.ts';

const backupPattern = /^\/backups\/database_backup_\d{8}_\d{6}\.db$/;

async function dropInWorld(): Promise<DropboxWorld> {
  const world = await DropboxWorld.start();
  makeBookings(world.database, { journalMode: 'delete' });
  world.environment = { ...world.environment, ...world.environmentAlone({ HOLDFAST_STORE: '' }) };
  return world;
}

async function succeed(world: DropboxWorld, args: readonly string[]): Promise<Ended> {
  const ended = await world.run('db-backup', args);
  expect(ended.stderr).not.toContain('error: ');
  expect(ended).toMatchObject({ exitCode: 0 });
  expectCleanEnd(world, ended);
  return ended;
}

function change(world: DropboxWorld, what: string): void {
  const database = new Database(world.database);
  database.prepare('INSERT INTO booking (guest) VALUES (?)').run(what);
  database.close();
}

function backups(world: DropboxWorld): string[] {
  return Object.keys(world.remote()).filter((path) => backupPattern.test(path));
}

describe('the environment alone', () => {
  test('leaves /database.db, a dated backup and its manifest', async () => {
    await using world = await dropInWorld();
    await succeed(world, ['run']);
    const [backup = ''] = backups(world);
    expect(Object.keys(world.remote())).toEqual([backup, backup.replace(/db$/, 'json'), '/database.db']);
    requireBytes(world, '/database.db');
    requireBytes(world, backup);
    const manifest = JSON.parse(world.standIn.files.bytes(backup.replace(/db$/, 'json')).toString()) as {
      backup: string;
    };
    expect(`/${manifest.backup}`).toBe(backup);
  });

  test('lists the backups once for a restore, though it has to look whose they are', async () => {
    await using world = await dropInWorld();
    await succeed(world, ['run']);
    for (const line of [
      'list',
      'plan latest',
      'drill',
      'run latest --yes',
      `download latest ${world.home}/copy.db`,
    ]) {
      const asked = world.standIn.requests.length;
      expect(await world.run('restore', line.split(' '))).toMatchObject({ exitCode: 0 });
      expect({ line, listings: world.calls('files/list_folder', asked) }).toEqual({ line, listings: 1 });
    }
  });

  test('names the latest copy as DROPBOX_DB_PATH says', async () => {
    await using world = await dropInWorld();
    world.environment = { ...world.environment, DROPBOX_DB_PATH: '/App/live.db' };
    await succeed(world, ['run']);
    requireBytes(world, '/App/live.db');
    expect(world.standIn.files.has('/database.db')).toBe(false);
  });

  test('keeps the newest seven', async () => {
    await using world = await dropInWorld();
    const made: string[] = [];
    for (let night = 1; night <= 9; night += 1) {
      change(world, `night ${night}`);
      const ended = await succeed(world, ['run', '--json']);
      made.push(`/${onlyValue(onlyObject(ended).result).backup}`);
    }
    expect(backups(world)).toEqual(made.slice(-7));
    const manifests = Object.keys(world.remote()).filter((path) => path.endsWith('.json'));
    expect(manifests).toEqual(made.slice(-7).map((path) => path.replace(/db$/, 'json')));
  });

  test('an unchanged database: nothing is uploaded, no backup is added, and few bytes travel beside 20 backups', async () => {
    await using world = await dropInWorld();
    const { standIn } = world;
    await succeed(world, ['run']);
    const [backup = ''] = backups(world);
    const text = standIn.files.bytes(backup.replace(/db$/, 'json')).toString();
    for (let i = 1; i < 20; i += 1) {
      const name = `backups/kept-${String(i).padStart(2, '0')}`;
      standIn.files.write(`/${name}.db`, standIn.files.bytes(backup));
      standIn.files.write(`/${name}.json`, text.replaceAll(backup.slice(1), `${name}.db`));
    }
    for (const cache of ['cold', 'warm']) {
      const [before, received, sent, last] = [
        world.remote(),
        standIn.bytesReceived,
        standIn.bytesSent,
        standIn.requests.length,
      ];
      const ended = await succeed(world, ['run', '--json']);
      expect(onlyValue(onlyObject(ended).result)).toMatchObject({ unchanged: true, backup: backup.slice(1) });
      expect(world.remote()).toEqual(before);
      expect(standIn.bytesReceived - received).toBeLessThan(20_000);
      for (const route of ['files/upload', 'files/upload_session/start', 'files/copy_v2', 'files/delete_v2'])
        expect(world.calls(route, last)).toBe(0);
      if (cache === 'warm') {
        expect(world.calls('files/download', last)).toBe(0);
        expect(standIn.requests.length - last).toBeLessThan(10);
        expect(standIn.bytesSent - sent).toBeLessThan(40_000);
      }
    }
  });

  test('what is the same already is neither sent nor fetched, and said', async () => {
    await using world = await dropInWorld();
    await succeed(world, ['upload']);
    expect((await succeed(world, ['upload'])).stdout).toMatch(/is the database already, to the byte/);
    expect(world.calls('files/upload')).toBe(2); // the copy, and the marker of a new store
    const copy = join(world.home, 'copy.db');
    for (const [args, downloads, says] of [
      [['download', copy], 1, /^downloaded database\.db/],
      [['download', copy], 1, /copy\.db is database\.db already, to the byte/],
      [['download', copy, '--dry-run'], 1, /already, to the byte/],
      [['download', world.home], 2, /^downloaded .*\/database\.db/],
      [['download', world.home], 2, /\/database\.db is database\.db already/],
    ] as const) {
      expect((await succeed(world, args)).stdout).toMatch(says);
      expect({ args, downloads: world.calls('files/download') }).toEqual({ args, downloads });
    }
    const other: [what: string, spoil: () => void][] = [
      ['another byte', () => appendFileSync(copy, 'x')],
      ['as many bytes', () => writeFileSync(copy, Buffer.alloc(statSync(world.database).size))],
      [
        'another content in its log',
        () => (copyFileSync(world.database, copy), writeFileSync(`${copy}-wal`, 'x')),
      ],
      [
        'a link to a file that is not there',
        () => (rmSync(copy), symlinkSync(join(world.home, 'gone'), copy)),
      ],
    ];
    for (const [what, spoil] of other) {
      spoil();
      const { exitCode, stdout } = await world.run('db-backup', ['download', copy]);
      expect({ what, exitCode, stdout }).toMatchObject({
        what,
        exitCode: 73,
        stdout: '',
      });
    }
    change(world, 'one more');
    expect(await world.run('db-backup', ['download'])).toMatchObject({ exitCode: 73 });
  });

  test('an unchanged database whose latest copy is gone: it is put back, without another backup', async () => {
    await using world = await dropInWorld();
    await succeed(world, ['run']);
    const before = world.remote();
    world.standIn.files.remove('/database.db');
    await succeed(world, ['run']);
    expect(world.remote()).toEqual(before);
  });

  test("what is not ours among the backups is never pruned, and the script's own backups are listed and restorable", async () => {
    await using world = await dropInWorld();
    const { standIn } = world;
    const script = '/backups/database_backup_20240101_030000.db';
    standIn.files.write('/backups/notes.txt', 'call the plumber');
    standIn.files.write(script, readFileSync(world.database));
    const old = rowsDigest(world.database);
    for (let night = 1; night <= 8; night += 1) {
      change(world, `night ${night}`);
      await succeed(world, ['run']);
    }
    expect(backups(world)).toHaveLength(8);
    expect(standIn.files.bytes('/backups/notes.txt').toString()).toBe('call the plumber');
    expect(standIn.files.has(script)).toBe(true);

    const listed = onlyValue(onlyObject(await succeed(world, ['list-backups', '--json'])).result).backups;
    expect(listed.filter(({ state }) => state === 'proven')).toHaveLength(7);
    expect(listed).toContainEqual(expect.objectContaining({ name: script.slice(1), state: 'foreign' }));
    const to = join(world.home, 'old.db');
    const restored = await world.run('restore', ['run', script.slice(1), '--to', to, '--yes']);
    expect(restored).toMatchObject({ exitCode: 0 });
    expect(rowsDigest(to)).toBe(old);
  });

  test('a file that somebody put where the latest copy goes is replaced only by a proven backup', async () => {
    await using world = await dropInWorld();
    await succeed(world, ['run']);
    const before = world.remote();
    writeFileSync(world.database, 'no database at all');
    const ended = await world.run('db-backup', ['run']);
    expect(ended.exitCode).toBe(65);
    expect(world.remote()).toEqual(before);
  });
});
