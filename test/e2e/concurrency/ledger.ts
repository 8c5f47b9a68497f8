// A database whose every committed state can be told from every mixture of states, and how to check one.
import Database from 'better-sqlite3';

/** What `cash` and `bank` hold together in every committed state. */
export const total = 1_000_000;
export const accounts = 40;

/**
 * Makes an empty ledger of a good 16 MB, or of `sizeBytes` and a little. `cash` lies at the beginning of the file and `bank` at its end, each row on
 * pages of its own: a copy that takes some pages before a transfer and others after it has another total.
 */
export function makeLedger(path: string, journalMode: 'wal' | 'delete', sizeBytes = 16e6): void {
  const database = new Database(path);
  database.pragma(`journal_mode = ${journalMode}`);
  database.pragma('synchronous = OFF');
  const account = '(id INTEGER PRIMARY KEY, amount INTEGER NOT NULL, paper BLOB DEFAULT (randomblob(3000)))';
  database.exec(`CREATE TABLE cash ${account}`);
  fill(database, 'cash', total / accounts);
  database.exec('CREATE TABLE attachment (id INTEGER PRIMARY KEY, body BLOB)');
  const attach = database.prepare('INSERT INTO attachment (body) VALUES (randomblob(1000000))');
  database.transaction(() => {
    for (let i = 0; i < sizeBytes / 1e6; i += 1) attach.run();
  })();
  database.exec(`CREATE TABLE bank ${account}`);
  fill(database, 'bank', 0);
  database.exec(
    'CREATE TABLE entry (seq INTEGER PRIMARY KEY, amount INTEGER NOT NULL, checksum INTEGER NOT NULL)',
  );
  database.close();
}

function fill(database: Database.Database, table: string, amount: number): void {
  const insert = database.prepare(`INSERT INTO ${table} (amount) VALUES (?)`);
  for (let i = 0; i < accounts; i += 1) insert.run(amount);
}

/** The checksum of an entry covers every entry before it. */
export function checksumAfter(before: number, seq: number, amount: number): number {
  return (Math.imul(before ^ seq, 16_777_619) + amount) | 0;
}

/** Requires that the closed database at `path` is one committed state; returns the number of its last entry. */
export function requireCommittedState(path: string): number {
  const database = new Database(path, { readonly: true, fileMustExist: true });
  try {
    const sum = number(database, 'SELECT (SELECT sum(amount) FROM cash) + (SELECT sum(amount) FROM bank)');
    if (sum !== total) throw new Error(`${path}: cash and bank hold ${sum} together, not ${total}`);
    const verdict = database.pragma('integrity_check', { simple: true });
    if (verdict !== 'ok') throw new Error(`${path}: ${String(verdict)}`);
    return requireChain(database, path);
  } finally {
    database.close();
  }
}

function requireChain(database: Database.Database, path: string): number {
  const entries = database.prepare('SELECT seq, amount, checksum FROM entry ORDER BY seq');
  const { last, moved } = requireEntries(entries.iterate() as Iterable<Entry>, path);
  const bank = number(database, 'SELECT sum(amount) FROM bank');
  if (bank !== moved) throw new Error(`${path}: the entries say ${moved}, the bank holds ${bank}`);
  return last;
}

export interface Entry {
  seq: number;
  amount: number;
  checksum: number;
}

/** Requires that the entries are those of one committed state; returns the last one, and how much they have moved. */
export function requireEntries(entries: Iterable<Entry>, path: string): { last: number; moved: number } {
  let [last, checksum, moved] = [0, 0, 0];
  for (const entry of entries) {
    if (entry.seq !== last + 1) throw new Error(`${path}: entry ${entry.seq} follows entry ${last}`);
    checksum = checksumAfter(checksum, entry.seq, entry.amount);
    if (entry.checksum !== checksum) throw new Error(`${path}: entry ${entry.seq} is not what was committed`);
    last = entry.seq;
    moved += entry.amount;
  }
  return { last, moved };
}

function number(database: Database.Database, sql: string): number {
  return Number(database.prepare(sql).pluck().get());
}
