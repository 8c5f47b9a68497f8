// The nightly run: what stands afterwards, and what is never touched (P1-P4).
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { TypedWorld } from '../../support/typed-world.ts';
import { makeBookings, readBookings, type World } from '../../support/world.ts';

const backupPattern = /^backups\/bookings\/bookings-\d{8}T\d{6}Z\.db$/;

describe('a nightly run', () => {
  test('leaves a proven backup, its manifest and a latest copy, and the source as it was', async () => {
    await using world = new TypedWorld();
    world.configure();
    makeBookings(world.database);
    const before = world.fingerprint(join(world.home, 'app'));

    const { exitCode, stdout } = await world.run('db-backup', []);

    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/bookings: backed up as backups\/bookings\/.*: 2 tables, 400 rows, integrity ok/);
    const [backup = '', manifest, latest] = world.stored();
    expect(backup).toMatch(backupPattern);
    expect(manifest).toBe(backup.replace(/db$/, 'json'));
    expect(latest).toBe('latest/bookings.db');
    expect(readFileSync(join(world.store, backup))).toEqual(
      readFileSync(join(world.store, 'latest/bookings.db')),
    );
    expect(readBookings(join(world.store, backup))).toEqual(readBookings(world.database));
    expect(world.fingerprint(join(world.home, 'app'))).toEqual(before);
    const ops = new Database(join(world.state, 'ops.db'), { readonly: true });
    const { size } = statSync(join(world.store, backup));
    expect(
      ops.prepare('SELECT name, format, size_bytes, stored_bytes, level, base FROM backups').all(),
    ).toEqual([
      { name: backup, format: 'plain', size_bytes: size, stored_bytes: size, level: null, base: null },
    ]);
    ops.close();
  });

  test('writes a manifest that tells everything, and nothing secret', async () => {
    await using world = new TypedWorld();
    world.configure();
    makeBookings(world.database);
    await world.run('db-backup', ['backup'], { environment: { DROPBOX_REFRESH_TOKEN: 'secret-token-123' } });
    const name = world.stored().find((file) => file.endsWith('.json')) ?? '';
    const text = readFileSync(join(world.store, name), 'utf8');
    expect(JSON.parse(text)).toMatchObject({
      format: 'holdfast-manifest',
      version: 2,
      app: 'bookings',
      engine: 'sqlite',
      source: world.database,
      integrity: { check: 'full', result: 'ok' },
      tables: [
        { name: 'booking', rows: 200 },
        { name: 'payment', rows: 200 },
      ],
      suspect: [],
      sqlite: { journal_mode: 'wal', foreign_key_violations: 0 },
    });
    const sha256 = execFileSync('sha256sum', [join(world.store, name.replace(/json$/, 'db'))], {
      encoding: 'utf8',
    });
    expect(sha256).toContain((JSON.parse(text) as { sha256: string }).sha256);
    expect(text).not.toContain('secret-token-123');
  });

  test('does nothing in a dry run', async () => {
    await using world = new TypedWorld();
    world.configure();
    makeBookings(world.database);
    await world.run('db-backup', []);
    const before = world.fingerprint(world.store);
    const { exitCode, stdout } = await world.run('db-backup', ['run', '--dry-run']);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('would back up');
    expect(world.fingerprint(world.store)).toEqual(before);
  });

  test('removes what the policy no longer keeps, and nothing else', async () => {
    await using world = new TypedWorld();
    world.configure({ app: 'keep = { last = 2 }\nlatest = false', top: 'clock = "trusted"' });
    makeBookings(world.database);
    await world.run('db-backup', ['backup', 'before-upgrade']);
    for (const stamp of ['20260101T020000Z', '20260102T020000Z', '20260103T020000Z'])
      await plant(world, stamp);
    writeFileSync(join(world.store, 'backups/bookings/mine.db'), readFileSync(world.database));
    writeFileSync(join(world.store, 'backups/bookings/bookings-20250101T000000Z.db'), 'unfinished');

    const { exitCode, json } = await world.runJson('db-backup', ['run']);

    expect(exitCode).toBe(0);
    expect(json.result.apps[0].value.prune.removed).toEqual([
      'backups/bookings/bookings-20260102T020000Z.db',
      'backups/bookings/bookings-20260101T020000Z.db',
    ]);
    const names = world.stored().map((name) => name.replace('backups/bookings/', ''));
    expect(names.filter((name) => !/2026(?!01)/.test(name))).toEqual([
      'before-upgrade.db',
      'before-upgrade.json',
      'bookings-20250101T000000Z.db',
      'bookings-20260103T020000Z.db',
      'bookings-20260103T020000Z.json',
      'mine.db',
    ]);
  });

  test('keeps a backup of an emptied database, but lets it replace and remove nothing', async () => {
    await using world = new TypedWorld();
    world.configure({ app: 'keep = { last = 1 }', top: 'clock = "trusted"' });
    makeBookings(world.database);
    await plant(world, '20260101T020000Z');
    await world.run('db-backup', ['upload']);
    const latest = readFileSync(join(world.store, 'latest/bookings.db'));
    empty(world.database);

    for (let night = 1; night <= 2; night += 1) {
      const { exitCode, stdout, json } = await world.runJson('db-backup', ['run']);
      expect(exitCode, stdout).toBe(1);
      expect(json.result.apps[0].value.suspect.length).toBeGreaterThan(0);
      expect(readFileSync(join(world.store, 'latest/bookings.db'))).toEqual(latest);
      expect(world.stored()).toContain('backups/bookings/bookings-20260101T020000Z.db');
    }
    expect((await world.run('db-backup', ['upload'])).exitCode).toBe(73);
    expect((await world.run('db-backup', ['prune'])).exitCode).toBe(1);
    expect(readFileSync(join(world.store, 'latest/bookings.db'))).toEqual(latest);

    const accepted = await world.run('db-backup', ['run', '--accept-shrink']);
    expect(accepted.exitCode).toBe(0);
    expect(readFileSync(join(world.store, 'latest/bookings.db'))).not.toEqual(latest);
    expect(world.stored()).not.toContain('backups/bookings/bookings-20260101T020000Z.db');
  });

  test('goes on with the other apps when one fails, and says so at the end', async () => {
    await using world = new TypedWorld();
    const other = join(world.home, 'app', 'other.db');
    world.configure({
      apps: `[apps.broken]\ndatabase = "/nowhere/x.db"\n[apps.other]\ndatabase = "${other}"`,
    });
    makeBookings(world.database);
    makeBookings(other, { rows: 10 });
    const { exitCode, json } = await world.runJson('db-backup', ['run']);
    expect(exitCode).toBe(1);
    expect(json.result.apps.map(({ app, ok }: { app: string; ok: boolean }) => [app, ok])).toEqual([
      ['bookings', true],
      ['broken', false],
      ['other', true],
    ]);
    expect(json.result.apps[1].error.kind).toBe('missing');
  });

  test.each(['20990101T020000Z', '20361128T020000Z'])(
    'dated %s by a clock that was ahead is kept, chosen by its name only, and stops nothing',
    async (ahead) => {
      await using world = new TypedWorld();
      world.configure({ app: 'keep = { last = 2 }', top: 'clock = "trusted"' });
      makeBookings(world.database);
      for (const stamp of ['20260101T020000Z', '20260102T020000Z', ahead]) await plant(world, stamp);
      const future = `backups/bookings/bookings-${ahead}.db`;

      const { exitCode, stdout, json } = await world.runJson('db-backup', ['run']);
      expect({ exitCode, stdout }).toMatchObject({ exitCode: 1 });
      const { backup, prune } = json.result.apps[0].value;
      expect(prune).toMatchObject({
        future: [future],
        removed: ['backups/bookings/bookings-20260101T020000Z.db'],
      });
      expect(world.stored()).toContain(future);
      expect((await world.run('db-backup', ['prune'])).stdout).toContain(`IN THE FUTURE: ${future}`);

      const { newest_proven: newestProven, counts } = (await world.runJson('db-backup', ['info'])).json.result
        .apps[0].value;
      expect([newestProven.name, counts.future]).toEqual([backup, 1]);
      const latest = ['run', 'latest', '--to', join(world.home, 'latest.db')];
      expect((await world.runJson('restore', latest)).json.result).toMatchObject({
        backup,
        passed_over: [{ backup: future }],
      });
      for (let drill = 0; drill < 4; drill += 1)
        expect((await world.run('restore', ['drill'])).stdout).not.toContain(future);
      const named = ['run', future, '--to', join(world.home, 'named.db')];
      expect(await world.run('restore', named)).toMatchObject({ exitCode: 0 });
    },
  );

  test('by a clock that is behind removes nothing, is compared with what is there, and says so', async () => {
    await using world = new TypedWorld();
    world.configure({ app: 'keep = { last = 1 }', top: 'clock = "trusted"' });
    makeBookings(world.database);
    for (const stamp of ['20990101T020000Z', '20990102T020000Z']) await plant(world, stamp);
    empty(world.database);
    const { exitCode, stdout, json } = await world.runJson('db-backup', ['run']);
    expect({ exitCode, stdout }).toMatchObject({ exitCode: 1 });
    expect(json.result.apps[0].value.suspect).not.toEqual([]);
    expect(world.stored().filter((name) => /2099.*db$/.test(name)).length).toBe(2);
    expect((await world.run('restore', ['run', 'latest', '--yes'])).exitCode).toBe(66);
  });

  test('finishes the removal that a killed run had begun, and reports data that somebody else removed', async () => {
    await using world = new TypedWorld();
    world.configure({ app: 'keep = { last = 2 }\nlatest = false', top: 'clock = "trusted"' });
    makeBookings(world.database);
    for (const stamp of ['20260101T020000Z', '20260102T020000Z', '20260103T020000Z'])
      await plant(world, stamp);
    rmSync(join(world.store, 'backups/bookings/bookings-20260101T020000Z.db'));
    expect((await world.run('db-backup', ['run'])).exitCode).toBe(0);
    expect(world.stored()).not.toContain('backups/bookings/bookings-20260101T020000Z.json');

    rmSync(join(world.store, 'backups/bookings/bookings-20260103T020000Z.db'));
    const { exitCode, stdout } = await world.run('db-backup', ['prune']);
    expect(exitCode).toBe(1);
    expect(stdout).toContain('LOST: the data of backups/bookings/bookings-20260103T020000Z.db');
  });
});

describe('environment alone', () => {
  test('keeps the names of the scripts that came before', async () => {
    await using world = new TypedWorld();
    makeBookings(world.database);
    const environment = world.environmentAlone();
    const { exitCode } = await world.run('db-backup', [], { environment });
    expect(exitCode).toBe(0);
    expect(world.stored()).toEqual([
      expect.stringMatching(/^backups\/database_backup_\d{8}_\d{6}\.db$/),
      expect.stringMatching(/^backups\/database_backup_\d{8}_\d{6}\.json$/),
      'database.db',
    ]);
    for (const words of [
      ['test'],
      ['upload'],
      ['backup'],
      ['info'],
      ['list-backups'],
      ['list'],
      ['list', '/backups'],
    ]) {
      expect((await world.run('db-backup', words, { environment })).exitCode, words.join(' ')).toBe(0);
    }
  });
});

describe('every file of a backup', () => {
  test('is readable by owner and group only', async () => {
    await using world = new TypedWorld();
    world.configure();
    makeBookings(world.database);
    await world.run('db-backup', []);
    for (const name of world.stored()) expect(statSync(join(world.store, name)).mode & 0o007, name).toBe(0);
  });
});

/** A proven backup of another time: one is made, and renamed with its manifest. */
async function plant(world: World, stamp: string): Promise<void> {
  await world.run('db-backup', ['backup', 'planted']);
  const folder = join(world.store, 'backups/bookings');
  const manifest = JSON.parse(readFileSync(join(folder, 'planted.json'), 'utf8')) as Record<string, unknown>;
  const [, y, mo, d, h, mi, s] = /(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/.exec(stamp) ?? [];
  manifest['backup'] = `backups/bookings/bookings-${stamp}.db`;
  manifest['taken_at'] = `${y}-${mo}-${d}T${h}:${mi}:${s}.000Z`;
  writeFileSync(join(folder, `bookings-${stamp}.db`), readFileSync(join(folder, 'planted.db')));
  writeFileSync(join(folder, `bookings-${stamp}.json`), JSON.stringify(manifest));
  rmSync(join(folder, 'planted.db'));
  rmSync(join(folder, 'planted.json'));
}

function empty(path: string): void {
  const database = new Database(path);
  database.exec('DELETE FROM payment; DELETE FROM booking');
  database.close();
}
