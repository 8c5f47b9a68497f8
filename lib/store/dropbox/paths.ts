// Names in our store, and paths in Dropbox: without case, with some names of its own that it never takes.
import { OpsError } from '../../base/errors.ts';
import { quoteName, requireStoreName } from '../name.ts';
import type { StoreName } from '../store.ts';

/** Names Dropbox refuses in any letter case (measured: knowledge of its clients, `disallowed_name`). */
const disallowed =
  /^(?:desktop\.ini|thumbs\.db|\.ds_store|icon\r|\.dropbox|\.dropbox\.attr|\.dropbox\.cache|~\$.*|\.~.*|~.*\.tmp)$/i;

/** Checks a name as every store does, and for what Dropbox would refuse or silently change. Throws OpsError `usage`. */
export function requireDropboxName(text: string): StoreName {
  const name = requireStoreName(text);
  for (const segment of name.split('/')) {
    if (disallowed.test(segment)) throw unusable(name, 'Dropbox never takes a file of that name');
    // A folder's trailing spaces and dots are cut off by Dropbox: the file would lie elsewhere.
    if (/[ .]$/.test(segment)) throw unusable(name, 'Dropbox cuts off spaces and dots at the end');
  }
  return name;
}

function unusable(name: StoreName, why: string): OpsError {
  return new OpsError('usage', `cannot use ${quoteName(name)} as a name in Dropbox: ${why}`, {
    hint: 'list-backups shows the names there are',
  });
}

/** The path of an object below `folder`, which is '' for the root. */
export function pathOf(folder: string, name: StoreName): string {
  return `${folder}/${name}`;
}

/** Whether two paths name the same thing in Dropbox, as far as JavaScript can tell. */
export function samePath(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
