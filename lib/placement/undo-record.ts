// undo.json: what an undo set holds, and what replaced it. The format is a promise: what an older Holdfast wrote is
// still read.
import { OpsError } from '../base/errors.ts';
import type { Fields, Flaw } from '../backup/fields.ts';
import type { DatabaseSet } from './database-set.ts';
import type { Ownership } from './ownership.ts';
import { formatRecord, formatSet, openRecord, parseSet } from './record.ts';

/**
 * `kept`: nobody has brought it back. `used`: its content was placed again by an undo. `withdrawn`: the placement it
 * was made for was rolled back, so that its files may be those that an app went on using.
 */
export type UndoState = (typeof undoStates)[number];

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
const formatName = 'holdfast-undo-set';
const formatVersion = 1;
const idMax = 0xffff_fffe;

/** The record as JSON text. */
export function formatUndoRecord(record: UndoRecord): string {
  return formatRecord(formatName, formatVersion, {
    app: record.app,
    target: record.target,
    replaced_by: record.replacedBy,
    made_at: record.madeAt.toISOString(),
    state: record.state,
    used_at: record.usedAt?.toISOString(),
    ...formatOwnership(record.ownership),
    members: formatSet(record.members),
  });
}

/** The record that `text`, read at `path`, holds. Throws OpsError `damaged` when it holds none. */
export function parseUndoRecord(text: string, path: string): UndoRecord {
  const flaw: Flaw = (cause) => new OpsError('damaged', `cannot use ${path}: ${cause}`);
  const fields = openRecord(text, formatName, formatVersion, flaw);
  return {
    app: fields.string('app'),
    target: fields.text('target'),
    replacedBy: fields.string('replaced_by'),
    madeAt: fields.instant('made_at'),
    state: fields.choice('state', undoStates),
    usedAt: fields.has('used_at') ? fields.instant('used_at') : undefined,
    ownership: fields.has('mode') ? parseOwnership(fields, flaw) : undefined,
    members: parseSet(fields, 'members', flaw),
  };
}

/** The mode is written as people read it, in octal. */
function formatOwnership(ownership: Ownership | undefined): Record<string, unknown> {
  if (ownership === undefined) return {};
  const { uid, gid, mode } = ownership;
  return { owner: uid, group: gid, mode: mode.toString(8).padStart(4, '0') };
}

function parseOwnership(fields: Fields, flaw: Flaw): Ownership {
  const mode = fields.text('mode');
  if (!/^[0-7]{3,4}$/.test(mode)) throw flaw('mode is not an octal number');
  return {
    uid: fields.integer('owner', 0, idMax),
    gid: fields.integer('group', 0, idMax),
    mode: Number.parseInt(mode, 8),
  };
}
