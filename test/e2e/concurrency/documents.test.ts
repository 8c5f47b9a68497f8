// Documents of a database that an app writes all the time: all of a run are of one instant, whatever is committed while they are
// made; no commit waits for them; and what lies beside the database stays the app's.
import Database from 'better-sqlite3';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openRows } from '../../../lib/sqlite/rows/session.ts';
import { World } from '../../support/world.ts';
import { sideFiles, startWriters, type Writers } from './beside-writers.ts';
import { accounts, type Entry, makeLedger, requireCommittedState, requireEntries, total } from './ledger.ts';

/** The documents of tables, and those of days: each says of one account what it has, and the newest entry. */
const exports = {
  tables: 'tables = ["bank", "cash", "entry"]\nformat = "ndjson"\nfile = "{table}.ndjson"',
  days: `days = "SELECT date('2026-01-01', id || ' days') FROM cash"
document = """SELECT json_object('cash', cash.amount, 'bank', bank.amount, 'last', (SELECT max(seq) FROM entry))
  FROM cash JOIN bank USING (id) WHERE date('2026-01-01', id || ' days') = :day"""`,
};

test('beside writers all documents of a run are of one committed state, and side files stay the app’s', async () => {
  await using world = new World();
  const writers = await startWriters(world, { journalMode: 'wal', processes: 2 }, (writer) =>
    onTestFinished(() => writer[Symbol.asyncDispose]()),
  );
  await writers.advance();
  const before = sideFiles(world);
  expect(Object.keys(before)).toHaveLength(2);
  for (const round of [1, 2])
    for (const [name, keys] of Object.entries(exports)) {
      const documents = join(world.home, name);
      mkdirSync(documents, { recursive: true });
      world.configure({
        app: `[apps.bookings.export]\ndirectory = ${JSON.stringify(documents)}\n${keys}`,
      });
      const { first, last } = await exportBeside(world, writers);
      const of = name === 'tables' ? ofTables(documents) : ofDays(documents);
      expect(of.sum, `${name}, ${round}`).toBe(total);
      expect(of.last, `${name}, ${round}`).toBeGreaterThanOrEqual(first);
      expect(of.last, `${name}, ${round}`).toBeLessThanOrEqual(last);
      expect(sideFiles(world)).toEqual(before);
    }
  const last = await writers.stop();
  expect(readdirSync(dirname(world.database))).toEqual(['bookings.db']);
  expect(requireCommittedState(world.database)).toBe(last);
}, 600_000);

test('while an instant is read, an app that would not wait for a moment commits', async () => {
  await using world = new World();
  mkdirSync(dirname(world.database), { recursive: true });
  makeLedger(world.database, 'wal');
  using app = writerWithoutPatience(world.database);
  app.commit();
  await using rows = await openRows(world.database);
  const style = { indent: 0, ascii: false, finalNewline: true };
  const linesOf = async (table: string) => {
    const pieces: Uint8Array[] = [];
    const document = rows.document({ kind: 'table', table, format: 'ndjson' }, style);
    for await (const piece of document) {
      app.commit(); // between two pieces as between two documents
      pieces.push(piece);
    }
    return readLines(Buffer.concat(pieces).toString());
  };
  const begun = (await rows.query('SELECT count(*) FROM entry', 'entries'))[0]?.[0];
  const [cash, bank, entries] = [await linesOf('cash'), await linesOf('bank'), await linesOf('entry')];
  expect(begun).toBe(1n);
  expect(entries).toHaveLength(1);
  expect(app.commits).toBeGreaterThan(4);
  expect(amountOf(cash) + amountOf(bank)).toBe(total);
}, 600_000);

async function exportBeside(world: World, writers: Writers): Promise<{ first: number; last: number }> {
  await writers.advance();
  const first = await writers.newest();
  const { exitCode, stderr } = await world.run('db-export-json', ['run']);
  expect(exitCode, stderr).toBe(0);
  return { first, last: await writers.newest() };
}

interface Line {
  amount: number;
}

function ofTables(documents: string): { sum: number; last: number } {
  const read = (table: string) => readLines(readFileSync(join(documents, `${table}.ndjson`), 'utf8'));
  const [cash, bank] = [read('cash'), read('bank')];
  const { last, moved } = requireEntries(read('entry') as Entry[], documents);
  expect(amountOf(bank)).toBe(moved);
  return { sum: amountOf(cash) + amountOf(bank), last };
}

function ofDays(documents: string): { sum: number; last: number } {
  const names = readdirSync(documents);
  expect(names).toHaveLength(accounts);
  const read = names.map(
    (name) =>
      JSON.parse(readFileSync(join(documents, name), 'utf8')) as { cash: number; bank: number; last: number },
  );
  expect(new Set(read.map(({ last }) => last)).size, 'as many instants').toBe(1);
  return { sum: read.reduce((sum, { cash, bank }) => sum + cash + bank, 0), last: read[0]?.last ?? 0 };
}

function readLines(text: string): Line[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

function amountOf(rows: readonly Line[]): number {
  return rows.reduce((sum, { amount }) => sum + amount, 0);
}

/** A commit that finds the database locked fails at once. */
function writerWithoutPatience(path: string) {
  const database = new Database(path, { timeout: 0 });
  const commit = database.transaction((seq: number) => {
    database.prepare('INSERT INTO entry (seq, amount, checksum) VALUES (?, 1, 0)').run(seq);
    database.prepare('UPDATE cash SET amount = amount - 1 WHERE id = 1').run();
    database.prepare('UPDATE bank SET amount = amount + 1 WHERE id = 1').run();
  });
  let commits = 0;
  return {
    get commits() {
      return commits;
    },
    commit: () => void commit.immediate((commits += 1)),
    [Symbol.dispose]: () => void database.close(),
  };
}
