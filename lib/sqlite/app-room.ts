// A copy must never be what fills the disk that the app writes on.
import { statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { OpsError } from '../base/errors.ts';
import { formatBytes } from '../base/format.ts';
import { spaceCommand } from '../files/space.ts';

/** What a copy leaves free on the disk of the app for its own writes. */
const reserveBytesMax = 32 * 1024 * 1024;

/** Watches the disk while a copy runs. */
export interface AppRoom {
  /** Throws OpsError `io` when too little is left. Returns the size of the write-ahead log in bytes. */
  requireRoom(): number;
}

/**
 * Watches the disk on which `source` lies: while we read, the app's log cannot be recycled and grows. Of a disk that is
 * nearly full already, half of what is free is left to the app: then a backup is wanted more than ever. (A read-only
 * mount has nothing free, and nothing grows there.)
 */
export function watchAppRoom(source: string, freeBytes: () => number = () => freeOn(source)): AppRoom {
  const reserveBytes = Math.min(reserveBytesMax, freeBytes() / 2);
  return {
    requireRoom() {
      const free = freeBytes();
      if (free < reserveBytes) throw noRoom(source, free);
      return statSync(`${source}-wal`, { throwIfNoEntry: false })?.size ?? 0;
    },
  };
}

function freeOn(source: string): number {
  const { bavail, bsize } = statfsSync(dirname(source));
  return bavail * bsize;
}

function noRoom(source: string, freeBytes: number): OpsError {
  return new OpsError(
    'io',
    `cannot snapshot ${source}: only ${formatBytes(freeBytes)} are free on its disk, and the app needs room to write`,
    { hint: `free some space: ${spaceCommand(dirname(source))}` },
  );
}
