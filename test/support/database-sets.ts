// SQLite sets as a restore meets them, and what can be read from one without touching it.
import { createHash } from 'node:crypto';
import { execFile } from 'node:child_process';
import { copyFile, lstat, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import Database from 'better-sqlite3';
import { errorCode } from '../../lib/base/errors.ts';

const suffixes = ['', '-wal', '-shm', '-journal'];
const leaveSetBehind = fileURLToPath(new URL('../fixtures/leave-set-behind.ts', import.meta.url));

/** A single-file database with the rows `<label> 1` … `<label> <count>`. */
export function makeDatabase(path: string, label: string, count: number): void {
  const database = new Database(path);
  database.exec('create table entries (id integer primary key, note text not null)');
  const insert = database.prepare('insert into entries (note) values (?)');
  database.transaction(() => {
    for (let i = 1; i <= count; i += 1) insert.run(`${label} ${i}`);
  })();
  database.close();
}

/** The rows `makeDatabase` makes. */
export function rowsOf(label: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${label} ${index + 1}`);
}

/** What a crashed app leaves: 600 old rows of which 500 are in the -wal only, or 100 under a hot journal. */
export async function makeCrashedSet(path: string, kind: 'wal' | 'journal'): Promise<void> {
  await promisify(execFile)(process.execPath, [leaveSetBehind, kind, path]).catch((error: unknown) => {
    if (!(error instanceof Error && 'signal' in error && error.signal === 'SIGKILL')) throw error;
  });
}

/** Copies a set, with whatever side files it has. */
export async function copySet(from: string, to: string): Promise<void> {
  for (const suffix of suffixes) {
    await copyFile(`${from}${suffix}`, `${to}${suffix}`).catch((error: unknown) => {
      if (errorCode(error) !== 'ENOENT') throw error;
    });
  }
}

/** Damages a set beyond recovery: neither its database nor its -wal can be read any more. */
export async function spoilSet(path: string): Promise<void> {
  await writeFile(path, Buffer.alloc(4096, 'damaged'));
  const wal = await readFile(`${path}-wal`);
  await writeFile(`${path}-wal`, wal.fill('damaged', 0, 64));
}

/** The rows that an app would find at `path`, read from a copy; throws unless SQLite calls the database whole. */
export async function readRows(path: string): Promise<string[]> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-rows-'));
  try {
    const copy = join(directory, 'copy.db');
    await copySet(path, copy);
    const database = new Database(copy, { fileMustExist: true });
    try {
      const verdict = database.pragma('integrity_check', { simple: true });
      if (verdict !== 'ok') throw new Error(`integrity_check: ${String(verdict)}`);
      return database.prepare('select note from entries order by id').pluck().all() as string[];
    } finally {
      database.close();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The inodes of the files of a set, by suffix. */
export async function inodesOf(path: string): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (const suffix of suffixes) {
    const status = await lstat(`${path}${suffix}`).catch(() => undefined);
    if (status !== undefined) found.set(suffix, status.ino);
  }
  return found;
}

/** What a set holds: the bytes of each file that its content depends on, by suffix. */
export async function contentsOf(path: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const suffix of suffixes.filter((name) => name !== '-shm')) {
    const bytes = await readFile(`${path}${suffix}`).catch(() => Buffer.alloc(0));
    if (bytes.length > 0) found.set(suffix, createHash('sha256').update(bytes).digest('hex'));
  }
  return found;
}

/** The names beside a database, less its own. */
export async function namesBeside(path: string): Promise<string[]> {
  const names = await readdir(dirname(path));
  return names.filter((name) => name !== basename(path)).sort();
}
