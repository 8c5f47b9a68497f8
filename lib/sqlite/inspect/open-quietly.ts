// Opening a live database to look at it, so often that nothing may come of it: nothing is made beside it, and where nobody
// else has it open, no lock is taken.
import { requireVisibleLog } from '../hidden-log.ts';
import { openSource } from '../live-reader.ts';
import type { SqliteLook } from '../look.ts';
import { type Database, openImmutable } from '../open.ts';

/** How long a look waits for a lock that the app holds. */
const lockWaitMs = 5000;

/** Throws OpsError as looking at it does, and SQLite's own errors. */
export async function openQuietly(look: SqliteLook): Promise<Database> {
  const { path, file, wal, walBytes } = look;
  if (wal) await requireVisibleLog(path);
  // Without a log nobody has it open. Who opens it now makes what we see of it wrong, and nothing else.
  if (wal && walBytes === undefined) return openImmutable(path, { file });
  return openSource({ source: path, file, wal, lockWaitMs });
}
