// The warm copy of a standby: a file beside the place of the database, and a note in the state directory that says which
// file counts. The note is written last and replaced as one: killed at any instant, the copy that it names is whole.
import { lstat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OpsError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { borrowed } from '../files/borrowed.ts';
import type { FileDigest } from '../files/digest.ts';
import { sweepTemporaries } from '../files/durable.ts';
import { digestFile, type ReadOptions } from '../files/hash-file.ts';
import { ifThere } from '../files/if-there.ts';
import { publishFile } from '../files/publish-file.ts';
import { type StateNote, stateNote } from '../files/state-note.ts';
import { memberAt, type SetPlace } from './database-set.ts';
import { isWarmCopyName, warmCopyName } from './names.ts';
import { requireReady } from './readiness.ts';
import { formatWarmCopy, parseWarmCopy, type WarmCopy } from './warm-copy-record.ts';
import { wrapped } from './wrapped.ts';

/** Whose warm copy it is. */
export interface StandbyOf {
  stateDirectory: string;
  app: string;
}

/**
 * The warm copy that is noted; undefined where there is none. Throws OpsError `damaged` for a note that cannot be used, and
 * what reading the state directory throws.
 */
export async function readWarmCopy(of: StandbyOf): Promise<WarmCopy | undefined> {
  const note = noteOf(of);
  const text = await note.read();
  return text === undefined ? undefined : parseWarmCopy(text, note.path);
}

/** The path of its file, for people. */
export function warmCopyPath({ directory }: SetPlace, { file }: Pick<WarmCopy, 'file'>): string {
  return join(directory.path, file);
}

/**
 * The digest of the file as it is now, for whoever compares it with its manifest. Throws OpsError `missing` where it is not
 * there, `refused` for what may be a file of somebody else.
 */
export async function digestWarmCopy(
  target: SetPlace,
  { file }: Pick<WarmCopy, 'file'>,
  options: Pick<ReadOptions, 'signal' | 'onProgress'> = {},
): Promise<FileDigest> {
  const way = await wayToWarmCopy(target, { file });
  return { ...(await digestFile(way.at, { ...options, ...way.options })), path: way.path };
}

/** How its file is opened: as what we made, and never as another file that somebody gave its name. */
export async function wayToWarmCopy(
  target: SetPlace,
  { file }: Pick<WarmCopy, 'file'>,
): Promise<{ at: string; path: string; options: Pick<ReadOptions, 'follow' | 'check'> }> {
  const path = warmCopyPath(target, { file });
  if (!isWarmCopyName(target.name, file))
    throw new OpsError('missing', `cannot find ${path}: that is no warm copy of ${target.name}`);
  const directory = await target.directory.status();
  const check: ReadOptions['check'] = async (status) => {
    const flaw = borrowed(status, directory);
    if (flaw !== undefined) throw new OpsError('refused', `cannot use ${path}: it ${flaw}`);
  };
  return { at: target.directory.at(file), path, options: { follow: false, check } };
}

/**
 * Gives a proven, staged file its name as the warm copy of `target`, writes its note, and removes the file that counted
 * before. Called under the app's lock.
 */
export async function publishWarmCopy(
  target: SetPlace,
  staged: SetPlace,
  copy: Omit<WarmCopy, 'file'>,
  {
    before,
    log,
    stateDirectory,
  }: Pick<StandbyOf, 'stateDirectory'> & { before: WarmCopy | undefined; log: Log },
): Promise<WarmCopy> {
  await requireReady(staged, target);
  const { takenAt } = copy.manifest;
  const [first, second] = [1, 2].map((ordinal) => warmCopyName(target.name, takenAt, ordinal));
  // Never the name of the one that counts: that one stays until the note says otherwise.
  const file = (before?.file === first ? second : first) ?? '';
  await publishFile(memberAt(staged), target.directory.at(file), { replace: true });
  const published = { ...copy, file };
  await noteWarmCopy(stateDirectory, published);
  await sweepWarmCopies(target, { stateDirectory, app: copy.app }, { keep: published, log });
  return published;
}

/** Writes the note of a copy whose file is there, in the place of the note before; durable when it returns. */
export async function noteWarmCopy(stateDirectory: string, copy: WarmCopy): Promise<void> {
  await noteOf({ stateDirectory, app: copy.app }).write(formatWarmCopy(copy));
}

/**
 * Removes every file that has the name of a warm copy of `target` and is not the one that counts, and what a killed run left
 * of the note. Called under the app's lock.
 */
export async function sweepWarmCopies(
  target: SetPlace,
  of: StandbyOf,
  { keep, log }: { keep: Pick<WarmCopy, 'file'>; log: Log },
): Promise<void> {
  const { directory } = target;
  await sweepTemporaries(dirname(noteOf(of).path), undefined);
  const names = await wrapped(`list ${directory.path}`, () => directory.names());
  for (const name of names) {
    if (name === keep.file || !isWarmCopyName(target.name, name)) continue;
    const path = join(directory.path, name);
    await wrapped(`remove ${path}`, async () => {
      if ((await ifThere(lstat(directory.at(name))))?.isFile() !== true) return;
      await ifThere(unlink(directory.at(name)));
      log.debug('removed an older warm copy', { path });
    });
  }
}

/**
 * What is wrong with its file at a look, which reads none of it: it is gone, or has another size. Undefined where nothing
 * is; whether its bytes are still those that were proven is found out when it is pulled again, and before it is made live.
 */
export async function warmCopyProblem(target: SetPlace, copy: WarmCopy): Promise<string | undefined> {
  const path = warmCopyPath(target, copy);
  const found = await wrapped(`look at ${path}`, () => ifThere(lstat(target.directory.at(copy.file))));
  if (found?.isFile() !== true) return `${path} is not there`;
  if (found.size === copy.manifest.sizeBytes) return undefined;
  return `${path} has ${found.size} bytes, and should have ${copy.manifest.sizeBytes}`;
}

function noteOf({ stateDirectory, app }: StandbyOf): StateNote {
  return stateNote(stateDirectory, 'standby', app);
}
