// A database whose changes are logged, made by hand: what reads the log is tested without what installs it.
import { join } from 'node:path';
import type { CapturedTable } from '../../lib/delta/capture.ts';
import type { Database } from '../../lib/sqlite/open.ts';
import { openOwn } from '../../lib/sqlite/open.ts';
import type { OpenWatching } from '../../lib/sqlite/serving/connections.ts';

export interface LoggedDatabase {
  readonly path: string;
  readonly database: Database;
  readonly openCapture: OpenWatching;
}

/** Herds: batches of cattle, with the time of each row's last change, and a table whose rows nothing tells apart. */
export function herdDatabase(directory: string): LoggedDatabase {
  const path = join(directory, 'herd.db');
  const database = openOwn(path, { create: true });
  database.pragma('journal_mode = WAL');
  database.exec(`
    CREATE TABLE batches (id INTEGER PRIMARY KEY, batch_number VARCHAR(50), induction_date DATE, updated_at DATETIME);
    CREATE TABLE cattle (id INTEGER PRIMARY KEY, batch_id INTEGER, weight FLOAT, notes, updated_at DATETIME);
    CREATE TABLE readings (raw);
    CREATE TABLE _holdfast_log (seq INTEGER PRIMARY KEY, t INTEGER, k1, k2);
    CREATE TABLE _holdfast_reader (name TEXT PRIMARY KEY, seq INTEGER);
    CREATE TABLE _holdfast_delta (acked_seq INTEGER);
    ${logging('batches', 1)} ${logging('cattle', 2)}`);
  const column = (name: string, declared: string) => ({ name, declared, notNull: false });
  const stamp = column('updated_at', 'DATETIME');
  const id = column('id', 'INTEGER');
  const columns = {
    batches: [id, column('batch_number', 'VARCHAR(50)'), column('induction_date', 'DATE'), stamp],
    cattle: [id, column('batch_id', 'INTEGER'), column('weight', 'FLOAT'), column('notes', ''), stamp],
    readings: [column('raw', ''), column('_holdfast_key', 'TEXT')],
  };
  const table = (number: number, name: keyof typeof columns): CapturedTable => {
    const isKeyed = name !== 'readings';
    const key = [isKeyed ? 'id' : '_holdfast_key'];
    const shape = { name, columns: columns[name], key, identity: isKeyed ? 'primary' : 'content' } as const;
    return { id: number, shape, by: isKeyed ? 'log' : 'diff', state: 'live', walkedTo: undefined };
  };
  const tables = [table(1, 'batches'), table(2, 'cattle'), table(3, 'readings')];
  const capture = {
    check: () => ({ warnings: [], walks: [] }),
    tables: () => tables,
    [Symbol.dispose]: () => undefined,
  };
  return { path, database, openCapture: () => capture };
}

function logging(table: string, id: number): string {
  const log = (row: string) => `INSERT INTO _holdfast_log (t, k1) VALUES (${id}, ${row}.id);`;
  return `
    CREATE TRIGGER _holdfast_${id}_ai AFTER INSERT ON ${table} BEGIN ${log('NEW')} END;
    CREATE TRIGGER _holdfast_${id}_au AFTER UPDATE ON ${table} BEGIN ${log('NEW')} END;
    CREATE TRIGGER _holdfast_${id}_ad AFTER DELETE ON ${table} BEGIN ${log('OLD')} END;`;
}
