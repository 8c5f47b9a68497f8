// What a database file holds, measured afresh from its bytes: the facts a manifest records and a restore compares.
import { sizeIfThere } from '../files/size.ts';
import type { SqliteMeasured } from '../source/sqlite-facts.ts';
import type { Measurement, MeasureOptions } from '../source/source.ts';
import { ReaderEnded } from './asked-process.ts';
import { checkByTwo } from './check-by-two.ts';
import type { Counted } from './facts.ts';
import { roomToMap } from './map-room.ts';
import { openReader, type Reader } from './reader.ts';

/** The check of a single table reads the whole schema first: with many of them the parts take longer than the whole. */
const tablesSharedMax = 500;

/** How it is done; tests do it otherwise. */
interface Means {
  open: typeof openReader;
  /** How large a file may be to be read mapped. */
  room: () => number;
  /** From which size on two check it. */
  sharedBytesMin: number;
}

/** SQLite's check is one long call that says nothing on its way: this says that it is at work. */
const beatMs = 1000;

/** Below this size the start of a second process takes longer than what it could take off the first. */
const usual: Means = { open: openReader, room: roomToMap, sharedBytesMin: 64 * 1024 * 1024 };

/**
 * Reads a database file that nobody writes and measures it: rows per table, schema hash, foreign keys and the integrity
 * check, in a process of its own, and a large file that fits into memory in two. Leaves no side files.
 *
 * Damage that SQLite can name is data in the result. Throws OpsError `damaged` where the file cannot be read at all, also
 * where it is cut short meanwhile, `refused` where it is another than `file`, and `io` where the disk fails under it.
 */
export async function measureDatabase(
  path: string,
  options: MeasureOptions = {},
  means: Partial<Means> = {},
): Promise<Measurement<SqliteMeasured>> {
  const { open, room, sharedBytesMin } = { ...usual, ...means };
  const { called = path, file, signal } = options;
  const sizeBytes = (await sizeIfThere(path)) ?? 0;
  const openOne = (mapped: boolean) => open({ path, file, called, as: mapped ? 'mapped' : 'paged' }, signal);
  const beat = setInterval(() => options.onBeat?.(), beatMs);
  try {
    if (sizeBytes > room()) return await measureAlone(openOne(false));
    if (sizeBytes < sharedBytesMin) return await measureAlone(openOne(true));
    return await measureByTwo(() => openOne(true), options);
  } catch (error) {
    // A page could not be had. Reading it the other way, SQLite is told why, and so are we.
    if (error instanceof ReaderEnded && error.byThePage) return await measureAlone(openOne(false));
    throw error;
  } finally {
    clearInterval(beat);
  }
}

async function measureAlone(reader: Reader): Promise<Measurement<SqliteMeasured>> {
  try {
    return await checkAlone(reader, (await reader.count()).facts);
  } finally {
    await reader.close();
  }
}

async function checkAlone(reader: Reader, facts: Counted['facts']): Promise<Measurement<SqliteMeasured>> {
  const integrity = await reader.checkIntegrity();
  const foreignKeyViolations = await reader.foreignKeyViolations();
  return { facts: { ...facts, foreignKeyViolations }, integrity };
}

async function measureByTwo(
  open: () => Reader,
  { busyUntil }: MeasureOptions,
): Promise<Measurement<SqliteMeasured>> {
  const reader = open();
  try {
    const { facts, tables } = await reader.count();
    if (tables.length > tablesSharedMax) return await checkAlone(reader, facts);
    const { foreignKeyViolations, integrity } = await checkByTwo(reader, tables, open, busyUntil);
    return { facts: { ...facts, foreignKeyViolations }, integrity };
  } finally {
    await reader.close();
  }
}
