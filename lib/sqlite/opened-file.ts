// Whether SQLite opened the very files that were looked at. It finds each by its name once more, and better-sqlite3 gives
// no descriptor: whoever owns a directory on the way may have put another file, or a link, there in between. What a
// process has open is in /proc/self/fd (proc_pid_fd(5)).
//
// SQLite itself opens a database with O_NOFOLLOW, after it has resolved every link of its name, and -wal, -shm and -journal
// beside that name with O_NOFOLLOW too (seen with strace): a link in their place is an error, another directory is not.
import { shellWord } from '../base/shell-word.ts';
import { lstatSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { errorCode, OpsError } from '../base/errors.ts';
import type { FileNumber } from '../source/source.ts';

/** Opens with `open` what has to be `expected`. Throws OpsError `refused`, after `close`, before anything was read of another file. */
export function openExpected<Opened extends { close(): unknown }>(
  path: string,
  expected: FileNumber,
  open: () => Opened,
): Opened {
  const there = lstatSync(path, { bigint: true, throwIfNoEntry: false }); // of what is gone `open` has to say so
  if (there !== undefined && !isFile(there, expected)) throw exchanged(path);
  const before = descriptorsOn(expected);
  const opened = open();
  // Threads open other files meanwhile, but not this one.
  if (descriptorsOn(expected) > before) return opened;
  opened.close();
  throw exchanged(path);
}

/** What this process has open now, for `requireBeside`. */
export function openDescriptors(): ReadonlySet<string> {
  return new Set(readdirSync(descriptors));
}

/** Requires each -wal and -shm that was opened since `before` to lie beside the database. Throws OpsError `refused`. */
export function requireBeside(path: string, before: ReadonlySet<string>): void {
  for (const descriptor of openDescriptors()) {
    if (before.has(descriptor)) continue;
    const real = unlessClosed(() => readlinkSync(`${descriptors}/${descriptor}`));
    if (real === undefined || !isNameOfSideFile(basename(real), basename(path))) continue;
    if (dirname(real) !== dirname(path)) throw exchanged(path);
  }
}

const descriptors = '/proc/self/fd';

function isNameOfSideFile(name: string, database: string): boolean {
  const there = name.replace(/ \(deleted\)$/, '');
  return there === `${database}-wal` || there === `${database}-shm`;
}

function descriptorsOn(expected: FileNumber): number {
  return readdirSync(descriptors).filter((descriptor) =>
    isFile(
      unlessClosed(() => statSync(`${descriptors}/${descriptor}`, { bigint: true })),
      expected,
    ),
  ).length;
}

function isFile(status: { dev: bigint; ino: bigint } | undefined, { device, inode }: FileNumber): boolean {
  return status?.dev === device && status.ino === inode;
}

/** The one that the directory is read through is gone when it is looked at; another thread may close any. */
function unlessClosed<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function exchanged(path: string): OpsError {
  return new OpsError('refused', `cannot read ${path}: another file was put in its place meanwhile`, {
    hint: `try again; if it happens again, see who may write there: ls -ld ${shellWord(dirname(path))}`,
  });
}
