// Documents of a database: written where they differ, left alone where they do not, and never more than the database says.
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { byDay, ExportWorld } from '../../support/export-world.ts';

const byQuery = `days = "SELECT date FROM day"
document = """
SELECT json_object('date', date, 'visits',
  json((SELECT json_group_array(tag) FROM (SELECT tag FROM visit v WHERE v.date = day.date ORDER BY tag))))
FROM day WHERE date = :day"""
indent = 4
ascii = true
final_newline = false`;

describe('a run', () => {
  test('writes a document a day, and the next one touches only what differs', async () => {
    await using world = new ExportWorld();
    const first = await world.runJson('db-export-json', ['run']);
    expect(first).toMatchObject({
      exitCode: 0,
      json: { result: { apps: [{ value: { documents: 3, changed: [] } }] } },
    });
    expect(world.document('ours_2026-11-25.json')).toBe(`{
  "date": "2026-11-25",
  "visit": [
    {
      "date": "2026-11-25",
      "tag": "wa1",
      "weight": 1.5
    },
    {
      "date": "2026-11-25",
      "tag": "wa2",
      "weight": 2.0
    }
  ]
}
`);
    expect(statSync(join(world.documents, 'ours_2026-11-25.json')).mode & 0o777).toBe(0o644);
    const times = world.times();
    world.change(
      "UPDATE visit SET tag = 'wa3' WHERE date = '2026-11-27'; UPDATE visit SET tag = 'wa1' WHERE tag = 'wa1'",
    );
    const second = await world.run('db-export-json', []);
    expect(second).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/0 new, 1 changed\n {2}changed: ours_2026-11-27.json/) as string,
    });
    const { 'ours_2026-11-27.json': changed, ...others } = world.times();
    expect(times).toMatchObject(others);
    expect(changed).not.toBe(times['ours_2026-11-27.json']);
  });

  test('knows nothing and touches nothing where what it remembers was lost, or a file was touched', async () => {
    await using world = new ExportWorld();
    await world.run('db-export-json', []);
    for (const what of ['lost', 'no record', '{}']) {
      const remembered = join(world.state, 'export/bookings.documents.json');
      if (what === 'lost') rmSync(remembered);
      else writeFileSync(remembered, what);
      utimesSync(join(world.documents, 'ours_2026-11-26.json'), 1, 1);
      const times = world.times();
      expect(await world.run('db-export-json', [])).toMatchObject({
        exitCode: 0,
        stdout: expect.stringContaining('0 new, 0 changed') as string,
      });
      expect(world.times()).toEqual(times);
    }
  });

  test('puts right what somebody else has changed, also at the same size and time', async () => {
    await using world = new ExportWorld();
    await world.run('db-export-json', []);
    const path = join(world.documents, 'ours_2026-11-25.json');
    const [text, { atime, mtime }] = [readFileSync(path, 'utf8'), statSync(path)];
    rmSync(path);
    writeFileSync(path, text.replace('wa1', 'wa9'));
    utimesSync(path, atime, mtime);
    expect((await world.run('db-export-json', [])).stdout).toContain('changed: ours_2026-11-25.json');
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  test('lets those read and write who may in its directory, whatever the umask, and keeps what somebody has set', async () => {
    await using world = new ExportWorld();
    chmodSync(world.documents, 0o2770);
    const umask = process.umask(0o077);
    try {
      await world.run('db-export-json', []);
    } finally {
      process.umask(umask);
    }
    const path = join(world.documents, 'ours_2026-11-27.json');
    expect(statSync(path).mode & 0o777).toBe(0o660);
    chmodSync(path, 0o640);
    world.change('DELETE FROM visit');
    await world.run('db-export-json', []);
    expect(statSync(path).mode & 0o777).toBe(0o640);
  });

  test('makes of a query what it returns, in the style of Python', async () => {
    await using world = new ExportWorld(byQuery);
    expect(await world.run('db-export-json', [])).toMatchObject({ exitCode: 0 });
    expect(world.document('2026-11-26.json')).toBe('{\n    "date": "2026-11-26",\n    "visits": []\n}');
  });

  test('makes a document of each table, and the schema beside them', async () => {
    await using world = new ExportWorld('format = "ndjson"');
    expect(await world.run('db-export-json', [])).toMatchObject({ exitCode: 0 });
    expect(world.document('visit.ndjson').split('\n')[0]).toBe(
      '{"date":"2026-11-25","tag":"wa1","weight":1.5}',
    );
    expect(readdirSync(world.documents).sort()).toEqual(['day.ndjson', 'schema.sql', 'visit.ndjson']);
    world.change('DROP TABLE day');
    for (const time of ['first', 'second']) {
      const { exitCode, stdout } = await world.run('db-export-json', []);
      expect({ time, exitCode, stdout }).toMatchObject({
        exitCode: 1,
        stdout: expect.stringContaining('no longer in the database: day.ndjson') as string,
      });
    }
    expect(existsSync(join(world.documents, 'day.ndjson'))).toBe(true);
  });

  test('that is only tried tells what it would write, and changes nothing anywhere', async () => {
    await using world = new ExportWorld();
    const before = world.fingerprint();
    expect(await world.run('db-export-json', ['run', '--dry-run'])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/3 would be new, 0 would be changed/) as string,
    });
    expect(world.fingerprint()).toEqual(before);
  });
});

describe('a frozen day', () => {
  test('by hand or by query, is never rewritten, is told of, and can be let go', async () => {
    await using world = new ExportWorld();
    await world.run('db-export-json', []);
    expect(await world.run('db-export-json', ['freeze', '2026-11-25', '--reason', 'sent'])).toMatchObject({
      exitCode: 0,
      stdout: 'bookings: 2026-11-25 is frozen\n',
    });
    expect((await world.run('db-export-json', ['freeze', '2026-11-25'])).stdout).toContain(
      'is frozen already',
    );
    world.change("UPDATE visit SET tag = 'wa8'; UPDATE day SET closed = 1 WHERE date = '2026-11-27'");
    const times = world.times();
    const held = await world.runJson('db-export-json', ['run']);
    expect(held.exitCode).toBe(1);
    expect(held.json.result.apps[0].value).toMatchObject({
      changed: [],
      held: ['ours_2026-11-25.json', 'ours_2026-11-27.json'],
    });
    expect(world.times()).toEqual(times);
    const status = await world.run('db-export-json', ['status']);
    expect(status.stdout).toMatch(
      /ours_2026-11-25.json.*frozen since .*: sent\n.*\n.*ours_2026-11-27.json.*frozen by the query/,
    );
    expect(await world.run('db-export-json', ['unfreeze', '2026-11-25'])).toMatchObject({ exitCode: 0 });
    expect((await world.run('db-export-json', [])).stdout).toContain('changed: ours_2026-11-25.json');
  });

  test.each(['2026-02-30', '../x', 'yesterday', ''])('%j is no day', async (day) => {
    await using world = new ExportWorld();
    expect(await world.run('db-export-json', ['freeze', day])).toMatchObject({ exitCode: 64 });
  });

  test('is not written while nobody can tell which are frozen', async () => {
    await using world = new ExportWorld();
    await world.run('db-export-json', ['freeze', '2026-11-25']);
    writeFileSync(join(world.state, 'export/bookings.frozen.json'), '{"format":"holdfast-frozen"');
    expect(await world.run('db-export-json', [])).toMatchObject({
      exitCode: 65,
      stderr: expect.stringMatching(
        /cannot read the frozen days in .*not JSON, or it is cut short/,
      ) as string,
    });
    expect(readdirSync(world.documents)).toEqual([]);
  });
});

describe('a check', () => {
  test('explains each difference, and is silent where there is none', async () => {
    await using world = new ExportWorld();
    await world.run('db-export-json', []);
    expect(await world.run('db-export-json', ['check'])).toMatchObject({
      exitCode: 0,
      stdout: 'bookings: 3 documents compared, 0 different\n',
    });
    const edit = (name: string, change: (text: string) => string) => {
      const path = join(world.documents, name);
      writeFileSync(path, change(readFileSync(path, 'utf8')));
    };
    edit('ours_2026-11-25.json', (text) => text.replace('"wa2"', '"wa22"'));
    edit('ours_2026-11-26.json', (text) => JSON.stringify(JSON.parse(text)));
    edit('ours_2026-11-27.json', (text) => text.slice(0, 20));
    const { exitCode, stdout } = await world.run('db-export-json', ['check']);
    expect(exitCode).toBe(1);
    expect(stdout).toContain('visit[1].tag: the file has "wa22", the database "wa2"');
    expect(stdout).toContain('the same values are written in another way');
    expect(stdout).toContain('the file is no JSON: ');
    rmSync(join(world.documents, 'ours_2026-11-25.json'));
    expect((await world.run('db-export-json', ['check', '--day', '2026-11-25'])).stdout).toContain(
      'it is not there',
    );
    expect(await world.run('db-export-json', ['check', '--day', '2020-01-01'])).toMatchObject({
      exitCode: 66,
    });
  });
});

describe('what cannot be exported', () => {
  test.each<[string, string, number, RegExp]>([
    [
      'a day that is NULL',
      'INSERT INTO day (date) VALUES (NULL)',
      65,
      /its days query returns is wrong:?\n? *.*row 1 is NULL/s,
    ],
    ['a day with a way out', "INSERT INTO day (date) VALUES ('../../../x')", 65, /is no day/],
    ['a table that is gone', 'DROP TABLE visit', 78, /none of that name/],
    ['a column that is gone', 'ALTER TABLE visit DROP COLUMN date', 78, /has no column date/],
    ['a list that is gone', 'DROP TABLE day', 78, /no such table: day/],
  ])('%s: nothing is written, and what is there stays', async (_, sql, exitCode, says) => {
    await using world = new ExportWorld();
    await world.run('db-export-json', []);
    world.change(sql);
    const before = world.times();
    const ended = await world.run('db-export-json', []);
    expect(ended.exitCode, ended.stderr).toBe(exitCode);
    expect(ended.stderr).toMatch(says);
    expect(world.times()).toEqual(before);
  });

  test('a table whose rows cannot be read back is told of, until the tables are named', async () => {
    const sql = `CREATE TABLE t (x); CREATE VIRTUAL TABLE f USING fts5(x, content = '');`;
    await using world = new ExportWorld('', sql);
    expect(await world.run('db-export-json', [])).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining('in no document: f') as string,
    });
    expect(readdirSync(world.documents)).toEqual(['schema.sql', 't.json']);
    await using named = new ExportWorld('tables = ["t"]', sql);
    expect(await named.run('db-export-json', [])).toMatchObject({ exitCode: 0 });
  });

  test('no day at all is told, and nothing is deleted', async () => {
    await using world = new ExportWorld();
    await world.run('db-export-json', []);
    world.change('DELETE FROM day');
    expect(await world.run('db-export-json', [])).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining('no longer in the database: ours_2026-11-27.json') as string,
    });
    expect(readdirSync(world.documents)).toHaveLength(3);
  });

  test('a directory that is missing, a file, or holds something else of that name', async () => {
    await using world = new ExportWorld();
    mkdirSync(join(world.documents, 'ours_2026-11-26.json'));
    expect(await world.run('db-export-json', [])).toMatchObject({
      exitCode: 73,
      stderr: expect.stringContaining('is no file') as string,
    });
    rmSync(join(world.documents, 'ours_2026-11-26.json'), { recursive: true });
    symlinkSync(world.database, join(world.documents, 'ours_2026-11-26.json'));
    expect(await world.run('db-export-json', [])).toMatchObject({ exitCode: 73 });
    expect(lstatSync(join(world.documents, 'ours_2026-11-26.json')).isSymbolicLink()).toBe(true);
    rmSync(world.documents, { recursive: true });
    expect(await world.run('db-export-json', [])).toMatchObject({
      exitCode: 66,
      stderr: expect.stringContaining('mkdir -p') as string,
    });
    writeFileSync(world.documents, '');
    expect(await world.run('db-export-json', [])).toMatchObject({ exitCode: 66 });
  });

  test('what a killed run was writing goes with the next one, at once', async () => {
    await using world = new ExportWorld();
    writeFileSync(join(world.documents, '.holdfast-0123456789abcdef.tmp'), 'a large half of a document');
    await world.run('db-export-json', ['run', '--dry-run']);
    expect(readdirSync(world.documents)).toHaveLength(1);
    await world.run('db-export-json', []);
    expect(readdirSync(world.documents).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  test.each<[string, RegExp]>([
    ['days = "SELECT 1"', /needs either document or tables beside days/],
    ['document = "SELECT 1"', /needs days beside it/],
    [`${byDay}\ndocument = "SELECT 1"`, /needs either document or tables/],
    ['tables = { visit = "date" }', /needs days beside it/],
    ['days = "SELECT 1"\ntables = ["visit"]', /must say the column of each/],
    [`${byDay}\nformat = "ndjson"`, /is for tables/],
    ['file = "x.json"', /must have \{table\} in it once/],
    ['file = "../{table}"', /without a folder/],
    ['file = "{table}.db"', /must end with .json/],
    ['tables = ["visit", "Visit"]', /a table twice/],
    ['indent = 9', /indent/],
  ])('settings that do not fit: %s', async (keys, says) => {
    await using world = new ExportWorld(keys);
    const { exitCode, stderr } = await world.run('db-export-json', []);
    expect(exitCode).toBe(78);
    expect(stderr).toMatch(says);
  });

  test('an app without an export', async () => {
    await using world = new ExportWorld();
    world.configure();
    expect(await world.run('db-export-json', [])).toMatchObject({
      exitCode: 78,
      stderr: expect.stringContaining('[apps.<name>.export]') as string,
    });
  });
});
