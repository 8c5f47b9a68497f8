// Files among the backups that Holdfast did not make: shown as unproven, restored by name, never removed. Among them the
// names that the earlier scripts gave, where the environment alone is the configuration.
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { errorExitCodes } from '../../lib/base/exit-code.ts';
import {
  backedUpWorld,
  contents,
  expectBadNews,
  expectNothingLeft,
  expectRefusal,
  type Runner,
} from '../support/bad-input.ts';
import { runsOf } from '../support/history-rows.ts';
import { onlyObject, onlyValue, runPrinted } from '../support/printed.ts';
import { TypedWorld } from '../support/typed-world.ts';
import { makeBookings, readBookings, type World } from '../support/world.ts';

describe('a plain database among the backups of an app', () => {
  test('is listed as foreign, called unproven, and restorable by name', async () => {
    await using world = await backedUpWorld();
    makeBookings(`${world.store}/backups/bookings/by-hand.db`, {
      journalMode: 'delete',
      label: 'hand',
      rows: 7,
    });
    const { result } = await runPrinted(world, 'db-backup', ['list-backups']);
    expect(onlyValue(result).backups.find(({ name }) => name.endsWith('by-hand.db'))).toMatchObject({
      state: 'foreign',
    });

    const verified = await world.run('db-backup', ['verify', 'by-hand']);
    expect(verified).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/sound, but unproven/) as unknown,
    });
    const restored = await world.run('restore', ['run', 'by-hand', '--yes']);
    expect(restored).toMatchObject({
      exitCode: 0,
      stderr: expect.stringMatching(/by-hand\.db is unproven/) as unknown,
    });
    expect(readBookings(world.database)).toHaveLength(7);
  });

  test('is never chosen as the latest, and never pruned', async () => {
    await using world = await backedUpWorld({ app: 'keep = { last = 1 }', top: 'clock = "trusted"' });
    makeBookings(`${world.store}/backups/bookings/by-hand.db`, {
      journalMode: 'delete',
      label: 'hand',
      rows: 7,
    });
    expect(await world.run('db-backup', ['prune'])).toMatchObject({ exitCode: 0 });
    expect(world.stored()).toContain('backups/bookings/by-hand.db');
    expect(await world.run('restore', ['run', 'latest', '--yes'])).toMatchObject({ exitCode: 0 });
    expect(readBookings(world.database)).toHaveLength(200);
  });

  test('that is no database is refused, and what is in place stays', async () => {
    await using world = await backedUpWorld();
    writeFileSync(`${world.store}/backups/bookings/notes.db`, 'shopping list\n');
    await expectRefusal(world, 'restore', ['run', 'notes', '--yes'], {
      kind: 'damaged',
      says: [/cannot restore backups\/bookings\/notes\.db/, /not a SQLite database/],
      hint: /restore list/,
    });
    await expectBadNews(world, 'db-backup', ['verify', 'notes']);
  });

  test('that is empty is refused, for an empty file is an empty database to SQLite', async () => {
    await using world = await backedUpWorld();
    writeFileSync(`${world.store}/backups/bookings/nothing.db`, '');
    await expectRefusal(world, 'restore', ['run', 'nothing', '--yes'], {
      kind: 'damaged',
      says: [/cannot restore backups\/bookings\/nothing\.db/],
      hint: /restore list/,
    });
  });
});

describe('with the environment alone', () => {
  const script = 'backups/database_backup_20250102_030405.db';

  /** A world as the earlier scripts left it. */
  function classicWorld(): World {
    const world = new TypedWorld();
    makeBookings(world.database, { journalMode: 'delete' });
    mkdirSync(join(world.store, 'backups'), { recursive: true });
    makeBookings(join(world.store, script), { journalMode: 'delete', label: 'script', rows: 5 });
    makeBookings(join(world.store, 'database.db'), { journalMode: 'delete', label: 'latest', rows: 6 });
    return world;
  }

  /** Runs commands without a configuration file. */
  function classicRunner(world: World, more: Record<string, string> = {}): Runner {
    const classic = world.environmentAlone(more);
    return (command, args, environment) =>
      world.run(command, args, { environment: { ...environment, ...classic } });
  }

  test('the files of the earlier script are listed as unproven', async () => {
    await using world = classicWorld();
    const run = classicRunner(world);
    const local = new Date(2025, 0, 2, 3, 4, 5); // as the script wrote it, in the time zone of the machine
    expect(onlyObject(await run('db-backup', ['list-backups', '--json'], {})).result.apps).toMatchObject([
      {
        app: 'bookings',
        value: { backups: [{ name: script, state: 'foreign', taken_at: local.toISOString() }] },
      },
    ]);
    // By the name that every other command has for it, though nothing in the store says whose they are.
    expect(onlyObject(await run('restore', ['list', '--json'], {})).result.apps).toMatchObject([
      { app: 'bookings', value: { backups: [{ name: script, state: 'foreign' }] } },
    ]);
    await expectRefusal(
      world,
      'restore',
      ['run', 'latest', '--yes'],
      {
        kind: 'missing',
        says: [/no proven one/, /1 foreign/, /database_backup_20250102_030405/],
        hint: /give its name/,
      },
      run,
    );
  });

  test.each([
    [script, 5],
    ['database_backup_20250102_030405.db', 5],
    ['20250102_030405', 5],
    ['/database.db', 6],
    ['database.db', 6],
  ])('%s is restorable by that name, and called unproven', async (name, rows) => {
    await using world = classicWorld();
    const run = classicRunner(world);
    const { exitCode, stdout, stderr } = await run('restore', ['run', name, '--yes'], {});
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/sound, but unproven/);
    expect(stderr).toMatch(/is unproven/);
    expect(readBookings(world.database)).toHaveLength(rows);
    expectNothingLeft(world);
  });

  const latest: [what: string, gone: string[], says: RegExp, rows: number][] = [
    [
      'their backup alone is no proven one: it is named, and not taken',
      [],
      /no proven one[^]*give its name, such as backups\/d/,
      200,
    ],
    [
      'where there is no backup at all the latest copy is taken, and called unproven',
      [script],
      /there is no backup; the latest copy database\.db is taken instead[^]*is unproven/,
      6,
    ],
    [
      'without that either, it says so',
      [script, 'database.db'],
      /cannot choose the latest backup: there is no backup at all/,
      200,
    ],
  ];
  test.each(latest)('db-backup restore-latest: %s', async (_, gone, says, rows) => {
    await using world = classicWorld();
    const run = classicRunner(world);
    expect(await run('db-backup', ['init'], {})).toMatchObject({ exitCode: 0 });
    for (const name of gone) rmSync(join(world.store, name));
    const { exitCode, stderr } = await run('db-backup', ['restore-latest', '--yes'], {});
    expect(stderr).toMatch(/restore: db-backup restore-latest is: restore run latest --or-copy\n/);
    expect(stderr).toMatch(says);
    expect(exitCode).toBe(rows === 6 ? 0 : errorExitCodes.missing.code);
    expect(readBookings(world.database)).toHaveLength(rows);
    expectNothingLeft(world);
  });

  test('db-backup restore-latest brings back the newest proven backup, as the restore that it is', async () => {
    await using world = classicWorld();
    const run = classicRunner(world);
    expect(await run('db-backup', ['init'], {})).toMatchObject({ exitCode: 0 });
    expect(await run('db-backup', ['run'], {})).toMatchObject({ exitCode: 0 });
    makeBookings(world.database, { journalMode: 'delete', label: 'later', rows: 3 });
    expect((await run('db-backup', ['restore-latest', '--dry-run'], {})).stdout).toMatch(
      /database_backup_\d+_\d+\.db/,
    );
    expect(readBookings(world.database)).toHaveLength(203);
    expect(await run('db-backup', ['restore-latest', '--yes'], {})).toMatchObject({ exitCode: 0 });
    expect(readBookings(world.database)).toHaveLength(200);
    expect(await run('restore', ['undo', '--yes'], {})).toMatchObject({ exitCode: 0 });
    expect(readBookings(world.database)).toHaveLength(203);
    expect(runsOf(world).slice(-2)).toMatchObject([
      { command: 'run', outcome: 'done' },
      { command: 'undo', outcome: 'done' },
    ]);
  });

  test('a download of what lies there already, from a store that says no hashes, does nothing', async () => {
    await using world = classicWorld();
    const run = classicRunner(world);
    expect(await run('db-backup', ['init'], {})).toMatchObject({ exitCode: 0 });
    const copy = join(world.home, 'copy.db');
    expect((await run('db-backup', ['download', copy], {})).stdout).toMatch(/^downloaded database\.db/);
    for (const more of [[], ['--dry-run']])
      expect(await run('db-backup', ['download', copy, ...more], {})).toMatchObject({
        exitCode: 0,
        stdout: `${copy} is database.db already, to the byte: nothing to do\n`,
      });
    const { size } = statSync(copy);
    writeFileSync(copy, Buffer.alloc(size));
    expect(await run('db-backup', ['download', copy], {})).toMatchObject({ exitCode: 73 });
    expectNothingLeft(world);
  });

  test('a night beside them keeps them all', async () => {
    await using world = classicWorld();
    const run = classicRunner(world);
    const before = contents(world);
    expect(await run('db-backup', ['init'], {})).toMatchObject({ exitCode: 0 });
    expect(await run('db-backup', ['run'], {})).toMatchObject({ exitCode: 0 });
    const after = contents(world);
    expect(after[`store/${script}`]).toBe(before[`store/${script}`]);
    expect(readBookings(join(world.store, 'database.db'))).toHaveLength(200);
  });

  const mistakes: [what: string, change: Record<string, string>, says: RegExp[], hint: RegExp][] = [
    [
      'no database',
      { DATABASE_PATH: '' },
      [/DATABASE_PATH is not set/, /no configuration file/],
      /DATABASE_PATH=\//,
    ],
    [
      'a latest copy among the backups',
      { DROPBOX_DB_PATH: '/backups/database.db' },
      [/DROPBOX_DB_PATH=backups\/database\.db/, /folder of the backups/],
      /outside \/backups/,
    ],
    [
      'a relative state directory',
      { HOLDFAST_STATE: 'state' },
      [/HOLDFAST_STATE=state/, /absolute path/],
      /HOLDFAST_STATE=\//,
    ],
    [
      'a relative directory for locks',
      { HOLDFAST_RUN: './run' },
      [/HOLDFAST_RUN=\.\/run/, /absolute path/],
      /HOLDFAST_RUN=\//,
    ],
  ];
  test.each(mistakes)('%s is a mistake of the configuration', async (_, change, says, hint) => {
    await using world = classicWorld();
    const run = classicRunner(world, change);
    await expectRefusal(world, 'db-backup', ['run'], { kind: 'config', says, hint }, run);
    expect(existsSync(world.state)).toBe(false);
  });
});
