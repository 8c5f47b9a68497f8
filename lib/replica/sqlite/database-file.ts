// The file of a replica: made whole or not at all, and never one that is something else.
import { rmSync, statSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { OpsError, systemError } from '../../base/errors.ts';
import { fileNumberAt } from '../../files/identity.ts';
import { publishFile } from '../../files/publish-file.ts';
import { sqliteError } from '../../sqlite/errors.ts';
import { firstBytes } from '../../sqlite/first-bytes.ts';
import { type Database, openLive, openOwn } from '../../sqlite/open.ts';
import { applicationId, replicaSchema, replicaVersion } from './schema.ts';

/** Two connections: what is being written shows to nobody before it is committed, ourselves included. */
export interface ReplicaFile {
  readonly path: string;
  readonly writer: Database;
  readonly reader: Database;
  /** Throws OpsError `unavailable` where the file at its path is another one, or none: what is written to this one is lost. */
  requireInPlace(): void;
}

/** Of the writer: keys come in any order, and their pages should be there when they come again. */
const cacheKiB = 32_000;

/**
 * Opens it, or makes it where nothing is. Throws OpsError `refused` for a file that is no replica, or one of a newer
 * Holdfast: neither is touched; `denied`, `io`, `damaged`.
 */
export async function openReplicaFile(path: string): Promise<ReplicaFile> {
  if (isEmpty(path)) await make(path);
  else await requireReplica(path);
  let writer: Database | undefined;
  try {
    writer = openOwn(path);
    requireVersion(path, writer);
    // Each commit is on the disk before it is told: its sender forgets what was acknowledged.
    writer.pragma('journal_mode = WAL');
    writer.pragma('synchronous = FULL');
    writer.pragma('recursive_triggers = ON');
    writer.pragma('busy_timeout = 0'); // who waits for others lets the rest of the process go on: transaction.ts
    writer.pragma(`cache_size = -${cacheKiB}`);
    writer.pragma('journal_size_limit = 67108864');
    const opened = fileNumberAt(path);
    const requireInPlace = () => {
      if (fileNumberAt(path) !== opened) throw takenAway(path);
    };
    return { path, writer, reader: openLive(path), requireInPlace };
  } catch (error) {
    writer?.close();
    throw sqliteError(`open the replica ${path}`, error);
  }
}

function takenAway(path: string): OpsError {
  return new OpsError(
    'unavailable',
    `cannot write to the replica ${path}: its file was taken away, or another one is in its place`,
    {
      hint: 'what serves it opens the one that is there, or makes one: sudo systemctl restart delta-receive',
    },
  );
}

/** Whether nothing is there, or a file without a byte, which SQLite takes for a new database. */
function isEmpty(path: string): boolean {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    return found === undefined || (found.isFile() && found.size === 0);
  } catch (error) {
    throw systemError(`open the replica ${path}`, error);
  }
}

async function make(path: string): Promise<void> {
  const temporary = `${path}.new-${randomBytes(4).toString('hex')}`;
  try {
    const database = openOwn(temporary, { create: true });
    try {
      database.exec(`PRAGMA application_id = ${applicationId}; BEGIN; ${replicaSchema}
        PRAGMA user_version = ${replicaVersion}; COMMIT;`);
    } finally {
      database.close();
    }
    rmSync(path, { force: true }); // it had no byte
    await publishFile(temporary, path, { replace: false });
  } catch (error) {
    throw sqliteError(`make the replica ${path}`, error);
  } finally {
    for (const name of [temporary, `${temporary}-journal`]) rmSync(name, { force: true });
  }
}

/** By the bytes at its start: SQLite writes beside, and into, what it opens. */
async function requireReplica(path: string): Promise<void> {
  let first: Buffer;
  try {
    first = await firstBytes(path);
  } catch (error) {
    throw systemError(`open the replica ${path}`, error);
  }
  if (first.length >= 72 && first.readUInt32BE(68) === applicationId) return;
  throw new OpsError(
    'refused',
    `cannot open the replica ${path}: another file is there, and it is left alone`,
    {
      hint: 'name a file that does not exist as its database, or move this one away',
    },
  );
}

function requireVersion(path: string, database: Database): void {
  const version = Number(database.pragma('user_version', { simple: true }));
  if (version === replicaVersion) return;
  throw new OpsError(
    'refused',
    `cannot open the replica ${path}: it has version ${version}, and this Holdfast knows ${replicaVersion}`,
    { hint: 'install the Holdfast that wrote it, or a newer one' },
  );
}
