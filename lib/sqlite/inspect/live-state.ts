// What a look at a live database tells without reading it: its size, its free pages, and how its log stands.
import { readSync, openSync, closeSync, constants } from 'node:fs';
import { sizeIfThere } from '../../files/size.ts';
import type { SqliteLook } from '../look.ts';
import type { Database } from '../open.ts';
import { logReaders, type LogReader } from './log-readers.ts';
import { frameHeaderBytes, parseWalIndex, walIndexBytes, type WalIndex } from './wal-index.ts';

export interface LiveState {
  /** The path that all links lead to. */
  readonly path: string;
  /** Another file in its place has another one. */
  readonly file: string;
  readonly sizeBytes: number;
  readonly freeBytes: number;
  /** Undefined where the database has no write-ahead log. */
  readonly log: LiveLog | undefined;
}

export interface LiveLog {
  readonly sizeBytes: number;
  /** Changes whenever the log begins anew. */
  readonly salt: string;
  readonly waitingBytes: number;
  readonly readers: readonly LogReader[];
}

/** What is known of it once it is open, and of the log as it was before. */
export function liveState(database: Database, look: SqliteLook, log: LiveLog | undefined): LiveState {
  const { path, file, pageSize } = look;
  const number = (pragma: string) => Number(database.pragma(pragma, { simple: true }));
  return {
    path,
    file: `${file.device}:${file.inode}`,
    sizeBytes: number('page_count') * pageSize,
    freeBytes: number('freelist_count') * pageSize,
    log,
  };
}

/**
 * How the log of the database stands; undefined where it has none. To be asked before the database is opened: who closes a
 * file gives back all locks that its process has on it, those of SQLite as well (fcntl(2)).
 */
export async function liveLog({ path, wal }: SqliteLook): Promise<LiveLog | undefined> {
  if (!wal) return undefined;
  const sizeBytes = (await sizeIfThere(`${path}-wal`)) ?? 0;
  const shm = `${path}-shm`;
  const index = sizeBytes === 0 ? undefined : readIndex(shm);
  if (index === undefined) return { sizeBytes, salt: '', waitingBytes: 0, readers: [] };
  return {
    sizeBytes,
    salt: index.salt,
    waitingBytes: (index.frames - index.copied) * (index.pageSize + frameHeaderBytes),
    readers: logReaders(shm, index),
  };
}

/** Who writes it does so in a moment, so the next look finds it whole. */
const looksMax = 20;

function readIndex(path: string): WalIndex | undefined {
  const descriptor = openIfThere(path);
  if (descriptor === undefined) return undefined;
  try {
    const bytes = Buffer.alloc(walIndexBytes);
    for (let look = 0; look < looksMax; look += 1) {
      const length = readSync(descriptor, bytes, 0, walIndexBytes, 0);
      const index = parseWalIndex(bytes.subarray(0, length));
      if (index !== undefined) return index;
    }
    return undefined;
  } finally {
    closeSync(descriptor);
  }
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return undefined; // gone meanwhile, or not for us to read: the size of the log is known all the same
  }
}
