// What a comparison of a backup with the live database comes to.
import type { CatalogueEntry } from '../../../lib/backup/catalogue.ts';
import type { ReadTime } from '../../../lib/backup/parse-time.ts';
import { OpsError } from '../../../lib/base/errors.ts';
import type { GuardedApp } from '../../../lib/config/config.ts';
import { databaseOf } from '../../../lib/config/config.ts';
import { diffTotals, type SchemaDiff, type TableDiff } from '../../../lib/source/database-diff.ts';
import type { PassedOver } from './next-sound.ts';
import type { RestoreOrder } from './restored.ts';

/** What is to be compared. */
export interface DiffOrder extends RestoreOrder {
  /** Only this one. */
  table: string | undefined;
  /** How many keys of each kind are told of a table. */
  keysMax: number;
}

export interface RestoreDiff {
  app: string;
  backup: Pick<CatalogueEntry, 'name' | 'takenAt' | 'sizeBytes' | 'state'>;
  /** How --at was understood. */
  asOf?: ReadTime;
  /** The live database. */
  target: string;
  /** Whether there is one. What is damaged as a whole is compared as if it were not there. */
  current: 'readable' | 'none' | 'damaged' | 'unknown';
  /** What is wrong with it, or was not looked at, in sentences. */
  problems: string[];
  /** `rows`, or of a server `counts` alone. */
  compared: 'rows' | 'counts';
  /** Rows of all tables: only now, only in the backup, in both and not alike. */
  added: number;
  removed: number;
  changed: number;
  tables: TableDiff[];
  schema: SchemaDiff[];
  /** Newer backups that were not taken, where the backup was not named. */
  passedOver: PassedOver[];
}

/** What was found of the live database. */
type Found = Pick<RestoreDiff, 'current' | 'problems' | 'compared' | 'tables' | 'schema'>;

export function restoreDiff(
  app: GuardedApp,
  { entry, asOf }: { entry: CatalogueEntry; asOf?: ReadTime },
  found: Found,
): Omit<RestoreDiff, 'passedOver'> {
  const { name, takenAt, sizeBytes, state } = entry;
  return {
    app: app.name,
    backup: { name, takenAt, sizeBytes, state },
    ...(asOf === undefined ? {} : { asOf }),
    target: databaseOf(app),
    ...diffTotals(found.tables),
    ...found,
  };
}

/** That nothing has the name that was asked for. */
export function noTable(table: string): OpsError {
  return new OpsError(
    'usage',
    `cannot find the table ${JSON.stringify(table)}: neither the backup nor the live database has one of that name`,
    { hint: 'restore diff latest names every table that differs' },
  );
}

/** Whether anything is known to differ. */
export function differsAtAll({ current, tables, schema }: RestoreDiff): boolean {
  const isGone = current === 'none' || current === 'damaged';
  return isGone || schema.length > 0 || tables.some(({ state }) => !['same', 'unknown'].includes(state));
}
