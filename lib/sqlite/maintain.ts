// Work on the database of an app that its owner asked for: written anew without free pages, or its statistics brought up to
// date. In a process of its own, which can be killed at any instant: SQLite's journal then brings back what was.
import type { FileNumber } from '../source/source.ts';
import { startAsked } from './asked-process.ts';
import { firstBytes } from './first-bytes.ts';
import { requireSource } from './look.ts';

/** How many pages a file has, and how many of them hold nothing. */
export interface Pages {
  pageSize: number;
  pageCount: number;
  freeCount: number;
}

export interface Maintained {
  before: Pages;
  after: Pages;
  /** Whether the file has that size already; in WAL mode a reader may keep it from that for a while. */
  isShrunk: boolean;
}

export type MaintainWork = 'vacuum' | 'optimize';

/** So long a lock of the app is waited for. */
const busyMs = 10_000;

export interface MaintainQuestion {
  path: string;
  /** The file that was looked at: another one is not touched. */
  file: FileNumber;
  work: MaintainWork;
  /** So long a lock of the app is waited for. */
  busyMs: number;
}

/**
 * Does it, and returns what it gained. Throws OpsError `unavailable` where the app writes or reads for longer than ten seconds,
 * `io` for a full disk, `refused` where another file is there by now, or its schema needs the app, and what looking at it throws;
 * nothing is changed then. Of the signal its reason: the process is ended, and SQLite's journal brings back what was.
 */
export async function maintainSource(
  path: string,
  work: MaintainWork,
  signal: AbortSignal,
): Promise<Maintained> {
  const look = await requireSource(path);
  const process = new URL('./maintain-process.ts', import.meta.url);
  const other = startAsked<MaintainQuestion>({ file: process, called: look.path, verb: 'work on', signal });
  try {
    return (await other.ask({ path: look.path, file: look.file, work, busyMs })) as Maintained;
  } finally {
    await other.close();
  }
}

/**
 * How many pages the file has and how many hold nothing, as its header says (file format, 1.3): in WAL mode as of the last
 * checkpoint. Throws what looking at it throws.
 */
export async function freePages(
  path: string,
): Promise<{ pages: number; freePages: number; pageSize: number }> {
  const look = await requireSource(path);
  const bytes = await firstBytes(look.path);
  return { pages: bytes.readUInt32BE(28), freePages: bytes.readUInt32BE(36), pageSize: look.pageSize };
}
