// The rows of a table as digests: of a source and of a mirror alike, and equal exactly where the rows are.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitQuery } from '../../../lib/delta/buckets.ts';
import { rowHashText } from '../../../lib/delta/canonical.ts';
import { mergeDigests } from '../../../lib/delta/digest.ts';
import type { Cell } from '../../../lib/delta/cell.ts';
import type { BucketQuery } from '../../../lib/delta/peer.ts';
import type { TableShape } from '../../../lib/delta/shape.ts';
import { countBehind } from '../../../lib/sqlite/delta-rows/count-behind.ts';
import {
  readAtOnce,
  countDays,
  readDays,
  type ReadRows,
  readDigests,
  readKeys,
} from '../../../lib/sqlite/delta-rows/read-buckets.ts';
import { readInSteps, readLive } from '../../../lib/sqlite/delta-rows/read-live.ts';
import type { ScannedTable } from '../../../lib/sqlite/delta-rows/scanned-table.ts';
import { type Database, openInMemory, openLive } from '../../../lib/sqlite/open.ts';
import { scratch } from '../../support/scratch.ts';
import { makeLedger } from './databases.ts';

/** So small that every table has several. */
const inSmallSteps: ReadRows = (scan) => {
  while (scan.step(2));
  return Promise.resolve();
};
const ways = { 'at once': readAtOnce, 'in steps': inSmallSteps, 'by the clock': readInSteps };

function shape(
  name: string,
  columns: Record<string, string>,
  key: string[],
  identity?: 'content',
): TableShape {
  const list = Object.entries(columns).map(([name, declared]) => ({ name, declared, notNull: false }));
  return { name, columns: list, key, identity: identity ?? 'primary' };
}

const untyped = shape('t', { id: 'INTEGER', a: '', b: '' }, ['id']);

function tableOf(database: Database, given: TableShape, day?: ScannedTable['day']): ScannedTable {
  return { database, shape: given, day };
}

/** A literal of SQL, of any class, also of text that is none. */
const literal = fc.oneof(
  fc.constantFrom(
    'NULL',
    '1',
    '1.0',
    "'1'",
    "x'31'",
    "''",
    "x''",
    '0',
    '0.0',
    '-0.0',
    '9e999',
    "CAST(x'ff' AS TEXT)",
  ),
  fc.constantFrom(
    "CAST(x'00' AS TEXT)",
    "CAST(x'eda080' AS TEXT)",
    "'\ufffd'",
    "'a'",
    "'A'",
    "'a '",
    '9223372036854775807',
  ),
);
const rows = fc.uniqueArray(fc.tuple(fc.integer({ min: -9, max: 9 }), literal, literal), {
  selector: ([id]) => id,
  maxLength: 9,
});
type Rows = readonly (readonly [number, string, string])[];

function filled(list: Rows, schema = 'CREATE TABLE t(id INTEGER PRIMARY KEY, a, b)'): Database {
  const database = openInMemory();
  database.exec(schema);
  for (const [id, a, b] of list) database.exec(`INSERT INTO t VALUES(${id}, ${a}, ${b})`);
  return database;
}

/** What SQLite itself says of each value, for comparing without what is tried here. */
function facts(database: Database, order = 'id'): string {
  const list = ['id', 'a', 'b'].map((name) => `typeof(${name}), hex(${name}), quote(CAST(${name} AS BLOB))`);
  const text = JSON.stringify(
    database
      .prepare(`SELECT ${list.join(', ')} FROM t ORDER BY ${order}`)
      .raw()
      .all(),
  );
  return text.replaceAll('2D302E30', '302E30').replaceAll(`"X'302E30'"`, '0'); // -0.0 is 0.0
}

describe.each(Object.entries(ways))('read %s', (_, read) => {
  it('two tables have one digest exactly where their values are the same, class and bytes', async () => {
    await fc.assert(
      fc.asyncProperty(rows, rows, fc.boolean(), async (one, other, isSame) => {
        const [left, right] = [filled(one), filled(isSame ? one.toReversed() : other)];
        const digests = await Promise.all(
          [left, right].map((database) => readDigests(tableOf(database, untyped), [{ table: 't' }], read)),
        );
        expect(JSON.stringify(digests[0]) === JSON.stringify(digests[1])).toBe(facts(left) === facts(right));
      }),
      { numRuns: read === readInSteps ? 20 : 150 },
    );
  });

  it('a table without numbers for its rows is read by its key, of any class', async () => {
    const schema = 'CREATE TABLE t(id, a, b, PRIMARY KEY(a, b)) WITHOUT ROWID';
    const given = shape('t', { id: '', a: '', b: '' }, ['a', 'b']);
    await fc.assert(
      fc.asyncProperty(rows, async (list) => {
        const kept = list.filter(([, a, b]) => a !== 'NULL' && b !== 'NULL');
        const database = openInMemory();
        database.exec(schema);
        for (const [id, a, b] of kept) database.exec(`INSERT OR IGNORE INTO t VALUES(${id}, ${a}, ${b})`);
        const plain = filled([], 'CREATE TABLE t(id, a, b)');
        for (const [id, a, b] of kept)
          plain.exec(
            `INSERT INTO t SELECT ${id}, ${a}, ${b} WHERE NOT EXISTS (SELECT 1 FROM t WHERE a IS ${a} AND b IS ${b})`,
          );
        const [digest] = await readDigests(tableOf(database, given), [{ table: 't' }], read);
        expect(digest).toEqual((await readDigests(tableOf(plain, given), [{ table: 't' }]))[0]);
      }),
      { numRuns: read === readInSteps ? 10 : 100 },
    );
  });

  it('rows without a key are counted, however equal they are, and their mirror says the same', async () => {
    const source = openInMemory();
    source.exec(
      `CREATE TABLE t(a, b); INSERT INTO t VALUES(1, 2), (1, 2), (1, 2.0), (NULL, NULL), (NULL, NULL)`,
    );
    const given = shape('t', { a: '', b: '', _holdfast_key: 'TEXT' }, ['_holdfast_key'], 'content');
    const keys = await readKeys(tableOf(source, given), [{ table: 't' }], 99, read);
    expect(
      keys.map(({ key: [key] }) => (typeof key === 'string' ? key.split(':')[1] : key)).toSorted(),
    ).toEqual(['1', '1', '1', '2', '2']);
    const mirror = openInMemory();
    mirror.exec('CREATE TABLE t(a, b, _holdfast_key TEXT PRIMARY KEY)');
    const add = mirror.prepare('INSERT INTO t VALUES(?, ?, ?)');
    for (const values of [
      [1n, 2n],
      [1n, 2n],
      [1n, 2],
      [null, null],
      [null, null],
    ]) {
      const hash = rowHashText(values);
      const place = [1, 2].find(
        (each) =>
          mirror.prepare('SELECT 1 FROM t WHERE _holdfast_key = ?').get(`${hash}:${each}`) === undefined,
      );
      add.run(...values, `${hash}:${place}`);
    }
    const digests = [source, mirror].map((database) =>
      readDigests(tableOf(database, given), [{ table: 't' }], read),
    );
    expect(await digests[0]).toEqual(await digests[1]);
    source.exec('DELETE FROM t WHERE rowid = 1');
    expect(await readDigests(tableOf(source, given), [{ table: 't' }], read)).not.toEqual(await digests[1]);
  });
});

const visits = `CREATE TABLE DAY(id INTEGER PRIMARY KEY, date TEXT); CREATE TABLE VISIT(id INTEGER PRIMARY KEY, day_id, n);
  INSERT INTO DAY VALUES(1, '2026-11-26'), (2, '2026-11-27'), (3, NULL), (4, '2026-02-30'), (5, x'323032362d31312d3237');
  INSERT INTO VISIT VALUES(1, 1, 1), (2, 1, 2), (3, 2, 3), (4, 3, 4), (5, 4, 5), (6, 5, 6), (7, NULL, 7), (8, '1', 8), (9, 99, 9)`;
const visit = shape('VISIT', { id: 'INTEGER', day_id: '', n: '' }, ['id']);
const throughParent = { column: 'day_id', parent: { table: 'day', key: 'ID', day: 'date' } };
const day = shape('DAY', { id: 'INTEGER', date: 'TEXT' }, ['id']);

describe('a service day', () => {
  it('is that of the parent, and what says no day of the calendar has none', async () => {
    const database = openInMemory();
    database.exec(visits);
    const table = tableOf(database, visit, throughParent);
    const expected: [string | null, bigint[]][] = [
      ['2026-11-26', [1n, 2n, 8n]],
      ['2026-11-27', [3n]],
      [null, [4n, 5n, 6n, 7n, 9n]],
      ['2026-02-30', []],
    ];
    for (const [of, ids] of expected) {
      const keys = await readKeys(table, [{ table: 'VISIT', day: of }], 99);
      expect([of, keys.map(({ key }) => key[0])]).toEqual([of, ids]);
      expect((await readDigests(table, [{ table: 'VISIT', day: of }]))[0]?.rows).toBe(ids.length);
    }
    expect(readDays(table)).toEqual([
      { day: '2026-11-26', rows: 3 },
      { day: '2026-11-27', rows: 1 },
      { day: null, rows: 5 },
    ]);
    const own = { column: 'DATE' };
    expect(readDays(tableOf(database, day, own)).map((each) => each.rows)).toEqual([1, 1, 3]);
    expect(readDays(tableOf(database, visit))).toEqual([{ day: null, rows: 9 }]);
  });

  it.each([
    ['a parent that is not there', { column: 'day_id', parent: { table: 'gone', key: 'id', day: 'date' } }],
    ['a column that is not there', { column: 'service_date' }],
    ['a parent without the column', { column: 'day_id', parent: { table: 'DAY', key: 'id', day: 'when' } }],
  ])('of %s is none', (_, rule) => {
    const database = openInMemory();
    database.exec(visits);
    expect(readDays(tableOf(database, visit, rule))).toEqual([{ day: null, rows: 9 }]);
  });

  it.each([throughParent, { column: 'day_id' }, { column: 'gone' }, undefined])(
    'has as many rows where they are counted two at a time: %j',
    async (rule) => {
      const database = openInMemory();
      database.exec(visits);
      const table = tableOf(database, visit, rule);
      const twoByTwo: ReadRows = async (scan) => {
        while (scan.step(2));
        return Promise.resolve();
      };
      expect(await countDays(table, twoByTwo)).toEqual(readDays(table));
      expect(await countDays(table, readAtOnce)).toEqual(readDays(table));
    },
  );

  it('and the parts of it are the whole, however they are asked for', async () => {
    const database = openInMemory();
    database.exec(visits);
    const table = tableOf(database, visit, throughParent);
    const days = readDays(table).map((each) => each.day);
    const ofDays = days.map((of): BucketQuery => ({ table: 'VISIT', day: of }));
    const whole = await readDigests(table, [{ table: 'VISIT' }]);
    expect([mergeDigests(await readDigests(table, ofDays))]).toEqual(whole);
    expect([mergeDigests(await readDigests(table, ofDays.flatMap(splitQuery)))]).toEqual(whole);
    expect(await readDigests(table, [...ofDays, { table: 'VISIT' }])).toContainEqual(whole[0]);
  });
});

it('reads a database that stores its text as UTF-16, and hashes it as any other', async () => {
  const wide = openInMemory();
  wide.exec(
    `PRAGMA encoding = 'UTF-16le'; CREATE TABLE t(id INTEGER PRIMARY KEY, a, b); INSERT INTO t VALUES(1, 'ä\ufffd', x'ff')`,
  );
  const narrow = filled([[1, "'ä\ufffd'", "x'ff'"]]);
  const [one, other] = [wide, narrow].map((database) =>
    readDigests(tableOf(database, untyped), [{ table: 't' }], inSmallSteps),
  );
  expect(await one).toEqual(await other);
});

it.each([
  ['wal', readAtOnce],
  ['delete', readInSteps],
] as const)('reads a live database in journal mode %s as its app can bear it', (journalMode, expected) => {
  const path = `${scratch()}/ledger.db`;
  makeLedger(path, { journalMode });
  const database = openLive(path);
  expect(readLive(database)).toBe(expected);
  database.close();
});

describe.each(Object.entries(ways))('rows before a walk are counted %s', (way, read) => {
  it.each<[string, TableShape, readonly Cell[] | undefined, number | undefined]>([
    ['id INTEGER PRIMARY KEY', untyped, undefined, 7],
    ['id INTEGER PRIMARY KEY', untyped, [3n], 4],
    ['id INTEGER PRIMARY KEY', untyped, [99n], 0],
    ['id TEXT PRIMARY KEY', shape('t', { id: 'TEXT' }, ['id']), undefined, 7],
    ['id TEXT PRIMARY KEY', shape('t', { id: 'TEXT' }, ['id']), ['3'], way === 'at once' ? 4 : undefined],
    ['id INT PRIMARY KEY', shape('t', { id: 'INT' }, ['id']), [3n], way === 'at once' ? 4 : undefined],
    ['id INTEGER PRIMARY KEY, rowid, oid, _rowid_', untyped, undefined, way === 'at once' ? 7 : undefined],
  ])('of t(%s), %o behind %o: %s', async (columns, given, key, expected) => {
    const database = openInMemory();
    database.exec(`CREATE TABLE t(${columns})`);
    for (let id = 1; id <= 7; id += 1) database.prepare('INSERT INTO t(id) VALUES(?)').run(BigInt(id));
    expect(await countBehind(tableOf(database, given), key, read)).toBe(expected);
    database.close();
  });
});
