// The undo sets beside a database: what there is, and what each may be used for. Nothing here is ever changed.
import { join } from 'node:path';
import { OpsError, errorMessage } from '../base/errors.ts';
import {
  type DatabaseSet,
  holdsContent,
  inspectSet,
  memberSuffixes,
  type SetPlace,
  setSizeBytes,
} from './database-set.ts';
import { isSameFile, isUnwritten } from './file-mark.ts';
import { undoOrder } from './names.ts';
import { holdOwnDirectory, isNoDirectory } from './own.ts';
import type { UndoRecord } from './undo-record.ts';
import { readUndoRecord } from './undo-set.ts';
import { wrapped } from './wrapped.ts';

/** An undo set that can be brought back. */
export interface UsableUndoSet {
  usable: true;
  path: string;
  name: string;
  sizeBytes: number;
  record: UndoRecord;
  /** Somebody wrote to its files after it was made; what it holds may be right or not. */
  changed: boolean;
}

/** A directory that is named like an undo set and cannot be used, and why. */
interface UnusableUndoSet {
  usable: false;
  path: string;
  name: string;
  sizeBytes: number;
  problem: string;
}

export type UndoSet = UsableUndoSet | UnusableUndoSet;

/** The undo sets of `target`, newest first, with those that cannot be used. */
export async function listUndoSets(target: SetPlace): Promise<UndoSet[]> {
  const { directory, name: database } = target;
  const names = await wrapped(`list ${directory.path}`, () => directory.names());
  const inPlace = await inspectSet(target);
  const found: { set: UndoSet; order: { stamp: string; ordinal: number } }[] = [];
  for (const name of names) {
    const order = undoOrder(database, name);
    const set = order === undefined ? undefined : await inspectUndoSet(target, inPlace, name);
    if (order !== undefined && set !== undefined) found.push({ set, order });
  }
  found.sort((a, b) => compare(b.order.stamp, a.order.stamp) || b.order.ordinal - a.order.ordinal);
  return found.map(({ set }) => set);
}

/** Undefined where what has the name is no directory. */
async function inspectUndoSet(
  target: SetPlace,
  inPlace: DatabaseSet,
  name: string,
): Promise<UndoSet | undefined> {
  const path = join(target.directory.path, name);
  let sizeBytes = 0;
  try {
    using directory = await holdOwnDirectory(target.directory, name);
    const found = await inspectSet({ directory, name: target.name });
    sizeBytes = setSizeBytes(found);
    const record = await readUndoRecord(directory);
    const problem = problemOf(record, found, inPlace);
    if (problem !== undefined) return { usable: false, path, name, sizeBytes, problem };
    return { usable: true, path, name, sizeBytes, record, changed: isChanged(record, found) };
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    if (isNoDirectory(error.cause)) return undefined;
    return { usable: false, path, name, sizeBytes, problem: errorMessage(error) };
  }
}

function problemOf(record: UndoRecord, found: DatabaseSet, inPlace: DatabaseSet): string | undefined {
  if (record.state === 'withdrawn') return 'the restore it was made for was rolled back';
  const database = found.get('');
  const recorded = record.members.get('');
  if (database === undefined || recorded === undefined) return 'it holds no database';
  if (isSameFile(database, inPlace.get(''))) return 'its database is the one that is in place';
  if (!isUnwritten(database, recorded)) return undefined;
  // Whoever opened the set and closed it again has moved the -wal into the database; otherwise it is a loss.
  const lost = memberSuffixes.find((suffix) => holdsContent(record.members, suffix) && !found.has(suffix));
  return lost === undefined ? undefined : `its ${lost} is missing`;
}

function isChanged(record: UndoRecord, found: DatabaseSet): boolean {
  return memberSuffixes.some((suffix) => {
    const before = record.members.get(suffix);
    const now = found.get(suffix);
    if (suffix === '-shm' || (before === undefined && now === undefined)) return false;
    return before === undefined || now === undefined || !isUnwritten(before, now);
  });
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
