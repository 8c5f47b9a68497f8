// The undo sets that lie beside a database, as they are told.
import { formatBytes, formatCount, formatDuration, formatInstant } from '../../lib/base/format.ts';
import { OpsError } from '../../lib/base/errors.ts';
import type { GuardedApp } from '../../lib/config/config.ts';
import { locateFile } from '../../lib/files/locate-file.ts';
import { undoAgeMsMax, undoMadeAt } from '../../lib/placement/discard-undo.ts';
import { listUndoSets, type UndoSet } from '../../lib/placement/undo-list.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { AppFinding } from './each-app.ts';

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
 * what is no file, and nobody can tell where its mount does not answer: the backups are worth seeing all the same.
 */
export async function undoSetsOf(context: JobContext, app: GuardedApp): Promise<ListedUndoSet[]> {
  if (app.engine === 'postgres') return (await import('./server-place.ts')).undoDatabasesOf(context, app);
  try {
    using target = await locateFile(app.database);
    return (await listUndoSets(target)).map((set) => listed(target.name, set));
  } catch (error) {
    if (error instanceof OpsError && ['missing', 'refused', 'denied', 'unavailable'].includes(error.kind))
      return [];
    throw error;
  }
}

/** What is said of one that somebody wrote to. */
export const changedWords =
  'its files were changed or cut after it was made: what it holds may be right or not';

/** One undo set in a line. */
export function undoLine(set: ListedUndoSet, timeZone: string): string {
  const { path, sizeBytes, problem, madeAt, replacedBy, state, changed } = set;
  const size = formatBytes(sizeBytes);
  if (replacedBy === undefined || madeAt === undefined)
    return `  undo set ${path}  ${size}  cannot be used: ${problem}`;
  const used = state === 'used' ? ', brought back already' : '';
  const told = `  undo set ${path}  ${size}  replaced by ${replacedBy} on ${formatInstant(madeAt, timeZone)}${used}`;
  return changed ? `${told}; ${changedWords}` : told;
}

function listed(database: string, set: UndoSet): ListedUndoSet {
  const { name, path, sizeBytes } = set;
  const about = { name, path, sizeBytes };
  if (!set.usable) {
    const unknown = {
      madeAt: undoMadeAt(database, set),
      replacedBy: undefined,
      state: undefined,
      changed: false,
    };
    return { ...about, usable: false, problem: set.problem, ...unknown };
  }
  const { madeAt, replacedBy, state } = set.record;
  return { ...about, usable: true, problem: undefined, madeAt, replacedBy, state, changed: set.changed };
}

/** Those that are old enough to be forgotten take room: a warning, and the command that removes them. */
export function oldSetsFindings(sets: readonly ListedUndoSet[], app: string, now: Date): AppFinding[] {
  const old = sets.filter(
    ({ madeAt }) => madeAt !== undefined && now.getTime() - madeAt.getTime() > undoAgeMsMax,
  );
  if (old.length === 0) return [];
  const bytes = old.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const what = formatCount(old.length, 'undo set');
  const message = `${what} older than ${formatDuration(undoAgeMsMax)} ${old.length === 1 ? 'takes' : 'take'} ${formatBytes(bytes)}`;
  return [{ severity: 'warning', message, hint: `restore undo --discard --app ${app}` }];
}
