// What the history needs of a database. The real one comes from lib/sqlite; whoever opens the history passes it in.

type Value = string | number | bigint | null;

/** One open connection. Every method may throw what SQLite throws. */
export interface HistoryDatabase {
  /** Runs statements that return nothing. */
  exec(sql: string): void;
  /** Runs one statement with named parameters, `:name` in the text. */
  run(sql: string, parameters: Record<string, Value>): void;
  all(sql: string, parameters?: Record<string, Value>): Record<string, unknown>[];
  /** All of `work` or nothing of it. Takes the write lock at its start, so that it cannot be refused half-way. */
  transaction<T>(work: () => T): T;
  /** The second call does nothing. */
  close(): void;
}
