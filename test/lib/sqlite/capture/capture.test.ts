// What an app writes, with and without our triggers: the outcome of its statements is the same, and what is collected makes a copy
// that is the same, value by value.
import { join } from 'node:path';
import { rmSync } from 'node:fs';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Capture, collectWhole } from '../../../../lib/delta/capture.ts';
import { rowHashText } from '../../../../lib/delta/canonical.ts';
import type { Change } from '../../../../lib/delta/change.ts';
import type { Cell } from '../../../../lib/delta/cell.ts';
import { requireSource } from '../../../../lib/sqlite/look.ts';
import { installCapture, uninstallCapture } from '../../../../lib/sqlite/capture/install.ts';
import { openCapture } from '../../../../lib/sqlite/capture/open.ts';
import { scratch } from '../../../support/scratch.ts';

const everything = { tables: undefined, without: [] };

const schema = `
  CREATE TABLE plain(id INTEGER PRIMARY KEY, a UNIQUE, b);
  CREATE TABLE stop(code TEXT PRIMARY KEY COLLATE NOCASE NOT NULL, label TEXT UNIQUE COLLATE NOCASE, v);
  CREATE TABLE pair(x NOT NULL, y NOT NULL, v, PRIMARY KEY(x, y), UNIQUE(v) ON CONFLICT REPLACE) WITHOUT ROWID;
  CREATE TABLE child(id INTEGER PRIMARY KEY, parent REFERENCES plain(id) ON UPDATE CASCADE ON DELETE CASCADE, n INT);
  CREATE UNIQUE INDEX child_n ON child(n) WHERE n > 3;
  CREATE TABLE loose(a, b);`;

const conflict = fc.constantFrom('', 'OR REPLACE', 'OR IGNORE', 'OR FAIL', 'OR ABORT', 'OR ROLLBACK');
const small = fc.constantFrom(
  '0',
  '1',
  '2',
  '3',
  '4',
  '5',
  'NULL',
  "'a'",
  "'A'",
  "'b'",
  '1.0',
  "x'00ff'",
  "CAST(x'ff' AS TEXT)",
);
const code = fc.constantFrom("'a'", "'A'", "'b'", "'B '", "'c'");
const id = fc.integer({ min: 1, max: 5 }).map(String);
const text = (strings: TemplateStringsArray, ...parts: fc.Arbitrary<string>[]) =>
  fc
    .tuple(...parts)
    .map((values) => strings.reduce((sum, one, index) => sum + one + (values[index] ?? ''), ''));

const statement = fc.oneof(
  text`INSERT ${conflict} INTO plain VALUES(${id}, ${small}, ${small})`,
  text`UPDATE ${conflict} plain SET id = ${id}, a = ${small} WHERE id = ${id}`,
  text`UPDATE ${conflict} plain SET rowid = ${id} WHERE id = ${id}`,
  text`UPDATE ${conflict} plain SET id = id + 1, b = ${small}`,
  text`INSERT INTO plain VALUES(${id}, ${small}, 7) ON CONFLICT(id) DO UPDATE SET b = excluded.b, a = ${small}`,
  text`INSERT INTO plain VALUES(${id}, ${small}, 8) ON CONFLICT DO NOTHING`,
  text`DELETE FROM plain WHERE id = ${id}`,
  text`INSERT ${conflict} INTO stop VALUES(${code}, ${code}, ${small})`,
  text`UPDATE ${conflict} stop SET code = ${code} WHERE code = ${code}`,
  text`UPDATE ${conflict} stop SET label = ${code}`,
  text`DELETE FROM stop WHERE code = ${code}`,
  text`INSERT ${conflict} INTO pair VALUES(${id}, ${small}, ${small})`,
  text`UPDATE ${conflict} pair SET y = ${small}, v = ${small} WHERE x = ${id}`,
  text`INSERT ${conflict} INTO child VALUES(${id}, ${id}, ${id})`,
  text`UPDATE ${conflict} child SET n = n + 1`,
  text`INSERT INTO loose VALUES(${small}, ${small})`,
  text`UPDATE loose SET b = ${small} WHERE a IS ${small}`,
  text`DELETE FROM loose WHERE rowid = ${id}`,
  fc.constantFrom(
    'BEGIN',
    'COMMIT',
    'ROLLBACK',
    'SAVEPOINT s',
    'ROLLBACK TO s',
    'RELEASE s',
    'COLLECT',
    'VACUUM',
  ),
);

/** The outcome of a statement, as its app sees it. */
function outcome(database: Database.Database, sql: string): string {
  try {
    if (/^(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|VACUUM)/.test(sql))
      return String(database.exec(sql).inTransaction);
    const { changes, lastInsertRowid } = database.prepare(sql).run();
    // Of what put in nothing it is a number from before, which a failed statement or a VACUUM leaves as it likes.
    const putsIn = sql.startsWith('INSERT') && !/INTO pair|ON CONFLICT/.test(sql) && changes > 0;
    return putsIn ? `${changes} ${lastInsertRowid}` : `${changes}`;
  } catch (error) {
    return `${(error as { code: string }).code} ${(error as Error).message}`;
  }
}

/** A copy by what is collected alone. */
class Copy {
  readonly rows = new Map<string, string>();
  readonly #snapshotRowsMax: number;

  constructor(snapshotRowsMax: number) {
    this.#snapshotRowsMax = snapshotRowsMax;
  }

  take(capture: Capture): void {
    const next = () =>
      collectWhole(capture, { rowsMax: 3, bytesMax: 1e6, snapshotRowsMax: this.#snapshotRowsMax });
    for (let piece = next(); piece !== undefined; piece = next()) {
      for (const change of piece.changes) {
        const shape = piece.tables[change.table];
        const cells = change.kind === 'tombstone' ? change.key : change.cells;
        const key =
          change.kind === 'tombstone'
            ? change.key
            : (shape?.key ?? []).map(
                (name) => cells[shape?.columns.findIndex((one) => one.name === name) ?? 0] ?? null,
              );
        const name = `${shape?.name} ${rowHashText(key.map(asNumber))}`;
        if (change.kind === 'tombstone') this.rows.delete(name);
        else this.rows.set(name, rowHashText(cells.slice(0, shape?.identity === 'content' ? -1 : undefined)));
      }
      const table = piece.range && piece.tables[piece.range.table]?.name;
      capture.acknowledge({ toSeq: piece.toSeq, range: piece.range, table }, { nonce: 'n', batchNo: 1 });
    }
  }
}

/** SQLite takes 1 and 1.0 for one key. */
const asNumber = (cell: Cell): Cell =>
  typeof cell === 'number' && Number.isInteger(cell) ? BigInt(cell) : cell;

function live(database: Database.Database): string[] {
  return ['plain', 'stop', 'pair', 'child', 'loose'].flatMap((table) => {
    const rows = database.prepare(`SELECT * FROM ${table}`).safeIntegers().raw().all() as Cell[][];
    const names = database.prepare(`SELECT name FROM pragma_table_info(?)`).pluck().all(table) as string[];
    const broken = database
      .prepare(
        `SELECT ${names.map((name) => `typeof(${name}), CAST(${name} AS BLOB)`).join(', ')} FROM ${table}`,
      )
      .raw()
      .all() as unknown[][];
    return rows.map((row, index) => {
      const exact = row.map((cell, column) =>
        typeof cell === 'string' && cell.includes('\ufffd')
          ? { text: new Uint8Array(broken[index]?.[column * 2 + 1] as Buffer) }
          : cell,
      );
      return `${table} ${rowHashText(exact)}`;
    });
  });
}

const copied = (copy: Copy) => [...copy.rows].map(([name, hash]) => `${name.split(' ')[0]} ${hash}`).sort();

async function pair({
  wal,
  foreignKeys,
  recursive,
}: {
  wal: boolean;
  foreignKeys: boolean;
  recursive: boolean;
}) {
  const path = join(scratch(), 'app.db');
  const open = (name: string) => {
    const database = new Database(name);
    database.pragma(`journal_mode = ${wal ? 'WAL' : 'DELETE'}`);
    database.pragma('synchronous = OFF');
    database.pragma(`foreign_keys = ${foreignKeys ? 'ON' : 'OFF'}`);
    database.pragma(`recursive_triggers = ${recursive ? 'ON' : 'OFF'}`);
    return database;
  };
  for (const name of [path, `${path}.alone`]) open(name).exec(schema).close();
  await installCapture(path, everything);
  const { file } = await requireSource(path);
  const capture = openCapture(path, {
    file,
    collection: everything,
    shadow: `${path}.shadow`,
    logRowsMax: 1e6,
    busyMs: 0,
  });
  capture.beginEpoch('e');
  // Afterwards: SQLite keeps a descriptor that another connection of this process has closed, and ours would be taken for another file.
  const [watched, alone] = [open(path), open(`${path}.alone`)];
  return { path, watched, alone, capture };
}

describe('an app that is watched', () => {
  test.each([
    { wal: true, foreignKeys: true, recursive: false },
    { wal: true, foreignKeys: false, recursive: true },
    { wal: false, foreignKeys: true, recursive: true },
    { wal: false, foreignKeys: false, recursive: false },
  ])('sees what it would see, and a copy becomes the same: $wal, $foreignKeys, $recursive', async (how) => {
    await fc.assert(
      fc.asyncProperty(fc.array(statement, { minLength: 5, maxLength: 40 }), async (statements) => {
        const { path, watched, alone, capture } = await pair(how);
        const copy = new Copy(how.recursive ? 8 : 1000);
        try {
          for (const sql of statements) {
            if (sql !== 'COLLECT')
              expect(`${sql}: ${outcome(watched, sql)}`).toBe(`${sql}: ${outcome(alone, sql)}`);
            else if (!watched.inTransaction) copy.take(capture);
          }
          if (watched.inTransaction) for (const database of [watched, alone]) database.exec('COMMIT');
          copy.take(capture);
          expect(live(watched).sort()).toEqual(live(alone).sort());
          expect(copied(copy)).toEqual(live(watched).sort());
        } finally {
          for (const one of [watched, alone, capture]) one.close();
          for (const name of ['', '.alone', '.shadow', '-wal', '-shm']) rmSync(path + name, { force: true });
        }
      }),
      { numRuns: 25 },
    );
  });

  test('is missed nothing when tables are rebuilt, renamed, grown and dropped', async () => {
    const { path, watched, alone, capture } = await pair({ wal: true, foreignKeys: false, recursive: false });
    const copy = new Copy(1000);
    watched.exec(`INSERT INTO plain VALUES(1, 'a', 1), (2, 'b', 2); INSERT INTO stop VALUES('a', 'x', 1)`);
    copy.take(capture);
    watched.exec(`BEGIN; CREATE TABLE fresh(id INTEGER PRIMARY KEY, a UNIQUE, b); INSERT INTO fresh SELECT * FROM plain;
      DROP TABLE plain; ALTER TABLE fresh RENAME TO plain; COMMIT; UPDATE plain SET b = 9; DELETE FROM plain WHERE id = 1`);
    copy.take(capture);
    expect(capture.check().warnings).toEqual([]); // it was said with what was collected, or nothing was left to say
    watched.exec(`ALTER TABLE stop ADD COLUMN more DEFAULT 5`);
    copy.take(capture);
    watched.exec(`INSERT INTO plain VALUES(7, 'z', 1)`);
    copy.take(capture);
    expect(copied(copy).filter((row) => !row.startsWith('plain'))).toEqual(
      live(watched).filter((row) => !row.startsWith('plain')),
    );
    // The row that went unseen is told by the range of the walk, which this copy does not follow.
    expect(copied(copy)).toEqual(expect.arrayContaining(live(watched)));
    expect(capture.tables().map(({ state }) => state)).toEqual(['live', 'live', 'live', 'live', 'live']);
    for (const one of [watched, alone, capture]) one.close();
    expect((await uninstallCapture(path)).dropped).toContain('_holdfast_log');
    const after = new Database(path);
    expect(
      after.prepare(`SELECT count(*) FROM sqlite_schema WHERE name LIKE '%holdfast%'`).pluck().get(),
    ).toBe(0);
    after.close();
  });

  test('has all that is logged in one piece while it fits, and else pieces of the log in order', async () => {
    const { watched, alone, capture } = await pair({ wal: true, foreignKeys: false, recursive: false });
    new Copy(0).take(capture);
    const some = `WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 500)`;
    watched.exec(`${some} INSERT INTO plain SELECT i, i, 1 FROM c; DELETE FROM plain WHERE id > 400`);
    const sizes = (limits: { rowsMax: number; snapshotRowsMax: number }, fits = Infinity) => {
      const [taken, begun]: [Change[][], number[]] = [[], []];
      const sink = {
        begin: () => void (begun.push(taken.push([])), undefined),
        take: (change: Change) => (taken.at(-1)?.push(change) ?? 0) < fits,
      };
      const told = capture.collect({ bytesMax: 1e6, ...limits }, sink);
      const kinds = Map.groupBy(taken.at(-1) ?? [], ({ kind }) => kind);
      return [kinds.get('tombstone')?.length ?? 0, kinds.get('upsert')?.length ?? 0, told?.toSeq];
    };
    const { ackedSeq, lastSeq } = capture.state();
    expect(sizes({ rowsMax: 3, snapshotRowsMax: 1000 })).toEqual([100, 400, lastSeq]);
    expect(sizes({ rowsMax: 3, snapshotRowsMax: 500 })).toEqual([100, 400, lastSeq]);
    expect(sizes({ rowsMax: 3, snapshotRowsMax: 499 })).toEqual([0, 300, ackedSeq + 300]);
    expect(sizes({ rowsMax: 3, snapshotRowsMax: 1000 }, 400)).toEqual([0, 300, ackedSeq + 300]);
    expect(sizes({ rowsMax: 3, snapshotRowsMax: 1000 }, 20)).toEqual([0, 18, ackedSeq + 18]);
    // Nothing fits: an ordinary piece travels all the same.
    expect(sizes({ rowsMax: 3, snapshotRowsMax: 1000 }, 1)).toEqual([0, 3, ackedSeq + 3]);
    expect(sizes({ rowsMax: 3, snapshotRowsMax: 0 })).toEqual([0, 3, ackedSeq + 3]);
    for (const one of [watched, alone, capture]) one.close();
  });

  test('names the key of a row that is too large to travel, so that what the receiver has of it stays', async () => {
    const { watched, alone, capture } = await pair({ wal: true, foreignKeys: false, recursive: false });
    watched.exec(`INSERT INTO plain VALUES(1, 'a', 1), (2, 'b', zeroblob(17000000)), (3, 'c', 3)`);
    new Copy(1000).take(capture);
    capture.walk(['plain']);
    const piece = collectWhole(capture, { rowsMax: 9, bytesMax: 1e8, snapshotRowsMax: 0 });
    expect(piece?.range).toEqual({ table: 0, after: undefined, through: undefined, kept: [[2n]] });
    expect(piece?.changes.map((change) => change.kind === 'upsert' && change.cells[0])).toEqual([1n, 3n]);
    expect(piece?.tooLarge).toEqual([expect.stringContaining('the receiver keeps what it had of it')]);
    for (const one of [watched, alone, capture]) one.close();
  });

  test('begins a walk anew whatever piece of the one before arrives late', async () => {
    const { watched, alone, capture } = await pair({ wal: true, foreignKeys: false, recursive: false });
    watched.exec(`INSERT INTO plain VALUES(1, 'a', 1), (2, 'b', 2), (3, 'c', 3), (4, 'd', 4)`);
    const limits = { rowsMax: 3, bytesMax: 1e6, snapshotRowsMax: 0 };
    const next = (link: string) => {
      const piece = collectWhole(capture, limits);
      capture.noteMade(link);
      const { toSeq = 0, range, tables = [] } = piece ?? {};
      const table = range && tables[range.table]?.name;
      return { toSeq, range, table };
    };
    const state = () => capture.tables().find(({ shape }) => shape.name === 'plain')?.state;
    new Copy(1000).take(capture);
    capture.walk(['plain']);
    const late = next('one');
    capture.walk(['plain']);
    capture.acknowledge(late, { nonce: 'n', batchNo: 2 });
    expect(late.range?.through).toEqual([3n]);
    const again = next('two');
    expect(again.range).toEqual(late.range);
    capture.acknowledge(again, { nonce: 'n', batchNo: 3 });
    expect(state()).toBe('walk');
    capture.acknowledge(next('three'), { nonce: 'n', batchNo: 4 });
    expect(state()).toBe('live');
    for (const one of [watched, alone, capture]) one.close();
  });

  test('never gives a number of the log twice, though all of it has arrived and a statement failed half-way', async () => {
    const { watched, alone, capture } = await pair({ wal: true, foreignKeys: false, recursive: false });
    new Copy(1000).take(capture);
    const seen = new Set<number>();
    for (let round = 0; round < 20; round += 1) {
      outcome(
        watched,
        `INSERT OR FAIL INTO plain(id, a) VALUES(${round + 1}, ${round}), (${round + 2}, ${round}), (1, 0)`,
      );
      const { lastSeq, ackedSeq } = capture.state();
      if (lastSeq > ackedSeq) expect(seen.has(lastSeq)).toBe(false);
      seen.add(lastSeq);
      new Copy(1000).take(capture);
    }
    for (const one of [watched, alone, capture]) one.close();
  });
});
