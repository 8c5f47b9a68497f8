// A small database of our own (the history), opened for reading and writing.
import { openOwn } from './open.ts';

type Value = string | number | bigint | null;

/** Named parameters in, plain rows out; everything a small table store needs. */
export interface LocalDatabase {
  exec(sql: string): void;
  run(sql: string, parameters: Record<string, Value>): void;
  all(sql: string, parameters?: Record<string, Value>): Record<string, unknown>[];
  /** Holds the write lock from its beginning. */
  transaction<T>(work: () => T): T;
  close(): void;
}

/** Opens (and where needed creates) the database at `path`. Throws SQLite's own errors. */
export function openLocal(path: string): LocalDatabase {
  const database = openOwn(path, { create: true });
  return {
    exec: (sql) => void database.exec(sql),
    run: (sql, parameters) => void database.prepare(sql).run(parameters),
    all: (sql, parameters = {}) => database.prepare(sql).all(parameters) as Record<string, unknown>[],
    transaction: (work) => database.transaction(work).immediate(),
    close: () => void database.close(),
  };
}
