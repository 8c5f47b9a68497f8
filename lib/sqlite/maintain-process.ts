// The process that works on the database of an app, as its owner where it is started by root: what it makes beside the file
// is then the app's, and where the owner may not go it does not go either. It ends with the channel to its parent.
import { statSync } from 'node:fs';
import { errorCode, errorMessage, OpsError } from '../base/errors.ts';
import type { Answer } from './asked-process.ts';
import { packError } from './crossing.ts';
import { needsTheApp, sqliteError } from './errors.ts';
import type { MaintainQuestion, Maintained, Pages } from './maintain.ts';
import { harmful, mayMakeSideFiles } from './live-reader.ts';
import { type Database, openWritten } from './open.ts';
import { requireOrdinarySideFiles } from './side-files.ts';

process.on('message', (question: MaintainQuestion) => process.send?.(answer(question)));

function answer(question: MaintainQuestion): Answer {
  try {
    return { result: maintain(question) };
  } catch (error) {
    return { error: packError(explained(question.path, error)) };
  }
}

function maintain({ path, file, work, busyMs }: MaintainQuestion): Maintained {
  becomeOwner(path);
  requireOrdinarySideFiles(path);
  if (!mayMakeSideFiles(path)) throw harmful(path);
  const database = openWritten(path, { file, busyMs });
  try {
    // Who writes right now is not disturbed, and nothing is waited for that does not end.
    database.exec('BEGIN IMMEDIATE; ROLLBACK');
    const before = pagesOf(database);
    if (work === 'vacuum') vacuum(database);
    else database.exec('PRAGMA analysis_limit = 1000; PRAGMA optimize(0x10012)');
    return { before, after: pagesOf(database), isShrunk: shrink(database, path, work) };
  } finally {
    database.close();
  }
}

function vacuum(database: Database): void {
  database.exec('VACUUM');
}

/**
 * In WAL mode the file becomes smaller with the next checkpoint, which is tried here; a reader that stays keeps it from
 * that, and the app's own will do it.
 */
function shrink(database: Database, path: string, work: MaintainQuestion['work']): boolean {
  if (work !== 'vacuum') return true;
  if (database.pragma('journal_mode', { simple: true }) === 'wal')
    database.pragma('wal_checkpoint(TRUNCATE)');
  const { pageSize, pageCount } = pagesOf(database);
  return statSync(path).size <= pageSize * pageCount;
}

function pagesOf(database: Database): Pages {
  const pragma = (name: string) => Number(database.pragma(name, { simple: true }));
  return {
    pageSize: pragma('page_size'),
    pageCount: pragma('page_count'),
    freeCount: pragma('freelist_count'),
  };
}

/** In a unit root cannot become somebody else; there SQLite gives what it makes to the owner of the file. */
function becomeOwner(path: string): void {
  if (process.geteuid?.() !== 0) return;
  const { uid, gid } = statSync(path);
  if (uid === 0) return;
  try {
    process.setgroups?.([]);
    process.setgid?.(gid);
    process.setuid?.(uid);
  } catch (error) {
    if (errorCode(error) !== 'EPERM' && errorCode(error) !== 'ERR_OPERATION_FAILED') throw error;
  }
}

function explained(path: string, error: unknown): unknown {
  const code = errorCode(error) ?? '';
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED'))
    return new OpsError('unavailable', `cannot work on ${path}: the app writes in it, or reads for long`, {
      hint: 'nothing was changed; try again when the app is idle, or while it is stopped',
    });
  if (code.startsWith('SQLITE_FULL'))
    return new OpsError(
      'io',
      `cannot work on ${path}: no space left on its disk, or on that of temporary files`,
      {
        hint: 'nothing was changed; a vacuum needs as much room as the database has beside it, and once more in /var/tmp',
      },
    );
  if (needsTheApp(error))
    return new OpsError(
      'refused',
      `cannot work on ${path}: its schema needs what only the app brings along (${errorMessage(error)})`,
      {
        hint: 'nothing was changed; let the app do it itself',
      },
    );
  return sqliteError(`work on ${path}`, error);
}
