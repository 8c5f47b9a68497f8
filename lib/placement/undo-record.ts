// undo.json: what an undo set holds, and what replaced it. The format is a promise: what an older Holdfast wrote is
// still read.
import { OpsError } from '../base/errors.ts';
import type { Flaw } from '../record/fields.ts';
import { formatJsonRecord, openJsonRecord, type RecordFormat } from '../record/json-record.ts';
import { type Ownership, ownershipFields, parseOwnership } from '../record/ownership.ts';
import type { DatabaseSet } from './database-set.ts';
import { formatSet, parseSet } from './set-codec.ts';

/**
 * `kept`: nobody has brought it back. `used`: its content was placed again by an undo. `withdrawn`: the placement it
 * was made for was rolled back, so that its files may be those that an app went on using.
 */
type UndoState = (typeof undoStates)[number];

/** What is known of an undo set. */
export interface UndoRecord {
  app: string;
  /** The database that was replaced. */
  target: string;
  /** The backup or undo set that took its place. */
  replacedBy: string;
  madeAt: Date;
  state: UndoState;
  usedAt: Date | undefined;
  /** How the old database belonged; undefined when only its side files were there. */
  ownership: Ownership | undefined;
  /** The files of the undo set as they were when it was complete. */
  members: DatabaseSet;
}

/** The name of the record in an undo set. */
export const undoRecordName = 'undo.json';

const undoStates = ['kept', 'used', 'withdrawn'] as const;
const format: RecordFormat = { name: 'holdfast-undo-set', version: 1 };

/** The record as JSON text. */
export function formatUndoRecord(record: UndoRecord): string {
  const fields = {
    app: record.app,
    target: record.target,
    replaced_by: record.replacedBy,
    made_at: record.madeAt.toISOString(),
    state: record.state,
    used_at: record.usedAt?.toISOString(),
    ...ownershipFields(record.ownership),
    members: formatSet(record.members),
  };
  return formatJsonRecord(format, fields, 2);
}

/** The record that `text`, read at `path`, holds. Throws OpsError `damaged` when it holds none. */
export function parseUndoRecord(text: string, path: string): UndoRecord {
  const flaw: Flaw = (cause, hint) =>
    new OpsError('damaged', `cannot use ${path}: ${cause}`, hint === undefined ? {} : { hint });
  const { fields } = openJsonRecord(text, format, flaw);
  return {
    app: fields.string('app'),
    target: fields.text('target'),
    replacedBy: fields.string('replaced_by'),
    madeAt: fields.instant('made_at'),
    state: fields.choice('state', undoStates),
    usedAt: fields.has('used_at') ? fields.instant('used_at') : undefined,
    ownership: parseOwnership(fields, flaw),
    members: parseSet(fields, 'members', flaw),
  };
}
