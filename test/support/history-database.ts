// A real SQLite database as the history sees one.
import Database from 'better-sqlite3';
import type { HistoryDatabase } from '../../lib/history/database.ts';

export function openHistoryDatabase(path: string): HistoryDatabase {
  return historyDatabase(new Database(path));
}

export function historyDatabase(database: Database.Database): HistoryDatabase {
  return {
    exec: (sql) => void database.exec(sql),
    run: (sql, parameters) => void database.prepare(sql).run(parameters),
    all: (sql, parameters = {}) => database.prepare(sql).all(parameters) as Record<string, unknown>[],
    transaction: (work) => database.transaction(work).immediate(),
    close: () => void database.close(),
  };
}
