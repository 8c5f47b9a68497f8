// Taking objects out of Dropbox, proven on their way.
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { OpsError, systemError } from '../../base/errors.ts';
import type { FileDigest } from '../../files/digest.ts';
import { fileIdentity } from '../../files/identity.ts';
import { fullDiskDetails } from '../../files/space.ts';
import { writeAll } from '../../files/write-all.ts';
import { startWriteBack } from '../../files/write-back.ts';
import { getWhole } from '../get-whole.ts';
import { quoteName } from '../name.ts';
import { nameMissing, requireReadable } from '../refusals.ts';
import type { GetOptions, StoreName } from '../store.ts';
import type { DropboxAccess } from './access.ts';
import { DropboxFailure } from './failure.ts';
import { fetchProven, type Sink } from './fetch-proven.ts';
import { lookUpObject } from './look.ts';
import { NoObject, type RemoteFile } from './metadata.ts';

const writeBackBytes = 16 * 1024 * 1024;

/** The file under `name`. Throws OpsError `missing`. */
export async function requireFile(
  access: DropboxAccess,
  name: StoreName,
  signal?: AbortSignal,
): Promise<RemoteFile> {
  const found = await lookUpObject(access, name, signal);
  if (found !== undefined && !(found instanceof NoObject)) return found;
  throw nameMissing(name, { where: 'Dropbox', why: found?.why ?? 'it is not there' });
}

/** Writes the object to `target`, which must not exist, and returns the digest of what was written; see `Store.get`. */
export async function downloadFile(
  access: DropboxAccess,
  name: StoreName,
  target: string,
  options: GetOptions,
): Promise<FileDigest> {
  const { signal } = options;
  signal?.throwIfAborted();
  return ofThisFile(name, async () => {
    const file = await requireFile(access, name, signal);
    return getWhole({ ...access, target, sizeBytes: file.sizeBytes, signal }, (temporary) =>
      fetchTo(access, name, file, temporary, options),
    );
  });
}

/** The bytes of a small object, proven like those of a large one; `seen` is what is known to be there. */
export async function downloadBytes(
  access: DropboxAccess,
  name: StoreName,
  seen?: RemoteFile,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  const sink: Sink = {
    restart: () => Promise.resolve(void pieces.splice(0)),
    take: (piece) => Promise.resolve(void pieces.push(piece)),
  };
  await ofThisFile(name, async () => {
    const file = seen ?? (await requireFile(access, name));
    requireReadable(name, file.sizeBytes);
    await fetchProven(access, name, file, {}, sink);
  });
  return Buffer.concat(pieces);
}

/** What Dropbox refuses of this very file is the trouble of this file, and not of the store: OpsError `damaged` then. */
async function ofThisFile<T>(name: StoreName, fetch: () => Promise<T>): Promise<T> {
  try {
    return await fetch();
  } catch (error) {
    if (!(error instanceof DropboxFailure) || error.kind !== 'endpoint' || error.has('not_found'))
      throw error;
    throw new OpsError(
      'damaged',
      `cannot get ${quoteName(name)}: Dropbox does not give this file out (${error.message})`,
      {
        hint: 'look at it on dropbox.com; db-backup list-backups shows which others there are',
        cause: error,
      },
    );
  }
}

async function fetchTo(
  access: DropboxAccess,
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
  const digest = await fetchProven(access, name, file, options, {
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

/** Whether a piece written there goes over a boundary of 16 MiB. */
function crosses(at: number, bytes: number): boolean {
  return Math.floor(at / writeBackBytes) !== Math.floor((at + bytes) / writeBackBytes);
}
