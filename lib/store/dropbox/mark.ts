// The marker of a store in Dropbox: another account, another folder and one that was emptied are noticed by it. One id
// has one text there, so that the hash Dropbox gives for nothing says whether it is the store that is expected.
import { OpsError } from '../../base/errors.ts';
import { contentHashOf } from '../../files/digester.ts';
import {
  formatStoreMark,
  markerBytesMax,
  markerName,
  newStoreId,
  parseStoreMark,
  type StoreMark,
} from '../mark.ts';
import type { DropboxAccess } from './access.ts';
import { DropboxFailure } from './failure.ts';
import { downloadBytes } from './download.ts';
import { lookUntil, lookUp } from './look.ts';
import { NoObject, type RemoteFile, remoteFile } from './metadata.ts';
import { pathOf } from './paths.ts';

/** Where one is expected and not seen, it may have been made a moment ago: two seconds of looks, and no more. */
const looksMax = 4;

/**
 * The mark in the folder of the store; undefined where none is. One request where it is one of the `expected` ids. Throws
 * OpsError `damaged` or `unavailable` for one that is not known.
 */
export async function readDropboxMark(
  access: DropboxAccess,
  called: string,
  expected: readonly string[],
): Promise<StoreMark | undefined> {
  let looks = 0;
  const seen = await lookUntil(access, pathIn(access), (found) => {
    looks += 1;
    return found !== undefined || expected.length === 0 || looks === looksMax;
  });
  if (seen === undefined) return undefined;
  const known = expected.find((id) => isMarked(seen, id));
  if (known !== undefined) return { id: known };
  const isReadable = !(seen instanceof NoObject) && seen.sizeBytes <= markerBytesMax;
  const bytes = isReadable ? await downloadBytes(access, markerName, seen) : Buffer.of();
  const hint = 'look at it on dropbox.com; to write a new one, delete it there, and then: db-backup init';
  return parseStoreMark(Buffer.from(bytes).toString('utf8'), { called, hint });
}

/** Marks the folder, also where a mark without an id is, and returns what it is marked as: somebody else may have been first. */
export async function makeDropboxMark(access: DropboxAccess, called: string): Promise<StoreMark> {
  const [path, id] = [pathIn(access), newStoreId()];
  const before = await lookUp(access, path);
  const mode =
    before === undefined || before instanceof NoObject
      ? ({ '.tag': 'add' } as const)
      : ({ '.tag': 'update', update: before.rev } as const);
  const find = async () => {
    const found = await lookUp(access, path);
    return isMarked(found, id) ? found : undefined;
  };
  try {
    const [contents, content_hash] = [formatStoreMark(id), hashOf(id)];
    const stored = await access.client.call(
      (calls) => calls.filesUpload({ path, mode, autorename: false, mute: true, content_hash, contents }),
      remoteFile,
      { settle: find },
    );
    if (!isMarked(stored, id) && (await find()) === undefined)
      throw new OpsError(
        'damaged',
        `cannot use ${called}: what arrived there as its ${markerName} is not what was sent`,
        { hint: 'run it again; nothing else was written' },
      );
    access.recent.wrote(path, stored, before instanceof NoObject ? undefined : before);
    return { id };
  } catch (error) {
    if (!(error instanceof DropboxFailure) || !error.has('conflict')) throw error;
    const other = await readDropboxMark(access, called, [id]);
    if (other === undefined) throw error;
    return other;
  }
}

function pathIn({ folder }: DropboxAccess): string {
  return pathOf(folder, markerName);
}

function isMarked(seen: RemoteFile | NoObject | undefined, id: string): seen is RemoteFile {
  return seen !== undefined && !(seen instanceof NoObject) && seen.contentHash === hashOf(id);
}

function hashOf(id: string): string {
  return contentHashOf(Buffer.from(formatStoreMark(id)));
}
