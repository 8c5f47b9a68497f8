// What is told first of two databases: their tables with their rows, and where their schemas differ.
import { describe, expect, test } from 'vitest';
import { outlineOf } from '../../../lib/sqlite/diff/outline.ts';
import { withBoth } from './diff-pair.ts';

describe('an outline', () => {
  const then = `CREATE TABLE "quote "" me" (a); INSERT INTO "quote "" me" VALUES (1);
    CREATE TABLE gone (a); INSERT INTO gone VALUES (1), (2);
    CREATE TABLE t (k INTEGER PRIMARY KEY, v INTEGER, old); CREATE INDEX by_v ON t (v);
    CREATE VIEW seen AS SELECT 1; CREATE VIRTUAL TABLE words USING fts5(text)`;
  const now = `CREATE TABLE "quote "" me" (a); CREATE TABLE came (a);
    CREATE TABLE T (k INTEGER PRIMARY KEY, v TEXT NOT NULL, new DEFAULT 1); CREATE INDEX by_v ON T (v, k);
    CREATE TRIGGER noted AFTER INSERT ON T BEGIN SELECT 1; END;
    CREATE VIRTUAL TABLE words USING fts5(text); INSERT INTO words VALUES ('here')`;
  const outline = (table?: string) =>
    withBoth(
      (db) => db.exec(then),
      (db) => db.exec(now),
      (sides) => outlineOf(sides, table),
    );

  test('counts the rows of each table, by whatever name', () => {
    const { tables } = outline();
    const own = tables
      .filter(({ isShadow }) => !isShadow)
      .map(({ name, backup, now, isIn }) => [name, backup, now, isIn]);
    expect(own).toEqual([
      ['came', undefined, 0, 'now'],
      ['gone', 2, undefined, 'backup'],
      ['quote " me', 1, 0, 'both'],
      ['T', 0, 0, 'both'],
    ]);
    expect(tables.filter(({ isShadow }) => isShadow)).toContainEqual({
      name: 'words_content',
      backup: 0,
      now: 1,
      isIn: 'both',
      isShadow: true,
    });
  });

  test('names what differs in the schema', () => {
    expect(outline().schema).toEqual([
      { type: 'index', name: 'by_v', table: 'T', state: 'differs' },
      { type: 'table', name: 'came', state: 'appeared' },
      { type: 'table', name: 'gone', state: 'vanished' },
      {
        type: 'table',
        name: 'T',
        state: 'differs',
        columns: [
          'column v is TEXT NOT NULL, in the backup INTEGER',
          'column new appeared',
          'column old vanished',
        ],
      },
      { type: 'trigger', name: 'noted', table: 'T', state: 'appeared' },
      { type: 'view', name: 'seen', state: 'vanished' },
    ]);
  });

  test('of one table has nothing of others', () => {
    const { tables, schema } = outline('t');
    expect(tables.map(({ name }) => name)).toEqual(['T']);
    expect(schema.map(({ name }) => name)).toEqual(['by_v', 'T', 'noted']);
  });
});
