// Whether what notes the changes of a database is whole: each table's triggers, the log that they write to, and a trial of it
// that is taken back. A trigger without its log fails every write of the app.
import { triggersOf } from '../../delta/capture-sql.ts';
import { errorMessage } from '../../base/errors.ts';
import type { ExaminedCapture, ExaminedTable } from '../../delta/examined-capture.ts';
import { sqliteError } from '../errors.ts';
import { requireSource } from '../look.ts';
import { openForCapture } from './open.ts';
import type { Database } from '../open.ts';
import { isInstalled, ownState } from './own-state.ts';
import type { Collection } from './stock.ts';
import { installedTriggers, ownOf, readStock, tableIdOf, triggerState } from './take-stock.ts';

/** So long a lock of the app is waited for. */
const busyMs = 10_000;

/** Changes nothing. Throws what opening the database throws, and OpsError `unavailable` where the app keeps it locked. */
export async function examineCapture(path: string, collection: Collection): Promise<ExaminedCapture> {
  const { file, path: found } = await requireSource(path);
  const database = openForCapture(found, { file, busyMs });
  try {
    database.exec('BEGIN IMMEDIATE');
    try {
      return examine(database, collection);
    } finally {
      database.exec('ROLLBACK');
    }
  } catch (error) {
    throw sqliteError(`look at the triggers of ${path}`, error);
  } finally {
    database.close();
  }
}

function examine(database: Database, collection: Collection): ExaminedCapture {
  const journalMode = String(database.pragma('journal_mode', { simple: true }));
  const installed = installedTriggers(database);
  if (!isInstalled(database)) {
    const hasLog = hasTable(database, '_holdfast_log');
    return {
      isInstalled: false,
      journalMode,
      tables: [],
      strayTriggers: installed.map(({ name }) => name),
      log: undefined,
      trouble: installed.length > 0 && !hasLog ? 'its triggers write to a table that is gone' : undefined,
    };
  }
  const { tables } = readStock({ database, collection, mayTrigger: true }, ownState(database));
  const known = new Set(tables.map(({ id }) => id));
  const stray = installed.filter((one) => !known.has(tableIdOf(one))).map(({ name }) => name);
  const examined = tables.map(({ id, name, by, facts }): ExaminedTable => {
    if (by === 'diff' || facts.triggers === undefined) return { table: name, by, triggers: 'none' };
    const wanted = triggersOf({ ...facts.triggers, id });
    return { table: name, by, triggers: triggerState(wanted, ownOf(installed, id)) };
  });
  const entries = Number(database.prepare('SELECT count(*) FROM main._holdfast_log').pluck().get());
  const log = { waiting: ownState(database).read().waiting, entries };
  return {
    isInstalled: true,
    journalMode,
    tables: examined,
    strayTriggers: stray,
    log,
    trouble: trial(database),
  };
}

/** An entry as a trigger would write it, which the transaction takes back. */
function trial(database: Database): string | undefined {
  try {
    database.prepare('INSERT INTO main._holdfast_log(t, k1) VALUES(0, NULL)').run();
    database.prepare('DELETE FROM main._holdfast_log WHERE seq = last_insert_rowid()').run();
    return undefined;
  } catch (error) {
    return errorMessage(error);
  }
}

function hasTable(database: Database, name: string): boolean {
  return (
    database.prepare(`SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = ?`).get(name) !==
    undefined
  );
}
