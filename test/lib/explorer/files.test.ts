// What Datasette is given: fresh, the same for both of its lines, and in words about every column that there is.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { chapters, explorerFiles } from '../../../lib/explorer/files.ts';
import { tables } from '../../../lib/explorer/tables.ts';
import { prepareSchema } from '../../../lib/history/schema.ts';
import { historyDatabase } from '../../support/history-database.ts';

const folder = resolve(import.meta.dirname, '../../../etc/datasette');
const files = explorerFiles();

interface Part {
  title?: string;
  description_html?: string;
  queries?: unknown;
  tables?: Record<string, Record<string, unknown>>;
  allow_sql?: boolean;
}
type Whole = Part & { databases: { ops: Part }; settings?: unknown };

const read = (name: string) => JSON.parse(files.get(name) ?? '') as Whole;

test('the files in etc/datasette are fresh: npm run docs writes them', () => {
  for (const [name, text] of files) expect(readFileSync(join(folder, name), 'utf8')).toBe(text);
  const written = ['0.65', '1.0'].flatMap((line) =>
    readdirSync(join(folder, line))
      .filter((name) => name.endsWith('.json'))
      .map((name) => `${line}/${name}`),
  );
  expect(written.sort()).toEqual([...files.keys()].sort());
});

describe('the two lines of Datasette', () => {
  const [now, next, words] = [
    read('0.65/metadata.json'),
    read('1.0/datasette.json'),
    read('1.0/metadata.json'),
  ];
  const [ops, nextOps, wordsOps] = [now.databases.ops, next.databases.ops, words.databases.ops];

  test('answer the same questions, and nobody types one in either', () => {
    expect(nextOps.queries).toEqual(ops.queries);
    expect(Object.keys(ops.queries ?? {})).toHaveLength(
      chapters.flatMap(({ questions }) => questions).length,
    );
    for (const part of [now, ops, next, nextOps]) expect(part.allow_sql).toBe(false);
    expect(next.settings).toMatchObject(read('0.65/settings.json'));
  });

  test('say the same of each table', () => {
    expect([words.title, words.description_html]).toEqual([now.title, now.description_html]);
    expect([wordsOps.title, wordsOps.description_html]).toEqual([ops.title, ops.description_html]);
    for (const { name } of tables)
      expect({ ...nextOps.tables?.[name], ...wordsOps.tables?.[name] }).toEqual(ops.tables?.[name]);
  });
});

describe('the words', () => {
  const database = new Database(':memory:');
  prepareSchema(historyDatabase(database));
  const columnsOf = (table: string) =>
    database.prepare<[string], string>('SELECT name FROM pragma_table_info(?)').pluck().all(table);

  test('are about every table and column of ops.db, and about no other', () => {
    const real = database
      .prepare<[], string>(`SELECT name FROM sqlite_master WHERE type = 'table'`)
      .pluck()
      .all();
    expect(tables.map(({ name }) => name).sort()).toEqual(real.sort());
    for (const { name, columns } of tables)
      expect([name, ...Object.keys(columns)]).toEqual([name, ...columnsOf(name)]);
  });

  test('name columns that are there, to sort and narrow by', () => {
    for (const { name, newestBy, label, facets = [] } of tables)
      for (const column of [newestBy, label, ...facets])
        if (column !== undefined) expect(columnsOf(name)).toContain(column);
  });
});

test('every link in a description leads to a question', () => {
  const { description_html: whole = '', databases } = read('0.65/metadata.json');
  const names = Object.keys(databases.ops.queries ?? {}).map((name) => `ops/${name}`);
  const links = [...`${whole}${databases.ops.description_html ?? ''}`.matchAll(/href="([^"]*)"/g)].map(
    ([, to]) => to,
  );
  expect(new Set(links)).toEqual(new Set([...names, 'report/index.html']));
});
