// Puts what notes changes into an app's database, and takes it away: each in one transaction, so that the app sees all of it or
// nothing.
import { OpsError } from '../../base/errors.ts';
import { quoted, triggersOf } from '../../delta/capture-sql.ts';
import { isOwnTable } from '../../delta/shape.ts';
import { requireSource } from '../look.ts';
import { sqliteError } from '../errors.ts';
import { type Database, openLive } from '../open.ts';
import { openForCapture } from './open.ts';
import { isInstalled, ownState } from './own-state.ts';
import type { Collection } from './stock.ts';
import { installedTriggers, isCollected, takeStock } from './take-stock.ts';
import { readTables } from './table-facts.ts';

/** So long a lock of the app is waited for. */
const busyMs = 10_000;

export interface Installed {
  /** Whether anything was there before. */
  readonly wasThere: boolean;
  readonly tables: readonly { readonly table: string; readonly by: 'log' | 'diff' }[];
  /** What it put there, or would: SQL. */
  readonly sql: readonly string[];
}

/** Throws what opening the database throws; nothing is changed then. */
export async function installCapture(path: string, collection: Collection): Promise<Installed> {
  return writing(path, 'put triggers into', (database) => {
    const own = ownState(database);
    const wasThere = isInstalled(database);
    const before = new Set(installedTriggers(database).map(({ name }) => name));
    takeStock({ database, collection, mayTrigger: true }, own, { isFirst: !wasThere });
    own.write({ schema_version: Number(database.pragma('schema_version', { simple: true })) });
    const sql = installedTriggers(database)
      .filter(({ name }) => !before.has(name))
      .map((trigger) => trigger.sql);
    const tables = own.registry().filter(({ state }) => state !== 'retired');
    return { wasThere, tables: tables.map(({ name, by }) => ({ table: name, by })), sql };
  });
}

/** What it would put there, of a database that is only looked at. */
export async function planCapture(path: string, collection: Collection): Promise<Installed> {
  const { file, path: found } = await requireSource(path);
  const database = openLive(found, { file });
  try {
    const facts = readTables(database).filter(({ shape }) => isCollected(collection, shape.name));
    const sql = facts.flatMap(({ triggers }, index) =>
      triggers === undefined ? [] : triggersOf({ ...triggers, id: index + 1 }).map((trigger) => trigger.sql),
    );
    const planned = facts.map(({ shape, triggers }) => ({
      table: shape.name,
      by: triggers === undefined ? ('diff' as const) : ('log' as const),
    }));
    return { wasThere: isInstalled(database), tables: planned, sql };
  } catch (error) {
    throw sqliteError(`look at the tables of ${path}`, error);
  } finally {
    database.close();
  }
}

/** Triggers first: one without its log would fail every write of the app. Throws OpsError `missing` where nothing is installed. */
export async function uninstallCapture(path: string): Promise<{ readonly dropped: readonly string[] }> {
  return writing(path, 'take the triggers out of', (database) => {
    const triggers = installedTriggers(database).map(({ name }) => name);
    const tables = ownTablesOf(database);
    if (triggers.length + tables.length === 0)
      throw new OpsError('missing', `cannot take triggers out of ${path}: none of ours is there`, {
        hint: 'delta-push status shows what is installed',
      });
    for (const name of triggers) database.exec(`DROP TRIGGER main.${quoted(name)}`);
    for (const name of tables) database.exec(`DROP TABLE main.${quoted(name)}`);
    return { dropped: [...triggers, ...tables] };
  });
}

function ownTablesOf(database: Database): string[] {
  const all = database
    .prepare(`SELECT name FROM main.sqlite_schema WHERE type = 'table'`)
    .pluck()
    .all() as string[];
  return all.filter(isOwnTable);
}

async function writing<T>(path: string, verb: string, work: (database: Database) => T): Promise<T> {
  const { file, path: found } = await requireSource(path);
  const database = openForCapture(found, { file, busyMs });
  try {
    return database.transaction(() => work(database)).immediate();
  } catch (error) {
    throw sqliteError(`${verb} ${path}`, error, {
      hint: 'another program keeps it locked: try again, or stop the app for a moment',
    });
  } finally {
    database.close();
  }
}
