// What a run over the documents of an app came to, and how it is told.
import { formatBytes, formatCount } from '../../../lib/base/format.ts';
import type { AppFinding } from '../../steps/each-app.ts';
import type { Imported } from './import-documents.ts';

/** The documents of one app. */
export interface Exported {
  directory: string;
  documents: number;
  /** Of all of them together. */
  sizeBytes: number;
  new: string[];
  changed: string[];
  /** Frozen, and not what the database says: left as they are. */
  held: string[];
  /** There, though the database has no such day or table any more: left as they are. */
  vanished: string[];
  /** Tables whose data no document can have. */
  leftOut: string[];
  /** Not the same as what the database says, and not to be written: the app writes it, or it is the truth. */
  different: string[];
  /** Those that are the truth, and have become rows; undefined where none is. */
  mirrored: Omit<Imported, 'target'> | undefined;
}

/** What is bad about it. */
export function exportFindings(
  { documents, held, vanished, leftOut, different, mirrored }: Exported,
  app: string,
): AppFinding[] {
  const findings: AppFinding[] = [];
  if (documents === 0 && mirrored?.isNew !== true)
    findings.push({
      severity: 'warning',
      message: 'the days query lists no service day: there is nothing to export',
      hint: `look at days in [apps.${app}.export]`,
    });
  if (held.length > 0)
    findings.push({
      severity: 'warning',
      message: `${some(held)} frozen, and the database has changed since: left as it was`,
      hint: `db-export-json check --app ${app} shows what differs`,
    });
  if (vanished.length > 0)
    findings.push({
      severity: 'warning',
      message: `${some(vanished)} there, but no longer in the database: left as it is`,
      hint: 'delete what is no longer wanted by hand',
    });
  if (different.length > 0)
    findings.push({
      severity: 'warning',
      message: `${some(different)} not what the database says`,
      hint: `db-export-json check --app ${app} shows what differs`,
    });
  if (leftOut.length > 0)
    findings.push({
      severity: 'warning',
      message: `the data of ${leftOut.join(', ')} cannot be read row by row, and is in no document`,
      hint: `where that is as it should be, name the tables that are wanted: tables in [apps.${app}.export]`,
    });
  return findings;
}

/** `a.json is`, or `a.json and 3 more are`. */
export function some(names: readonly string[]): string {
  const [first = ''] = names;
  return names.length === 1 ? `${first} is` : `${first} and ${names.length - 1} more are`;
}

/** What a person reads of it: `isNew` and `isChanged` are the words for what was, or would be, done. */
export function exportLines(exported: Exported, app: string, [isNew, isChanged]: [string, string]): string[] {
  const { directory, documents, sizeBytes, held, vanished, leftOut, different, mirrored } = exported;
  const counts = `${exported.new.length} ${isNew}, ${exported.changed.length} ${isChanged}`;
  return [
    `${app}: ${formatCount(documents, 'document')} in ${directory}, ${formatBytes(sizeBytes)}: ${counts}`,
    ...(mirrored === undefined
      ? []
      : [
          `  ${formatCount(mirrored.documents, 'document')} in the database: ${mirrored.changed.length} ${isChanged}`,
        ]),
    ...exported.new.map((name) => `  ${isNew}: ${name}`),
    ...exported.changed.map((name) => `  ${isChanged}: ${name}`),
    ...held.map((name) => `  FROZEN, and differs: ${name}`),
    ...vanished.map((name) => `  no longer in the database: ${name}`),
    ...different.map((name) => `  DIFFERS: ${name}`),
    ...leftOut.map((table) => `  in no document: ${table}`),
  ];
}
