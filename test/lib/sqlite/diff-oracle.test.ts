// Two databases that chance makes, compared: against an oracle of maps.
import type Database from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RowsDiff } from '../../../lib/source/database-diff.ts';
import { compareRows } from '../../../lib/sqlite/diff/compare-rows.ts';
import { withBoth } from './diff-pair.ts';

/** Values as chance has them, close to one another: SQL, so that each is stored as it is written. */
const values = [
  ...['NULL', '0', '1', '1.0', "'1'", "'1.0'", "X'31'", '-1', '1.5', "''", "X''"],
  ...["'a'", "'A'", "'ä'", "CAST(X'610062' AS TEXT)", "CAST(X'6100' AS TEXT)", "CAST(X'FF' AS TEXT)"],
  ...['9007199254740993', '9007199254740992', '9007199254740992.0', '9e999'],
];

/** The tables, with their keys: `fold` what of a value of a key is one to its collation. */
const tables = {
  'the number of the row': { sql: 'id INTEGER PRIMARY KEY, a, b', ending: '', key: ['id'] },
  'a text, which may be NULL': { sql: 'id TEXT PRIMARY KEY, a, b', ending: '', key: ['id'] },
  'a value of any kind': { sql: 'id PRIMARY KEY, a, b', ending: '', key: ['id'] },
  'two columns': { sql: 'id, a COLLATE NOCASE, b, PRIMARY KEY (a, id)', ending: '', key: ['a', 'id'] },
  'two columns, WITHOUT ROWID': {
    sql: 'id, a, b, PRIMARY KEY (id, a COLLATE NOCASE)',
    ending: ' WITHOUT ROWID',
    key: ['id', 'a'],
  },
  'no key': { sql: 'id, a, b', ending: '', key: [] },
  'no key, and no name of the number': { sql: 'id, a, b, rowid, oid, _rowid_', ending: '', key: [] },
  'a strict table': { sql: 'id INT PRIMARY KEY, a TEXT, b ANY', ending: ' STRICT', key: ['id'] },
};

interface Row {
  id: string;
  a: string;
  b: string;
}

/** What each value is, exactly: its storage class and its bytes. */
function rowsOf(database: Database.Database): string[][] {
  const exact = (name: string) => `typeof(${name}) || ' ' || CASE typeof(${name})
    WHEN 'text' THEN hex(CAST(${name} AS BLOB)) WHEN 'blob' THEN hex(${name}) ELSE coalesce(${name}, '') END`;
  return database
    .prepare(`SELECT ${['id', 'a', 'b'].map(exact).join(', ')} FROM t`)
    .raw()
    .all() as string[][];
}

/** A value of a key as its index has it: numbers by what they are, texts without case where that does not matter. */
function folded(value: string, isNocase: boolean): string {
  const [kind = '', rest = ''] = value.split(' ');
  if (kind === 'real' && rest === '9007199254740992.0') return '9007199254740992';
  if (kind === 'real' && rest.endsWith('.0')) return rest.slice(0, -2);
  if (kind === 'integer') return rest;
  if (kind !== 'text' || !isNocase) return value;
  return `text ${rest.replace(/../g, (byte) => (/^(4[1-9a-f]|5[0-9a])$/i.test(byte) ? (Number.parseInt(byte, 16) + 32).toString(16) : byte)).toUpperCase()}`;
}

/** By maps: what the comparison has to say. */
function oracle(then: string[][], now: string[][], key: readonly string[]) {
  const places = key.map((name) => ['id', 'a', 'b'].indexOf(name));
  const keyOf = (row: string[]) => {
    const cells = places.map((place) => row[place] ?? '');
    if (places.length === 0 || cells.some((cell) => cell.startsWith('null'))) return undefined;
    return JSON.stringify(cells.map((cell, index) => folded(cell, key[index] === 'a')));
  };
  const found = { added: 0, removed: 0, changed: 0 };
  const keyed = new Map(now.flatMap((row) => (keyOf(row) === undefined ? [] : [[keyOf(row), row] as const])));
  const counts = new Map<string, number>();
  const count = (row: string[], by: number) => counts.set(row.join(), (counts.get(row.join()) ?? 0) + by);
  for (const row of then) {
    const other = keyed.get(keyOf(row));
    if (keyOf(row) === undefined) count(row, 1);
    else if (other === undefined) found.removed += 1;
    else if (other.join() !== row.join()) found.changed += 1;
    if (keyOf(row) !== undefined) keyed.delete(keyOf(row));
  }
  for (const row of now) if (keyOf(row) === undefined) count(row, -1);
  found.added = keyed.size;
  for (const more of counts.values()) {
    found.removed += Math.max(more, 0);
    found.added += Math.max(-more, 0);
  }
  return found;
}

const value = fc.constantFrom(...values);
const row: fc.Arbitrary<Row> = fc.record({
  id: fc.oneof(value, fc.integer({ min: 0, max: 9 }).map(String)),
  a: value,
  b: value,
});
const change = fc.oneof(
  fc.record({ kind: fc.constant('insert' as const), row }),
  fc.record({ kind: fc.constant('delete' as const), at: fc.nat(20) }),
  fc.record({ kind: fc.constant('update' as const), at: fc.nat(20), row }),
  fc.constant({ kind: 'vacuum' as const }),
);

describe.each(Object.entries(tables))('a table whose key is %s', (_, { sql, ending, key }) => {
  test('is compared as maps compare it', () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 12 }), fc.array(change, { maxLength: 8 }), (rows, changes) => {
        const lists: string[][][] = [];
        const insert = (database: Database.Database, { id, a, b }: Row) => {
          // What the table refuses is not in it.
          try {
            database.exec(`INSERT OR IGNORE INTO t (id, a, b) VALUES (${id}, ${a}, ${b})`);
          } catch {
            // As said.
          }
        };
        const fill = (database: Database.Database) => {
          database.exec(`CREATE TABLE t (${sql})${ending}`);
          for (const one of rows) insert(database, one);
        };
        const nth = (at: number) => `(id, a, b) IN (SELECT id, a, b FROM t LIMIT 1 OFFSET ${at})`;
        const alter = (database: Database.Database) => {
          fill(database);
          for (const one of changes) {
            if (one.kind === 'insert') insert(database, one.row);
            if (one.kind === 'delete') database.exec(`DELETE FROM t WHERE ${nth(one.at)}`);
            if (one.kind === 'vacuum') database.exec('VACUUM');
            if (one.kind !== 'update') continue;
            try {
              database.exec(
                `UPDATE OR IGNORE t SET id = ${one.row.id}, b = ${one.row.b} WHERE ${nth(one.at)}`,
              );
            } catch {
              // As said.
            }
          }
        };
        const found = withBoth(
          (database) => (fill(database), lists.push(rowsOf(database))),
          (database) => (alter(database), lists.push(rowsOf(database))),
          (sides) => compareRows(sides, 't', 3),
        ) as RowsDiff;
        const [then = [], now = []] = lists;
        const { added, removed, changed } = found;
        expect(found).not.toHaveProperty('problem');
        expect(found.by).toBe(key.length === 0 ? 'row' : 'key');
        expect({ added, removed, changed }).toEqual(oracle(then, now, key));
        for (const kind of ['added', 'removed', 'changed'] as const)
          expect(found.keys[kind].length).toBeLessThanOrEqual(Math.min(3, found[kind]));
      }),
      { numRuns: 40 },
    );
  });
});
