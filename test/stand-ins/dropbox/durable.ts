// What the stand-in remembers over a restart, also over a kill -9: every change is a row in SQLite before it is
// answered. The working state is in memory; the rows are only read at the start.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';

/** The file behind all durable maps and logs of one account. */
export class DurableState {
  private readonly database: Database.Database;

  constructor(directory: string) {
    mkdirSync(directory, { recursive: true });
    this.database = new Database(join(directory, 'state.db'));
    this.database.pragma('journal_mode = WAL');
    this.database.pragma('synchronous = OFF'); // a killed process loses nothing; only a power cut would
    this.database
      .exec(`CREATE TABLE IF NOT EXISTS map (kind TEXT, key TEXT, value TEXT, PRIMARY KEY (kind, key));
      CREATE TABLE IF NOT EXISTS log (sequence INTEGER PRIMARY KEY, value TEXT NOT NULL)`);
  }

  map<Value>(kind: string): DurableMap<Value> {
    return new DurableMap<Value>(this.database, kind);
  }

  log<Value>(): DurableLog<Value> {
    return new DurableLog<Value>(this.database);
  }

  /** Everything written inside is there after a kill, or nothing of it. */
  atomically<Result>(change: () => Result): Result {
    return this.database.transaction(change)();
  }

  close(): void {
    this.database.close();
  }
}

/** A map whose entries survive a restart. A value that was changed in place has to be set again. */
export class DurableMap<Value> {
  private readonly memory = new Map<string, Value>();
  private readonly upsert: Database.Statement;
  private readonly remove: Database.Statement;
  private readonly kind: string;

  constructor(database: Database.Database, kind: string) {
    this.kind = kind;
    this.upsert = database.prepare('INSERT OR REPLACE INTO map VALUES (?, ?, ?)');
    this.remove = database.prepare('DELETE FROM map WHERE kind = ? AND key = ?');
    const rows = database.prepare('SELECT key, value FROM map WHERE kind = ?').all(kind);
    for (const row of rows as { key: string; value: string }[]) {
      this.memory.set(row.key, JSON.parse(row.value) as Value);
    }
  }

  get(key: string): Value | undefined {
    return this.memory.get(key);
  }

  set(key: string, value: Value): void {
    this.upsert.run(this.kind, key, JSON.stringify(value));
    this.memory.set(key, value);
  }

  delete(key: string): void {
    this.remove.run(this.kind, key);
    this.memory.delete(key);
  }

  values(): Value[] {
    return [...this.memory.values()];
  }
}

/** A list that only grows. */
export class DurableLog<Value> {
  private readonly insert: Database.Statement;
  readonly stored: readonly Value[];

  constructor(database: Database.Database) {
    this.insert = database.prepare('INSERT INTO log (value) VALUES (?)');
    const rows = database.prepare('SELECT value FROM log ORDER BY sequence').all();
    this.stored = (rows as { value: string }[]).map((row) => JSON.parse(row.value) as Value);
  }

  append(value: Value): void {
    this.insert.run(JSON.stringify(value));
  }
}
