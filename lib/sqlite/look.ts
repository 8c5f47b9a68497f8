// Looks at a live database's files before SQLite touches them, so that a wrong path has a clear answer (S3).
import { shellWord } from '../base/shell-word.ts';
import { type BigIntStats, lstatSync } from 'node:fs';
import { resolve } from 'node:path';
import { errorCode, OpsError, systemError } from '../base/errors.ts';
import { borrowed } from '../files/borrowed.ts';
import { type LocatedFile, locateFile } from '../files/locate-file.ts';
import { sizeIfThere } from '../files/size.ts';
import { trueOwnership } from '../files/true-owner.ts';
import type { FileNumber, SourceLook } from '../source/source.ts';
import { firstBytes } from './first-bytes.ts';
import { headerBytes, journalModeIn, looksEncrypted, otherFormat, parseHeader } from './header.ts';
import { requireOrdinarySideFiles, whatElse } from './side-files.ts';

/** A database file that is there and begins like one. Its side files lie beside `path`. */
export interface SqliteLook extends SourceLook {
  /** The very file that was looked at: what is opened later has to be the same. */
  file: FileNumber;
  /** Bytes in the write-ahead log beside it; undefined when there is none. */
  walBytes: number | undefined;
  wal: boolean;
  pageSize: number;
}

/**
 * Requires that `path` is a readable, non-empty regular file with a SQLite header, and that links lead to it which may be
 * followed (see `locateFile`). Never creates or changes anything, and never opens a pipe or device, on which it would hang.
 * Throws OpsError `missing`, `denied`, `damaged` or `refused`.
 */
export async function requireSource(path: string): Promise<SqliteLook> {
  const act = `read the database ${path}`;
  try {
    using found = await locateFile(path);
    return await lookAt(found, act);
  } catch (error) {
    if (error instanceof OpsError) throw ofTheDatabase(error, path, act);
    throw systemError(act, error, { hint: hintFor(error, path) });
  }
}

async function lookAt({ directory, name, path }: LocatedFile, act: string): Promise<SqliteLook> {
  const at = directory.at(name);
  const status = lstatSync(at, { bigint: true });
  requireFile(status, await directory.status(), act);
  const first = await firstBytes(at);
  const header = parseHeader(first);
  if (header === undefined) throw foreign(act, first);
  requireOrdinarySideFiles(at, path);
  const sizeBytes = Number(status.size);
  const walBytes = await sizeIfThere(`${at}-wal`);
  return {
    path,
    file: { device: status.dev, inode: status.ino },
    sizeBytes,
    copyBytesMax: sizeBytes + (walBytes ?? 0),
    ownership: trueOwnership({
      uid: Number(status.uid),
      gid: Number(status.gid),
      mode: Number(status.mode) & 0o7777,
    }),
    setUp: { journalMode: journalModeIn(header) },
    remarks: [header.wal ? 'WAL' : 'rollback journal'],
    walBytes,
    wal: header.wal,
    pageSize: header.pageSize,
  };
}

function requireFile(file: BigIntStats, directory: BigIntStats, act: string): void {
  if (!file.isFile())
    throw new OpsError('missing', `cannot ${act}: it ${whatElse(file)}`, { hint: checkPath });
  if (file.size === 0n)
    throw new OpsError('missing', `cannot ${act}: it is empty (0 bytes)`, { hint: checkPath });
  const flaw = borrowed(file, directory);
  if (flaw !== undefined)
    throw new OpsError('refused', `cannot ${act}: it ${flaw}`, {
      hint: 'it may be a file of somebody else: name that file itself, or make a copy of it that has one name',
    });
}

const checkPath = 'check the path of the database in the configuration (DATABASE_PATH)';

/** What `locateFile` says of a path, said of the database. */
function ofTheDatabase(error: OpsError, path: string, act: string): OpsError {
  const begin = [`cannot find ${resolve(path)}: `, `cannot use ${resolve(path)}: `].find((words) =>
    error.message.startsWith(words),
  );
  if (begin === undefined) return error;
  const hint = error.hint ?? hintFor(error.cause, path);
  return new OpsError(error.kind, `cannot ${act}: ${error.message.slice(begin.length)}`, {
    hint,
    cause: error,
  });
}

function hintFor(error: unknown, path: string): string {
  return isRefusal(error) ? `run as the app's user or in its group: ls -l ${shellWord(path)}` : checkPath;
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
