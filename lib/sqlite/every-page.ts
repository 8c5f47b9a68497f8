// Whether a database's file holds every page that it should. SQLite reads a last page that is cut short as if it ended
// in zeros, and says nothing; where the page continues a long value, not even the integrity check notices.
import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { errorCode, OpsError } from '../base/errors.ts';
import { formatCount } from '../base/format.ts';
import type { Database } from './open.ts';

/**
 * Requires every page to lie whole in the file at `path`, or in the write-ahead log beside it. On a live database the
 * caller holds a read transaction: then neither file loses a page meanwhile. SQLite says how many there are, unless it is given. Throws OpsError `damaged`.
 */
export function requireEveryPage(
  database: Database,
  path: string,
  called = path,
  pageCount = number(database, 'page_count'),
): void {
  const pageSize = number(database, 'page_size');
  const whole = Math.floor(statSync(path).size / pageSize);
  if (whole >= pageCount) return;
  const missing = pageCount - whole - pagesInLog(`${path}-wal`, { pageSize, after: whole, upTo: pageCount });
  if (missing === 0) return;
  throw new OpsError(
    'damaged',
    `cannot read all of ${called}: it is cut short, ${formatCount(missing, 'page')} of ${pageCount} missing or not whole`,
    { hint: 'the backups made before are untouched: restore list' },
  );
}

/**
 * How many of the pages `after` < page <= `upTo` have a frame in the log (https://sqlite.org/fileformat2.html, 4.1). How
 * many pages there should be is the word of the file alone: memory is taken for those that are found.
 */
function pagesInLog(path: string, range: { pageSize: number; after: number; upTo: number }): number {
  const log = openLog(path);
  if (log === undefined) return 0;
  try {
    const header = Buffer.alloc(32);
    if (!fstatSync(log).isFile() || readSync(log, header, 0, 32, 0) < 32) return 0;
    const found = new Set<number>();
    const frame = Buffer.alloc(24);
    for (let at = 32; readSync(log, frame, 0, 24, at) === 24; at += 24 + range.pageSize) {
      const page = frame.readUInt32BE(0);
      // Salts that differ: from here on it is what an earlier round of the log has left. Page 0: a hole in the file.
      if (page === 0 || !frame.subarray(8, 16).equals(header.subarray(16, 24))) break;
      if (page > range.after && page <= range.upTo) found.add(page);
    }
    return found.size;
  } finally {
    closeSync(log);
  }
}

function openLog(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function number(database: Database, pragma: 'page_size' | 'page_count'): number {
  return Number(database.pragma(pragma, { simple: true }));
}
