// The record of a placement under way. Files are named in it without their directory, which is the database's own:
// an intent can lead nobody out of it. The format is a promise: what an older Holdfast wrote is still read.
import { dirname, join } from 'node:path';
import { OpsError } from '../base/errors.ts';
import type { Fields, Flaw } from '../record/fields.ts';
import { formatJsonRecord, openJsonRecord, type RecordFormat } from '../record/json-record.ts';
import { parseProcess, type ProcessIdentity, processFields } from '../record/process-identity.ts';
import type { DatabaseSet } from './database-set.ts';
import type { FileMark } from './file-mark.ts';
import { isStagingName, undoOrder } from './names.ts';
import { formatMark, formatSet, parseMark, parseSet } from './set-codec.ts';

/** `placing`: the exchange is not known to be complete. `placed`: the new database is in place. */
export type Phase = (typeof phases)[number];

/** What a placement set out to do, and by what its files are known again. */
export interface Intent {
  phase: Phase;
  /** The path of the database, for people. */
  target: string;
  app: string;
  /** The backup or undo set that is placed. */
  backup: string;
  /** The services that have to be started afterwards, as the caller wrote them down. */
  services: string;
  startedAt: Date;
  /** The process that began. */
  startedBy: ProcessIdentity;
  /** The name of the staging directory. */
  staging: string;
  /** The name of the undo set; undefined when nothing was in place that could be brought back. */
  undo: string | undefined;
  /** The set that was in place at the start; empty when nothing was. */
  old: DatabaseSet;
  /** The single file that equals the old set, where one was made. */
  merged: FileMark | undefined;
  new: FileMark;
}

const phases = ['placing', 'placed'] as const;
const format: RecordFormat = { name: 'holdfast-restore-intent', version: 1 };

/** The intent as JSON text. */
export function formatIntent(intent: Intent): string {
  const fields = {
    phase: intent.phase,
    target: intent.target,
    app: intent.app,
    backup: intent.backup,
    services: intent.services,
    started_at: intent.startedAt.toISOString(),
    started_by: processFields(intent.startedBy),
    staging: intent.staging,
    undo: intent.undo,
    old: formatSet(intent.old),
    merged: intent.merged === undefined ? undefined : formatMark(intent.merged),
    new: formatMark(intent.new),
  };
  return formatJsonRecord(format, fields, 2);
}

/** The intent that `text`, read at `path`, holds for the database of that name beside it. Throws OpsError `damaged` when it holds none. */
export function parseIntent(text: string, path: string, database: string): Intent {
  const moveAway = 'look which database is in place, then move this file away; nothing else depends on it';
  const flaw: Flaw = (cause, hint = moveAway) =>
    new OpsError('damaged', `cannot use ${path}: ${cause}`, { hint });
  const { fields } = openJsonRecord(text, format, flaw);
  return {
    phase: fields.choice('phase', phases),
    // Where the intent lies counts, not the path it names: the directory may have been moved since.
    target: join(dirname(path), database),
    app: fields.string('app'),
    backup: fields.string('backup'),
    services: fields.string('services'),
    startedAt: fields.instant('started_at'),
    startedBy: parseProcess(fields.object('started_by')),
    staging: stagingName(fields, database, flaw),
    undo: fields.has('undo') ? undoName(fields, database, flaw) : undefined,
    old: parseSet(fields, 'old', flaw),
    merged: fields.has('merged') ? parseMark(fields.object('merged'), flaw) : undefined,
    new: parseMark(fields.object('new'), flaw),
  };
}

function stagingName(fields: Fields, database: string, flaw: Flaw): string {
  const name = fields.text('staging');
  if (!isStagingName(database, name)) throw flaw('staging is not the name of a staging directory');
  return name;
}

function undoName(fields: Fields, database: string, flaw: Flaw): string {
  const name = fields.text('undo');
  if (undoOrder(database, name) === undefined) throw flaw('undo is not the name of an undo set');
  return name;
}
