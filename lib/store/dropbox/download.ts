// Taking objects out of Dropbox: into scratch first, and published when they are whole.
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { OpsError, systemError } from '../../base/errors.ts';
import type { FileDigest } from '../../files/digest.ts';
import { fileIdentity, identityAfterMove } from '../../files/identity.ts';
import { publishFile, requireNothingAt } from '../../files/publish-file.ts';
import { makeScratch, sweepScratch } from '../../files/scratch.ts';
import { fullDiskDetails, requireSpace } from '../../files/space.ts';
import { writeAll } from '../../files/write-all.ts';
import { startWriteBack } from '../../files/write-back.ts';
import { quoteName } from '../name.ts';
import type { GetOptions, StoreName } from '../store.ts';
import { fetchProven } from './fetch-proven.ts';
import { lookUp, type RemoteFile } from './metadata.ts';
import { pathOf } from './paths.ts';
import type { Place } from './place.ts';

const writeBackBytes = 16 * 1024 * 1024;

/** The file under `name`. Throws OpsError `missing`. */
export async function requireFile(place: Place, name: StoreName, signal?: AbortSignal): Promise<RemoteFile> {
  const found = await lookUp(place.client, pathOf(place.folder, name), signal);
  if (typeof found === 'object') return found;
  const why = found === 'folder' ? 'it is a folder' : 'it is not there';
  throw new OpsError('missing', `cannot find ${quoteName(name)} in Dropbox: ${why}`, {
    hint: 'list-backups shows the names there are',
  });
}

/** Writes the object to `target`, which must not exist, and returns the digest of what was written; see `Store.get`. */
export async function downloadFile(
  place: Place,
  name: StoreName,
  target: string,
  options: GetOptions,
): Promise<FileDigest> {
  options.signal?.throwIfAborted();
  const file = await requireFile(place, name, options.signal);
  await requireNothingAt(target);
  const directory = dirname(target);
  await requireSpace({ directory, neededBytes: file.sizeBytes, purpose: `write ${target}` });
  await sweepScratch(directory, place);
  await using scratch = await makeScratch(directory, place);
  const temporary = scratch.file('object');
  const digest = await fetchTo(place, name, file, temporary, options);
  options.signal?.throwIfAborted();
  await publishFile(temporary, target, { replace: false });
  return { ...digest, path: target, identity: await identityAfterMove(digest.identity, target) };
}

/** The bytes of a small object, proven like those of a large one. */
export async function downloadBytes(place: Place, name: StoreName, bytesMax: number): Promise<Uint8Array> {
  const file = await requireFile(place, name);
  if (file.sizeBytes > bytesMax) {
    throw new OpsError(
      'damaged',
      `cannot read ${quoteName(name)}: it has ${file.sizeBytes} bytes, at most ${bytesMax} are expected`,
    );
  }
  const pieces: Uint8Array[] = [];
  await fetchProven(
    place,
    name,
    file,
    {},
    {
      restart: () => Promise.resolve(void pieces.splice(0)),
      take: (piece) => Promise.resolve(void pieces.push(piece)),
    },
  );
  return Buffer.concat(pieces);
}

async function fetchTo(
  place: Place,
  name: StoreName,
  file: RemoteFile,
  path: string,
  options: GetOptions,
): Promise<FileDigest> {
  const attempt = async <T>(write: () => Promise<T>): Promise<T> => {
    try {
      return await write();
    } catch (error) {
      throw systemError(`write ${path}`, error, fullDiskDetails(error, dirname(path)));
    }
  };
  await using handle = await attempt(() => open(path, 'wx', 0o600));
  const writeBack = startWriteBack(path);
  let at = 0;
  const digest = await fetchProven(place, name, file, options, {
    async restart() {
      at = 0;
      await attempt(() => handle.truncate(0));
    },
    async take(piece) {
      await attempt(() => writeAll(handle, piece, at));
      if (crosses(at, piece.length)) writeBack.beginIfIdle();
      at += piece.length;
    },
  }).finally(() => writeBack.end());
  await attempt(() => handle.sync());
  return { path, ...digest, identity: await fileIdentity(handle) };
}

/** Whether a piece at this place goes over a boundary of 16 MiB. */
function crosses(at: number, bytes: number): boolean {
  return Math.floor(at / writeBackBytes) !== Math.floor((at + bytes) / writeBackBytes);
}
