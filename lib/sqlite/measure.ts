// What a database file holds, measured afresh from its bytes: the facts a manifest records and a restore compares.
import type { Facts } from '../backup/facts.ts';
import { checkByTwo } from './check-by-two.ts';
import { roomToMap } from './map-room.ts';
import { openReader, type Reader, ReaderEnded } from './reader.ts';
import { sizeIfThere } from './source.ts';

/** The outcome of SQLite's own check of a file. */
export interface Integrity {
  /** `quick` where the full check needs a function, collation or module that only the app has. */
  check: 'full' | 'quick';
  /** What SQLite found; empty means "ok". At most 20 lines. */
  problems: string[];
  note: string | undefined;
}

/** Facts a restore does not compare, but a reader wants to know. */
export interface Traits {
  journalMode: 'wal' | 'delete';
  encoding: string;
  sqliteVersion: string;
}

/** Everything that is known of a database file after it was read whole. */
export interface Measured {
  facts: Facts;
  traits: Traits;
  integrity: Integrity;
}

export interface MeasureOptions {
  signal?: AbortSignal | undefined;
  /** What messages call the file. */
  called?: string;
  /** What keeps another core busy until it settles; a large file's check is shared with that core afterwards. */
  busyUntil?: Promise<unknown>;
}

/** How it is done; tests do it otherwise. */
interface Means {
  open: typeof openReader;
  /** How large a file may be to be read mapped. */
  room: () => number;
  /** From which size on two check it. */
  sharedBytesMin: number;
}

/** Below this size the start of a second process takes longer than what it could take off the first. */
const usual: Means = { open: openReader, room: roomToMap, sharedBytesMin: 64 * 1024 * 1024 };

/**
 * Reads a database file that nobody writes and measures it: rows per table, schema hash, foreign keys and the integrity
 * check, in a process of its own, and a large file that fits into memory in two. Leaves no side files.
 *
 * Damage that SQLite can name is data in the result. Throws OpsError `damaged` where the file cannot be read at all, also
 * where it is cut short meanwhile, and `io` where the disk fails under it.
 */
export async function measureDatabase(
  path: string,
  options: MeasureOptions = {},
  means: Partial<Means> = {},
): Promise<Measured> {
  const { open, room, sharedBytesMin } = { ...usual, ...means };
  const { called = path, signal } = options;
  const sizeBytes = (await sizeIfThere(path)) ?? 0;
  const openOne = (mapped: boolean) => open({ path, called, mapped }, signal);
  if (sizeBytes > room()) return measureAlone(openOne(false));
  try {
    if (sizeBytes < sharedBytesMin) return await measureAlone(openOne(true));
    return await measureByTwo(() => openOne(true), options);
  } catch (error) {
    // A page could not be had. Reading it the other way, SQLite is told why, and so are we.
    if (error instanceof ReaderEnded && error.byThePage) return measureAlone(openOne(false));
    throw error;
  }
}

async function measureAlone(reader: Reader): Promise<Measured> {
  try {
    const { facts, traits } = await reader.count();
    const integrity = await reader.checkIntegrity();
    const foreignKeyViolations = await reader.foreignKeyViolations();
    return { facts: { ...facts, foreignKeyViolations }, traits, integrity };
  } finally {
    await reader.close();
  }
}

async function measureByTwo(open: () => Reader, { busyUntil }: MeasureOptions): Promise<Measured> {
  const reader = open();
  try {
    const { facts, traits, tables } = await reader.count();
    const { foreignKeyViolations, integrity } = await checkByTwo(reader, tables, open, busyUntil);
    return { facts: { ...facts, foreignKeyViolations }, traits, integrity };
  } finally {
    await reader.close();
  }
}
