// A WAL database whose log lies elsewhere. SQLite looks for the -wal beside the name that it opened. A program that has
// the same file by another name (a hard link, or a container in which the one file is mounted) keeps it beside that
// one: here the database would look quiet, while its newest rows are out of sight, and a copy would miss them (S1).
import { existsSync, readFileSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { errorCode, OpsError } from '../base/errors.ts';

/** Between taking its lock and making the -wal an app needs a moment; only what lasts counts. */
const looks = { max: 20, pauseMs: 50 };

/** Throws OpsError `refused` when somebody keeps the WAL database at `path` open, but no -wal lies beside it. */
export async function requireVisibleLog(path: string): Promise<void> {
  for (let look = 1; !existsSync(`${path}-wal`) && isHeld(path); look += 1) {
    if (look >= looks.max) throw hidden(path);
    await delay(looks.pauseMs);
  }
}

function hidden(path: string): OpsError {
  return new OpsError(
    'refused',
    `cannot snapshot ${path}: a program has it open, but its -wal is not beside it, so the newest rows cannot be seen here`,
    {
      hint: `give the path that the app itself uses; into a container, mount the directory and not the file`,
    },
  );
}

/**
 * Whether a process holds SQLite's shared lock on the file; in WAL mode every connection does until it is closed. Only
 * what the kernel shows of it: false where there is no /proc, or where the process is of another container.
 */
function isHeld(path: string): boolean {
  const { dev, ino } = statSync(path, { bigint: true });
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn);
  const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn);
  const hex = (value: bigint) => value.toString(16).padStart(2, '0');
  const file = `${hex(major)}:${hex(minor)}:${ino}`;
  return kernelLocks().some((line) => {
    // 1: POSIX  ADVISORY  READ 1234 08:01:5678 1073741826 1073742335
    const [, kind, , , , where, from] = line.trim().split(/\s+/);
    return kind === 'POSIX' && where === file && Number(from) >= sqliteLocksBegin;
  });
}

/** SQLite's locks on a database file begin at this byte (https://sqlite.org/fileformat2.html, 1.3: the lock-byte page). */
const sqliteLocksBegin = 0x4000_0000;

function kernelLocks(): string[] {
  try {
    return readFileSync('/proc/locks', 'utf8').split('\n');
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'EACCES') return [];
    throw error;
  }
}
