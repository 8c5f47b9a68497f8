// The undo set: a directory beside the database with every file of what is about to be replaced (R2). Its files are
// hard links where the file system has them, so that keeping the old database costs no space and no time.
import { link, mkdir, readFile, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { OpsError, errorCode } from '../base/errors.ts';
import { copyFileDurably } from '../files/copy-file.ts';
import { writeFileAtomically } from '../files/durable.ts';
import { syncDirectory } from '../files/sync.ts';
import { inspectSet, memberSuffixes } from './database-set.ts';
import { undoName } from './names.ts';
import { type UndoRecord, formatUndoRecord, parseUndoRecord, undoRecordName } from './undo-record.ts';
import { wrapped } from './wrapped.ts';

const linksImpossible = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EXDEV', 'EMLINK', 'ENOSYS']);

/** The path that the next undo set of `target` will have. */
export async function nextUndoPath(target: string, madeAt: Date): Promise<string> {
  const directory = dirname(target);
  const taken = new Set(await wrapped(`list ${directory}`, () => readdir(directory)));
  let ordinal = 1;
  while (taken.has(undoName(target, madeAt, ordinal))) ordinal += 1;
  return join(directory, undoName(target, madeAt, ordinal));
}

/**
 * Makes the undo set of `record.target` at `directory`. It is complete and durable when this returns; what is in
 * place is not touched. The record is written last: a directory without one was never complete.
 */
export async function makeUndoSet(directory: string, record: Omit<UndoRecord, 'members'>): Promise<void> {
  await wrapped(`make ${directory}`, () => mkdir(directory, { mode: 0o700 }));
  const present = await inspectSet(record.target);
  const kept = join(directory, basename(record.target));
  for (const suffix of memberSuffixes) {
    if (present.has(suffix)) await linkOrCopy(`${record.target}${suffix}`, `${kept}${suffix}`);
  }
  await syncDirectory(directory);
  await writeUndoRecord(directory, { ...record, members: await inspectSet(kept) });
  await syncDirectory(dirname(directory));
}

/** The record of an undo set. Throws OpsError `missing` or `damaged` when there is none that can be read. */
export async function readUndoRecord(directory: string): Promise<UndoRecord> {
  const path = join(directory, undoRecordName);
  return wrapped(`read ${path}`, async () => parseUndoRecord(await readFile(path, 'utf8'), path));
}

/** Records that the undo set was brought back. Its files stay. */
export async function markUndoUsed(directory: string, record: UndoRecord, usedAt: Date): Promise<void> {
  await writeUndoRecord(directory, { ...record, state: 'used', usedAt });
}

/** Marks an undo set as withdrawn; false when it was never complete, and so nothing was taken from in place. */
export async function withdrawUndo(directory: string): Promise<boolean> {
  try {
    await writeUndoRecord(directory, { ...(await readUndoRecord(directory)), state: 'withdrawn' });
    return true;
  } catch (error) {
    if (error instanceof OpsError && error.kind === 'missing') return false;
    throw error;
  }
}

async function writeUndoRecord(directory: string, record: UndoRecord): Promise<void> {
  await writeFileAtomically(join(directory, undoRecordName), formatUndoRecord(record), { mode: 0o600 });
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  await wrapped(`keep ${from} as ${to}`, async () => {
    try {
      await link(from, to);
    } catch (error) {
      if (!linksImpossible.has(errorCode(error) ?? '')) throw error;
      await copyFileDurably(from, to);
    }
  });
}
