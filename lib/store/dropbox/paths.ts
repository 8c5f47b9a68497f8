// Names in our store, and paths in Dropbox: without case, with some names of its own that it never takes.
import { OpsError } from '../../base/errors.ts';
import { quoteName, requireObjectName } from '../name.ts';
import type { StoreName } from '../store.ts';

/** Names Dropbox refuses in any letter case (measured: knowledge of its clients, `disallowed_name`). */
const disallowed =
  /^(?:desktop\.ini|thumbs\.db|\.ds_store|icon\r|\.dropbox|\.dropbox\.attr|\.dropbox\.cache|~\$.*|\.~.*|~.*\.tmp)$/i;

/** Checks a name as every store does, and for what Dropbox would refuse or silently change. Throws OpsError `usage`. */
export function requireDropboxName(text: string): StoreName {
  const name = requireObjectName(text);
  for (const segment of name.split('/')) {
    if (disallowed.test(segment)) throw unusable(name, 'Dropbox never takes a file of that name');
    // A folder's trailing spaces and dots are cut off by Dropbox: the file would lie elsewhere.
    if (/[ .]$/.test(segment)) throw unusable(name, 'Dropbox cuts off spaces and dots at the end');
  }
  return name;
}

function unusable(name: StoreName, why: string): OpsError {
  return new OpsError('usage', `cannot use ${quoteName(name)} as a name in Dropbox: ${why}`, {
    hint: 'db-backup list-backups shows the names there are',
  });
}

/** The path of an object below `folder`, which is '' for the root. */
export function pathOf(folder: string, name: StoreName): string {
  return `${folder}/${name}`;
}

/**
 * Whether a path that Dropbox told is the one that was asked for, whose letter case it does not keep. Where a letter is
 * outside of ASCII it folds in a way that JavaScript does not know: then the same last part is enough.
 */
export function isAt(told: string, asked: string): boolean {
  return fold(told) === fold(asked) || (/[^ -~]/.test(asked) && isNamed(told, asked));
}

/** Whether the last parts are equal to the letter: two names that differ in case alone are two, though never side by side. */
export function isNamed(told: string, asked: string): boolean {
  return nameIn(told).normalize() === nameIn(asked).normalize();
}

/** The last part of a path; in what Dropbox displays the only one whose letter case is reliable. */
export function nameIn(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** One text for all that Dropbox has at one place, as far as JavaScript can tell. */
export function fold(path: string): string {
  return path.normalize().toLowerCase();
}
