// Opens what knows of the changes in an app's database: lib/delta/capture.ts is its contract, and docs/decisions/capture-by-triggers.md
// says why it is as it is. Nothing here ever sets the journal mode or checkpoints: the database is the app's.
import { OpsError } from '../../base/errors.ts';
import type { Capture } from '../../delta/capture.ts';
import type { FileNumber } from '../../source/source.ts';
import { sqliteError } from '../errors.ts';
import { openLocalFile } from '../local.ts';
import { type Database, openLive, openWritten } from '../open.ts';
import { DatabaseCapture } from './database-capture.ts';
import { isInstalled, ownState } from './own-state.ts';
import type { Collection } from './stock.ts';
import { takeStock } from './take-stock.ts';

export interface CaptureOptions {
  /** The file that was looked at: another one is not touched. */
  readonly file: FileNumber;
  readonly collection: Collection;
  /** Where what was sent of tables without a usable key is kept; undefined where only a look is wanted. */
  readonly shadow: string | undefined;
  /** Beyond so many waiting entries their tables are walked instead. */
  readonly logRowsMax: number;
  /** So long a lock of the app is waited for. */
  readonly busyMs: number;
}

export type OpenCapture = Capture & Disposable;

/** By triggers. Throws OpsError `missing` where nothing is installed, and what opening the database throws. */
export function openCapture(path: string, options: CaptureOptions): OpenCapture {
  const database = openForCapture(path, options);
  try {
    if (!isInstalled(database)) throw notInstalled(path);
    const openWriter = () => openForCapture(path, options);
    return new DatabaseCapture({ ...options, path, database, own: database, mayTrigger: true, openWriter });
  } catch (error) {
    database.close();
    throw sqliteError(`tell what has changed in ${path}`, error);
  }
}

/** By comparing alone: nothing is written to the database, and what would be there is beside what was sent, at `shadow`. */
export function openComparing(path: string, options: CaptureOptions & { shadow: string }): OpenCapture {
  const database = openLive(path, { file: options.file, lockWaitMs: options.busyMs });
  const own = openLocalFile(options.shadow);
  try {
    const openWriter = () => openForCapture(path, options);
    const parts = { ...options, path, database, own, mayTrigger: false, openWriter };
    if (!isInstalled(own))
      own.transaction(() => takeStock(parts, ownState(own), { isFirst: true })).immediate();
    return new DatabaseCapture(parts);
  } catch (error) {
    database.close();
    own.close();
    throw sqliteError(`tell what has changed in ${path}`, error);
  }
}

/** The app's database, for what its owner asked for. */
export function openForCapture(
  path: string,
  { file, busyMs }: Pick<CaptureOptions, 'file' | 'busyMs'>,
): Database {
  const database = openWritten(path, { file, busyMs });
  database.pragma('wal_autocheckpoint = 0');
  return database;
}

function notInstalled(path: string): OpsError {
  return new OpsError('missing', `cannot tell what has changed in ${path}: no triggers note it`, {
    hint: 'delta-push install puts them there; with --dry-run it shows them first',
  });
}
