// What placement leaves beside a database, and which names there are ours. Everything lies in the directory of the
// database, because only inside one file system is a rename atomic.
import { basename, dirname, join } from 'node:path';

/** Where the intent of a placement on `target` lies. */
export function intentPath(target: string): string {
  return join(dirname(target), `.${basename(target)}.restore.json`);
}

/** What the name of an intent begins with that was given up; a time stamp follows. */
export function abandonedIntentPrefix(target: string): string {
  return `${basename(intentPath(target))}.abandoned-`;
}

/** What the path of every staging directory of `target` begins with; six letters or digits follow. */
export function stagingPrefix(target: string): string {
  return join(dirname(target), `.${basename(target)}.restore-`);
}

/** Whether `name` is that of a staging directory of `target`. */
export function isStagingName(target: string, name: string): boolean {
  const prefix = basename(stagingPrefix(target));
  return name.startsWith(prefix) && /^[A-Za-z0-9]{6}$/.test(name.slice(prefix.length));
}

/** The name of an undo set: `production.db.undo-20261120T020513Z`, and `…-2` for the second in that second. */
export function undoName(target: string, madeAt: Date, ordinal: number): string {
  return `${undoPrefix(target)}${timeStamp(madeAt)}${ordinal === 1 ? '' : `-${ordinal}`}`;
}

/** What sorts undo sets of `target` by age, or undefined when `name` is not the name of one. */
export function undoOrder(target: string, name: string): { stamp: string; ordinal: number } | undefined {
  if (!name.startsWith(undoPrefix(target))) return undefined;
  const match = /^(\d{8}T\d{6}Z)(?:-([1-9]\d{0,5}))?$/.exec(name.slice(undoPrefix(target).length));
  if (match === null) return undefined;
  return { stamp: match[1] ?? '', ordinal: Number(match[2] ?? 1) };
}

/** An instant in UTC to the second, as it appears in file names: `20261120T020513Z`. */
export function timeStamp(instant: Date): string {
  return `${instant.toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
}

function undoPrefix(target: string): string {
  return `${basename(target)}.undo-`;
}
