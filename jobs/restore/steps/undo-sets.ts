// The undo sets that lie beside a database, as they are told.
import { formatBytes, formatInstant } from '../../../lib/base/format.ts';
import { OpsError } from '../../../lib/base/errors.ts';
import type { GuardedApp } from '../../../lib/config/config.ts';
import { locateFile } from '../../../lib/files/locate-file.ts';
import { listUndoSets, type UndoSet } from '../../../lib/placement/undo-list.ts';

export interface ListedUndoSet {
  name: string;
  path: string;
  sizeBytes: number;
  /** Whether it can be brought back. */
  usable: boolean;
  /** Why not. */
  problem: string | undefined;
  madeAt: Date | undefined;
  /** What took its database's place: a backup, an undo set. */
  replacedBy: string | undefined;
  state: string | undefined;
  /** Somebody wrote to its files after it was made; what it holds may be right or not. */
  changed: boolean;
}

/**
 * The undo sets of an app. A database whose directory is gone has none, and may be just what is to be restored; nor has
 * what is no file: the backups are worth seeing all the same.
 */
export async function undoSetsOf(app: GuardedApp): Promise<ListedUndoSet[]> {
  try {
    using target = await locateFile(app.database);
    return (await listUndoSets(target)).map(listed);
  } catch (error) {
    if (error instanceof OpsError && ['missing', 'refused'].includes(error.kind)) return [];
    throw error;
  }
}

/** What is said of one that somebody wrote to. */
export const changedWords =
  'its files were changed or cut after it was made: what it holds may be right or not';

/** One undo set in a line. */
export function undoLine(set: ListedUndoSet): string {
  const { path, sizeBytes, problem, madeAt, replacedBy, state, changed } = set;
  const size = formatBytes(sizeBytes);
  if (madeAt === undefined) return `  undo set ${path}  ${size}  cannot be used: ${problem}`;
  const used = state === 'used' ? ', brought back already' : '';
  const told = `  undo set ${path}  ${size}  replaced by ${replacedBy} on ${formatInstant(madeAt)}${used}`;
  return changed ? `${told}; ${changedWords}` : told;
}

function listed(set: UndoSet): ListedUndoSet {
  const { name, path, sizeBytes } = set;
  const about = { name, path, sizeBytes };
  if (!set.usable) {
    const unknown = { madeAt: undefined, replacedBy: undefined, state: undefined, changed: false };
    return { ...about, usable: false, problem: set.problem, ...unknown };
  }
  const { madeAt, replacedBy, state } = set.record;
  return { ...about, usable: true, problem: undefined, madeAt, replacedBy, state, changed: set.changed };
}
