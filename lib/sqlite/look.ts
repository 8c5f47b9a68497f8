// Looks at a live database's files before SQLite touches them, so that a wrong path has a clear answer (S3).
import { realpath, stat } from 'node:fs/promises';
import { errorCode, OpsError, systemError } from '../base/errors.ts';
import { sizeIfThere } from '../files/size.ts';
import type { SourceLook, SourceOwnership } from '../source/source.ts';
import { firstBytes } from './first-bytes.ts';
import { headerBytes, looksEncrypted, otherFormat, parseHeader } from './header.ts';

/** A database file that is there and begins like one. Its side files lie beside `path`. */
export interface SqliteLook extends SourceLook {
  /** Bytes in the write-ahead log beside it; undefined when there is none. */
  walBytes: number | undefined;
  wal: boolean;
  pageSize: number;
  ownership: SourceOwnership;
}

/**
 * Requires that `path` is a readable, non-empty regular file with a SQLite header. Never creates or changes anything,
 * and never opens a pipe or device, on which it would hang. Throws OpsError `missing`, `denied` or `damaged`.
 */
export async function requireSource(path: string): Promise<SqliteLook> {
  const act = `read the database ${path}`;
  const hint = 'check the path of the database in the configuration (DATABASE_PATH)';
  try {
    const real = await realpath(path);
    const status = await stat(real);
    if (!status.isFile()) {
      const what = status.isDirectory() ? 'a directory' : 'not a regular file';
      throw new OpsError('missing', `cannot ${act}: it is ${what}`, { hint });
    }
    if (status.size === 0) throw new OpsError('missing', `cannot ${act}: it is empty (0 bytes)`, { hint });
    const first = await firstBytes(real);
    const header = parseHeader(first);
    if (header === undefined) throw foreign(act, first);
    const walBytes = await sizeIfThere(`${real}-wal`);
    return {
      path: real,
      sizeBytes: status.size,
      copyBytesMax: status.size + (walBytes ?? 0),
      ownership: { uid: status.uid, gid: status.gid, mode: status.mode & 0o7777 },
      remarks: [header.wal ? 'WAL' : 'rollback journal'],
      walBytes,
      wal: header.wal,
      pageSize: header.pageSize,
    };
  } catch (error) {
    throw systemError(act, error, {
      hint: isRefusal(error) ? `run as the app's user or in its group: ls -l ${path}` : hint,
    });
  }
}

function isRefusal(error: unknown): boolean {
  return ['EACCES', 'EPERM'].includes(errorCode(error) ?? '');
}

function foreign(act: string, first: Buffer): OpsError {
  if (first.length < headerBytes) {
    return new OpsError('damaged', `cannot ${act}: it is shorter than a SQLite header`, {
      hint: 'the file is truncated or not a database; restore list shows the backups there are',
    });
  }
  return new OpsError('damaged', `cannot ${act}: ${guess(first)}`, {
    hint: 'nothing was copied or removed; if this is the right file, restore plan latest shows the way back',
  });
}

function guess(first: Buffer): string {
  if (looksEncrypted(first)) return 'it looks encrypted (or damaged in its header)';
  const other = otherFormat(first);
  return `it is not a SQLite database${other === undefined ? '' : ` but ${other}`}`;
}
