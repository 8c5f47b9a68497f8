// The undo set: a directory beside the database with every file of what is about to be replaced (R2). The database in it
// is a hard link where the file system has them, so that keeping it costs no space and no time. One that has a log or a
// journal beside it is copied, and they are: should the placement be given up, the app goes on with its own, and whoever
// opens the undo set meanwhile would write an old log into the live database, or share the new one
// (https://www.sqlite.org/howtocorrupt.html, 1.4 and 2.5).
import { link, mkdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { OpsError, errorCode } from '../base/errors.ts';
import { copyFileDurably } from '../files/copy-file.ts';
import { writeFileAtomically } from '../files/durable.ts';
import type { HeldDirectory } from '../files/held-directory.ts';
import { syncFile } from '../files/sync.ts';
import {
  type DatabaseSet,
  holdsContent,
  inspectSet,
  isSpread,
  memberAt,
  memberPath,
  type MemberSuffix,
  type SetPlace,
  sideSuffixes,
} from './database-set.ts';
import { isSameFile } from './file-mark.ts';
import { undoName } from './names.ts';
import { holdOwnDirectory, readOwnRecord } from './own.ts';
import { type UndoRecord, formatUndoRecord, parseUndoRecord, undoRecordName } from './undo-record.ts';
import { wrapped } from './wrapped.ts';

const linksImpossible = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EXDEV', 'EMLINK', 'ENOSYS']);

/** The name that the next undo set of `target` will have. */
export async function nextUndoName({ directory, name }: SetPlace, madeAt: Date): Promise<string> {
  const taken = new Set(await wrapped(`list ${directory.path}`, () => directory.names()));
  let ordinal = 1;
  while (taken.has(undoName(name, madeAt, ordinal))) ordinal += 1;
  return undoName(name, madeAt, ordinal);
}

/**
 * Makes the undo set of `target`, as `undo` beside it. It is complete and every byte of it durable when this returns;
 * what is in place is not touched. `onCopied` is told of a copy of the database, where it is no second name. The record is written last: a directory without one was never complete.
 */
export async function makeUndoSet(
  target: SetPlace,
  undo: string,
  record: Omit<UndoRecord, 'members'>,
  onCopied: (at: string) => Promise<unknown>,
): Promise<void> {
  const { directory: parent } = target;
  await wrapped(`make ${join(parent.path, undo)}`, () => mkdir(parent.at(undo), { mode: 0o700 }));
  using directory = await holdOwnDirectory(parent, undo);
  const kept = { directory, name: target.name };
  const present = await inspectSet(target);
  if (present.has(''))
    await (isSpread(present) ? copyDatabase(target, kept, onCopied) : linkOrCopy(target, kept, onCopied));
  for (const suffix of sideSuffixes) {
    // An index of the log that SQLite makes anew, and a log or journal with nothing in it, add nothing.
    if (holdsContent(present, suffix)) await copyMember(target, kept, suffix);
  }
  await directory.sync();
  await writeUndoRecord(directory, { ...record, members: await inspectSet(kept) });
  await parent.sync();
}

/** The record of an undo set. Throws OpsError `missing`, `damaged` or `refused` when there is none that counts. */
export async function readUndoRecord(directory: HeldDirectory): Promise<UndoRecord> {
  const path = join(directory.path, undoRecordName);
  const text = await readOwnRecord(directory, undoRecordName);
  if (text === undefined) throw new OpsError('missing', `cannot read ${path}: it is not there`);
  return parseUndoRecord(text, path);
}

/** Records that the undo set was brought back. Its files stay. */
export async function markUndoUsed(
  { directory: parent }: SetPlace,
  undo: string,
  record: UndoRecord,
  usedAt: Date,
): Promise<void> {
  using directory = await holdOwnDirectory(parent, undo);
  await writeUndoRecord(directory, { ...record, state: 'used', usedAt });
}

/**
 * Marks an undo set as withdrawn, and takes out of it what is in place under a second name; false when it was never
 * complete, and so nothing was taken from in place.
 */
export async function withdrawUndo(target: SetPlace, undo: string, inPlace: DatabaseSet): Promise<boolean> {
  try {
    using directory = await holdOwnDirectory(target.directory, undo);
    await writeUndoRecord(directory, { ...(await readUndoRecord(directory)), state: 'withdrawn' });
    await dropShared({ directory, name: target.name }, inPlace);
    return true;
  } catch (error) {
    if (error instanceof OpsError && error.kind === 'missing') return false;
    throw error;
  }
}

/** An older Holdfast linked the side files as well. */
async function dropShared(kept: SetPlace, inPlace: DatabaseSet): Promise<void> {
  const found = await inspectSet(kept);
  for (const suffix of sideSuffixes) {
    const isShared = isSameFile(found.get(suffix), inPlace.get(suffix));
    if (isShared) await wrapped(`remove ${memberPath(kept, suffix)}`, () => unlink(memberAt(kept, suffix)));
  }
  await kept.directory.sync();
}

async function writeUndoRecord(directory: HeldDirectory, record: UndoRecord): Promise<void> {
  await writeFileAtomically(directory.at(undoRecordName), formatUndoRecord(record), { mode: 0o600 });
}

async function copyMember(from: SetPlace, to: SetPlace, suffix: MemberSuffix): Promise<void> {
  await copyFileDurably(memberAt(from, suffix), memberAt(to, suffix));
}

async function copyDatabase(
  from: SetPlace,
  to: SetPlace,
  onCopied: (at: string) => Promise<unknown>,
): Promise<void> {
  await copyMember(from, to, '');
  await onCopied(memberAt(to));
  await syncFile(memberAt(to));
}

async function linkOrCopy(
  from: SetPlace,
  to: SetPlace,
  onCopied: (at: string) => Promise<unknown>,
): Promise<void> {
  await wrapped(`keep ${memberPath(from)} as ${memberPath(to)}`, async () => {
    try {
      await link(memberAt(from), memberAt(to));
    } catch (error) {
      if (!linksImpossible.has(errorCode(error) ?? '')) throw error;
      return copyDatabase(from, to, onCopied);
    }
    // With synchronous=OFF, and with NORMAL after its last checkpoint, the app has left that to the kernel.
    await syncFile(memberAt(to));
  });
}
