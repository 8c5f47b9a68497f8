// SQLite's own recovery of a copied set, in a worker thread: a large log takes a while; see merge.
import { statSync } from 'node:fs';
import { errorCode } from '../base/errors.ts';
import { sqliteError } from './errors.ts';
import { openOwn } from './open.ts';
import { detachFromSuperJournal } from './super-journal.ts';
import { serve } from './worker-port.ts';

/** SQLite's words for a file that it cannot make sense of. */
const damage = ['SQLITE_CORRUPT', 'SQLITE_NOTADB', 'SQLITE_FORMAT', 'SQLITE_ERROR'];

await serve<{ path: string }, boolean>(({ path }) => {
  try {
    if (hasLostItsPages(path)) return false;
    detachFromSuperJournal(`${path}-journal`);
    merge(path);
    return true;
  } catch (error) {
    if (damage.some((code) => errorCode(error)?.startsWith(code) === true)) return false;
    throw sqliteError(`recover ${path}`, error);
  }
});

/** SQLite deletes the log of an empty file unread. Whatever was committed in it would be gone without a word. */
function hasLostItsPages(path: string): boolean {
  const size = (name: string) => statSync(name, { throwIfNoEntry: false })?.size ?? 0;
  return size(path) === 0 && size(`${path}-wal`) > 0;
}

function merge(path: string): void {
  const database = openOwn(path);
  try {
    database.prepare('SELECT count(*) FROM sqlite_schema').get(); // the first read rolls a hot journal back
    const [row] = database.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[];
    if (row?.busy !== 0) throw new Error(`somebody uses ${path}, which was to be a private copy`);
  } finally {
    database.close();
  }
}
