// A database that a newer SQLite wrote: its copy is kept and restores, and it is said that nobody here can judge it.
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { TypedWorld } from '../../support/typed-world.ts';
import { type BookingsOptions, makeBookings } from '../../support/world.ts';

type Mode = NonNullable<BookingsOptions['journalMode']>;

const cases: [string, Mode, (path: string) => void, says: RegExp][] = [
  [
    'a table with an option',
    'wal',
    schema("sql = sql || ' FUTURE' WHERE name = 'payment'"),
    /unknown table option/,
  ],
  [
    'a table in other words',
    'delete',
    schema("sql = 'CREATE TABLE payment (a VECTOR<3>)' WHERE name = 'payment'"),
    /syntax error/,
  ],
  [
    'an index in other words',
    'wal',
    schema("sql = replace(sql, '(guest)', '(guest ->>> 3)') WHERE name = 'booking_guest'"),
    /syntax error/,
  ],
  [
    'a schema format of the future',
    'delete',
    (path) => overwrite(path, 44, [0, 0, 0, 9]),
    /unsupported file format/,
  ],
];

function schema(change: string) {
  return (path: string) => {
    const database = new Database(path);
    database.unsafeMode(true).pragma('writable_schema = ON');
    database.exec(`UPDATE sqlite_schema SET ${change}`);
    database.pragma('wal_checkpoint(TRUNCATE)');
    database.close();
  };
}

test.each(cases)('%s', async (_, mode, change, says) => {
  await using world = new TypedWorld();
  world.configure({ app: 'keep = { last = 1 }', top: 'clock = "trusted"' });
  makeBookings(world.database, { journalMode: mode });
  expect((await world.run('db-backup', [])).exitCode).toBe(0);
  const before = world.stored();
  const latest = readFileSync(join(world.store, 'latest/bookings.db'));
  change(world.database);

  const night = await world.runJson('db-backup', ['run']);
  expect(night.exitCode).toBe(1);
  const { value } = night.json.result.apps[0] as {
    value: { backup: string; suspect: string[]; tables: number };
  };
  expect(value.suspect).toEqual([expect.stringMatching(says)]);
  expect(value.suspect[0]).toMatch(/^integrity check: this SQLite makes no sense of the schema: /);
  expect(value.tables).toBe(says.source.startsWith('unsupported') ? 0 : 2);
  expect(world.stored()).toEqual(expect.arrayContaining(before));
  expect(readFileSync(join(world.store, 'latest/bookings.db'))).toEqual(latest);
  expect(content(join(world.store, value.backup))).toEqual(content(world.database));

  const target = join(world.home, 'restored.db');
  expect((await world.run('restore', ['run', value.backup, '--to', target, '--yes'])).exitCode).toBe(0);
  expect(content(target)).toEqual(content(world.database));
  expect((await world.run('restore', ['run', value.backup, '--yes'])).exitCode).toBe(0);
  expect(content(world.database)).toEqual(content(target));
  expect((await world.run('db-backup', ['verify', value.backup])).exitCode).toBe(0);

  expect((await world.run('db-backup', ['run', '--accept', '*'])).exitCode).toBe(0);
  expect((await world.run('db-backup', ['run'])).exitCode).toBe(0);
});

test('what is committed in the log of an app that has it open is in the copy', async () => {
  await using world = new TypedWorld();
  world.configure();
  makeBookings(world.database, { journalMode: 'wal' });
  const app = new Database(world.database);
  app.unsafeMode(true).pragma('writable_schema = ON');
  app.pragma('wal_autocheckpoint = 0');
  app.exec(
    "INSERT INTO booking (guest) VALUES ('the newest'); UPDATE sqlite_schema SET sql = sql || ' FUTURE' WHERE name = 'payment'",
  );
  const { json } = await world.runJson('db-backup', ['run']);
  const { value } = json.result.apps[0] as { value: { backup: string; rows: number } };
  expect(value.rows).toBe(401);
  expect(readFileSync(join(world.store, value.backup)).includes('the newest')).toBe(true);
  app.close();
});

test('a page that is damaged beside it is damage, and so is a page that is missing', async () => {
  await using world = new TypedWorld();
  world.configure();
  makeBookings(world.database, { journalMode: 'delete' });
  const root = new Database(world.database, { readonly: true });
  const page = Number(
    root.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'payment'").pluck().get(),
  );
  root.close();
  cases[1]?.[2](world.database);
  const whole = readFileSync(world.database);
  overwrite(world.database, (page - 1) * 4096, [0xaa]);
  expect((await world.run('db-backup', ['run'])).exitCode).toBe(65);
  writeFileSync(world.database, whole.subarray(0, whole.length - 4096));
  expect((await world.run('db-backup', ['run'])).exitCode).toBe(65);
  expect(world.stored()).toEqual([]);
});

/** Less what every copy has of its own: counters (also of its schema), the journal mode, and the version that wrote it. */
function content(path: string): Buffer {
  const bytes = readFileSync(path);
  for (const [from, to] of [
    [18, 20],
    [24, 28],
    [40, 44],
    [92, 100],
  ])
    bytes.fill(0, from, to);
  return bytes;
}

function overwrite(path: string, position: number, bytes: number[]): void {
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.from(bytes), 0, bytes.length, position);
  closeSync(file);
}
