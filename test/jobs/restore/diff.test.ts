// What a person is told of what a restore would change, row by row.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { beforeAll, describe, expect, test } from 'vitest';
import { makeIdentity } from '../../../lib/seal/age.ts';
import { backedUpWorld, contents, expectRefusal } from '../../support/bad-input.ts';
import { TypedWorld } from '../../support/typed-world.ts';
import { type Json, makeBookings } from '../../support/world.ts';

/** Types it with `--json`. Whatever comes of it, nothing is changed or left. */
async function diff(world: TypedWorld, ...args: string[]): Promise<Json> {
  const before = contents(world);
  const { exitCode, json, stderr } = await world.runJson('restore', ['diff', ...args]);
  expect(contents(world)).toEqual(before);
  expect(readdirSync(join(world.state, 'scratch'))).toEqual([]);
  return { exitCode, stderr, json, result: json.result };
}

function change(world: TypedWorld, sql: string): void {
  const database = new Database(world.database);
  database.exec(sql);
  database.close();
}

const aDay = `INSERT INTO booking (guest) VALUES ('new'), ('newer'); DELETE FROM payment WHERE booking_id < 11;
  UPDATE payment SET amount = 1000 WHERE booking_id IN (20, 30);
  CREATE TABLE note (text); INSERT INTO note VALUES ('x'); DROP INDEX booking_guest`;

describe.each(['wal', 'delete'] as const)('of a database of now in mode %s', (journalMode) => {
  test('each table is told with the keys that differ', async () => {
    await using world = await backedUpWorld({ journalMode });
    change(world, aDay);
    const { exitCode, result } = await diff(world, 'latest', '--keys', '3');
    expect(exitCode).toBe(0);
    expect(result).toMatchObject({
      current: 'readable',
      compared: 'rows',
      added: 3,
      removed: 10,
      changed: 2,
    });
    expect(result.tables).toEqual([
      expect.objectContaining({
        ...{ name: 'booking', state: 'differs', backup: 200, now: 202, added: 2, by: 'key', key: ['id'] },
        keys: { added: ['201', '202'], removed: [], changed: [] },
      }),
      { name: 'note', state: 'appeared', now: 1, added: 1, removed: 0, changed: 0, is_shadow: false },
      expect.objectContaining({
        ...{ name: 'payment', state: 'differs', removed: 10, changed: 2 },
        keys: { added: [], removed: ['1', '2', '3'], changed: ['20', '30'] },
      }),
    ]);
    expect(result.schema).toEqual([
      { type: 'index', name: 'booking_guest', table: 'booking', state: 'vanished' },
      { type: 'table', name: 'note', state: 'appeared' },
    ]);
  });
});

test('in words, and nothing of what is the same but how much that is', async () => {
  await using world = await backedUpWorld();
  change(world, `${aDay}; DROP TABLE note`);
  const { stdout, exitCode } = await world.run('restore', ['diff', 'latest', '--keys', '2']);
  expect(exitCode).toBe(0);
  for (const words of [
    /^bookings: backup +backups\/.* \(proven\), of .* ago$/m,
    /^bookings: differs +2 rows added since the backup, which a restore takes away; 10 rows removed since, which come back; 2 rows changed since, which are as they were again; 1 difference in the schema$/m,
    /^ +table +backup +now +added +removed +changed$/m,
    /^ +booking +200 +202 +2 +0 +0$/m,
    /^ +payment +200 +190 +0 +10 +2$/m,
    /^ +removed: booking_id 1, 2 and 8 more$/m,
    /^ +changed: booking_id 20, 30$/m,
    /^ +schema: index booking_guest on booking: only in the backup$/m,
  ])
    expect(stdout).toMatch(words);
  const only = await world.run('restore', ['diff', 'latest', '--table', 'PAYMENT']);
  expect(only.stdout).toContain('payment');
  expect(only.stdout).not.toContain('booking ');
  const plan = await world.run('restore', ['plan', 'latest']);
  expect(plan.stdout).toMatch(/which rows differ: restore diff backups\/.* --app bookings$/m);
});

test('where nothing differs, that is said', async () => {
  await using world = await backedUpWorld();
  const { stdout } = await world.run('restore', ['diff', 'latest']);
  expect(stdout).toMatch(/differs +nothing: every row and the schema are the same/);
  expect((await diff(world, 'latest', '--exit-code')).exitCode).toBe(0);
  change(world, "UPDATE booking SET guest = 'x' WHERE id = 1");
  const asked = await diff(world, 'latest', '--exit-code');
  expect(asked.exitCode).toBe(1);
  expect(asked.json.findings).toMatchObject([
    { severity: 'warning', message: expect.stringContaining('1 row changed since') },
  ]);
});

test('a database that is being written is compared as it was committed, and nobody waits', async () => {
  await using world = await backedUpWorld({ journalMode: 'wal' });
  const app = new Database(world.database);
  app.exec("BEGIN IMMEDIATE; INSERT INTO booking (guest) VALUES ('not yet')");
  const during = await world.runJson('restore', ['diff', 'latest']);
  expect(during).toMatchObject({ exitCode: 0, json: { result: { added: 0, removed: 0, changed: 0 } } });
  app.exec('COMMIT');
  expect(app.pragma('wal_checkpoint(TRUNCATE)')).toMatchObject([{ busy: 0 }]);
  app.close();
  expect((await diff(world, 'latest')).result).toMatchObject({ added: 1, removed: 0, changed: 0 });
});

const gone: [what: string, current: string, make: (path: string) => void][] = [
  ['is no database', 'damaged', (path) => writeFileSync(path, 'precious\n'.repeat(1000))],
  ['is cut', 'damaged', (path) => writeFileSync(path, readFileSync(path).subarray(0, 3 * 4096 + 7))],
  ['is empty', 'none', (path) => writeFileSync(path, '')],
  ['is gone', 'none', (path) => rmSync(path)],
];
test.each(gone)(
  'where the database of now %s, a restore brings everything back',
  async (_, current, make) => {
    await using world = await backedUpWorld();
    make(world.database);
    const { exitCode, result } = await diff(world, 'latest');
    expect({ exitCode, current: result.current, removed: result.removed }).toEqual({
      exitCode: 0,
      current,
      removed: 400,
    });
    expect(result.problems).toHaveLength(1);
    const { stdout } = await world.run('restore', ['diff', 'latest']);
    expect(stdout).toContain('a restore would bring everything back: 400 rows in 2 tables');
    expect(stdout).toMatch(current === 'damaged' ? /now +DAMAGED: / : /: no database is there/);
  },
);

test('a table that is damaged now is said to be not compared, and the others are', async () => {
  await using world = await backedUpWorld({ rows: 2000 });
  const root = new Database(world.database, { readonly: true });
  const page = Number(
    root.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'payment'").pluck().get(),
  );
  root.close();
  const bytes = readFileSync(world.database);
  writeFileSync(world.database, bytes.fill(0xa5, (page - 1) * 4096, page * 4096));
  const { exitCode, result, json } = await diff(world, 'latest');
  expect(exitCode).toBe(1);
  expect(result.tables).toMatchObject([
    { name: 'booking', state: 'same' },
    { name: 'payment', state: 'unknown', problem: expect.stringContaining('malformed') },
  ]);
  expect(json.findings).toMatchObject([{ message: expect.stringContaining('payment were not compared') }]);
});

test('a backup that is bad is passed over, as a restore would', async () => {
  await using world = await backedUpWorld();
  makeBookings(world.database, { rows: 5, journalMode: 'delete' });
  await world.run('db-backup', ['backup', 'newer']);
  const newer = world.stored().find((name) => name.endsWith('newer.db')) ?? '';
  const bytes = readFileSync(join(world.store, newer));
  rmSync(join(world.store, newer)); // the latest copy may share it
  writeFileSync(join(world.store, newer), bytes.fill(0, 4096, 4100));
  const { exitCode, result } = await diff(world, 'latest');
  expect(exitCode).toBe(1);
  expect(result.passed_over).toHaveLength(1);
  expect(result.added).toBe(10);
});

test.each([
  ['in pages', 'format = "pages"'],
  ['that is sealed', undefined],
])('a backup %s is compared as well', async (_, app) => {
  await using world = new TypedWorld();
  const { identity, recipient } = await makeIdentity();
  const file = join(world.home, 'own.key');
  writeFileSync(file, `${identity}\n`);
  makeBookings(world.database, { journalMode: 'delete' });
  world.configure({
    app: app ?? '',
    top: app === undefined ? `[encryption]\nrecipients = ["${recipient}"]` : '',
  });
  expect((await world.run('db-backup', ['run'])).exitCode).toBe(0);
  change(world, 'DELETE FROM payment WHERE booking_id = 7');
  const options = app === undefined ? ['--identity', file] : [];
  expect((await diff(world, 'latest', ...options)).result).toMatchObject({
    added: 0,
    removed: 1,
    changed: 0,
  });
  if (app === undefined) expect((await diff(world, 'latest')).exitCode).toBe(77);
});

describe('what cannot be compared', () => {
  let world: TypedWorld;
  beforeAll(async () => {
    world = await backedUpWorld();
    return () => world[Symbol.asyncDispose]();
  });
  const cases: [args: string[], kind: 'usage' | 'missing', says: RegExp][] = [
    [[], 'usage', /cannot tell which backup is meant/],
    [['latest', '--keys', 'many'], 'usage', /--keys takes a number from 0 to 10000/],
    [['latest', '--keys', '10001'], 'usage', /--keys takes a number/],
    [
      ['latest', '--table', 'bookin'],
      'usage',
      /cannot find the table "bookin": neither the backup nor the live database/,
    ],
    [['nothing'], 'missing', /nothing/],
    [['--at', '2001-01-01'], 'missing', /./],
  ];
  test.each(cases)('%j is refused', async (args, kind, says) => {
    await expectRefusal(world, 'restore', ['diff', ...args], { kind, says: [says] });
  });
});
