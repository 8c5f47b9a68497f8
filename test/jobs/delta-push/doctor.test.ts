// Whether what notes changes is whole: one thing is broken at a time, told, and mended by the command that is named.
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { ExportWorld } from '../../support/export-world.ts';

class Watched extends ExportWorld {
  constructor(wal = true) {
    super(
      '',
      `${wal ? 'PRAGMA journal_mode = WAL;' : ''} CREATE TABLE visit(id INTEGER PRIMARY KEY, tag UNIQUE); INSERT INTO visit VALUES(1, 'a')`,
    );
    this.configure({ app: '[apps.bookings.delta]\nto = "http://127.0.0.1:9"' });
  }

  doctor() {
    return this.run('delta-push', ['doctor']);
  }

  bytes(): unknown {
    const database = new Database(this.database, { readonly: true });
    const found = [
      database.pragma('schema_version', { simple: true }),
      database.prepare('SELECT count(*), max(seq) FROM _holdfast_log').get(),
    ];
    database.close();
    return found;
  }
}

test('what is whole is called so, and the trial leaves nothing', async () => {
  await using world = new Watched();
  expect(await world.doctor()).toMatchObject({
    exitCode: 1,
    stdout: expect.stringMatching(
      /CRITICAL: bookings: nothing notes its changes\n {2}hint: delta-push install --app bookings/,
    ) as string,
  });
  await world.run('delta-push', ['install']);
  const before = world.bytes();
  expect(await world.doctor()).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/visit: triggers whole/) as string,
  });
  expect(world.bytes()).toEqual(before);
});

test.each<[string, string, RegExp, string]>([
  ['a trigger is gone', 'DROP TRIGGER _holdfast_1_au', /WARNING: .*triggers of visit are missing/, ''],
  [
    'a trigger is another',
    'DROP TRIGGER _holdfast_1_au; CREATE TRIGGER _holdfast_1_au AFTER UPDATE ON visit BEGIN SELECT 1; END',
    /triggers of visit are different/,
    '',
  ],
  [
    'the log is gone',
    'DROP TABLE _holdfast_log',
    /CRITICAL: bookings: every write of the app fails/,
    'install',
  ],
  [
    'a table was made anew',
    'CREATE TABLE n(id INTEGER PRIMARY KEY, tag UNIQUE); DROP TABLE visit; ALTER TABLE n RENAME TO visit',
    /triggers of visit are missing/,
    '',
  ],
])('%s', async (_, sql, said, command) => {
  await using world = new Watched();
  await world.run('delta-push', ['install']);
  world.change(sql);
  expect(await world.doctor()).toMatchObject({ exitCode: 1, stdout: expect.stringMatching(said) as string });
  await world.run('delta-push', [
    command === '' ? 'export-sql' : command,
    ...(command === '' ? [`${world.home}/x.sql`] : []),
  ]);
  expect(await world.doctor()).toMatchObject({ exitCode: 0 });
  world.change(`INSERT INTO visit VALUES(2, 'b')`);
});

test('a log that somebody has emptied, or dropped, loses no change: all rows travel once more', async () => {
  for (const sql of ['DELETE FROM _holdfast_log', 'DROP TABLE _holdfast_log']) {
    await using world = new Watched();
    await world.run('delta-push', ['install']);
    for (let number = 1; number < 4; number += 1)
      await world.run('delta-push', ['export-sql', `${world.home}/${number}.sql`]);
    world.change(`INSERT INTO visit VALUES(2, 'b'); ${sql}`);
    await world.run('delta-push', ['install']);
    const { json } = await world.runJson('delta-push', ['export-sql', `${world.home}/after.sql`]);
    expect(json).toMatchObject({ result: { upserts: 2 } });
  }
});

test('outside of WAL it says what the app needs', async () => {
  await using world = new Watched(false);
  await world.run('delta-push', ['install']);
  expect(await world.doctor()).toMatchObject({
    exitCode: 1,
    stdout: expect.stringMatching(/journal mode is delete.*\n.*busy_timeout/) as string,
  });
});
