// Writing one object: frames, index, end. It has its digest without being read again, and is durable when it is complete.
import { hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { constants, zstdCompress } from 'node:zlib';
import { systemError } from '../../base/errors.ts';
import { giveToOwnerOf } from '../../files/belong.ts';
import type { FileDigest } from '../../files/digest.ts';
import { createDigester, type Digester } from '../../files/digester.ts';
import type { HeldDirectory } from '../../files/held-directory.ts';
import { fileIdentity } from '../../files/identity.ts';
import { removeQuietly } from '../../files/publish-file.ts';
import { fullDiskDetails } from '../../files/space.ts';
import { writeAll } from '../../files/write-all.ts';
import {
  formatFooter,
  formatFrame,
  formatIndex,
  indexBytesAimed,
  objectHeader,
  type ObjectShape,
} from './object-format.ts';
import type { PageGroup } from './page-runs.ts';

/** A frame that is to be written, and what it holds. */
export interface MadeFrame extends PageGroup {
  bytes: Buffer;
}

/** Disposing of one that is not finished leaves nothing of it. Throws OpsError where it cannot be written. */
export interface ObjectWriter extends AsyncDisposable {
  /** Whether the frame still belongs into it: the first always does. */
  hasRoomFor(frame: MadeFrame, partBytesMax: number): boolean;
  add(frame: MadeFrame): Promise<void>;
  /** Completes it, as the last of them or not. */
  finish(isLast: boolean): Promise<FileDigest>;
}

const compress = promisify(zstdCompress);
const indexLevel = 9;

/** Begins the object in a directory of ours; a file that has its name already is OpsError `refused`. */
export async function openObjectWriter(
  directory: HeldDirectory,
  { part, shape }: { part: number; shape: ObjectShape },
): Promise<ObjectWriter> {
  const name = `part-${part}.pages`;
  const path = `${directory.path}/${name}`;
  const orFailed = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw systemError(`write ${path}`, error, fullDiskDetails(error, directory.path));
    }
  };
  const file = await orFailed(() => open(directory.at(name), 'wx', 0o600));
  const digester = createDigester();
  const frames: string[] = [];
  let [sizeBytes, indexBytes, isDone] = [0, 0, false];
  const append = async (bytes: Uint8Array) => {
    const written = orFailed(() => writeAll(file, bytes, sizeBytes));
    digester.update(bytes); // while they are on their way
    await written;
    sizeBytes += bytes.length;
  };
  const begin = async () => {
    await orFailed(() => giveToOwnerOf(directory, file));
    await append(objectHeader);
  };
  const writer: ObjectWriter = {
    hasRoomFor: ({ bytes }, partBytesMax) =>
      frames.length === 0 || (sizeBytes + bytes.length <= partBytesMax && indexBytes < indexBytesAimed),
    async add({ group, runs, bytes }) {
      const digest = hash('sha256', bytes, 'hex').slice(0, 32);
      const entry = formatFrame({ group, length: bytes.length, digest, runs });
      await append(bytes);
      frames.push(entry);
      indexBytes += entry.length + 1;
    },
    async finish(isLast) {
      const text = formatIndex(shape, { part, parts: isLast ? part : undefined, frames });
      const params = {
        [constants.ZSTD_c_compressionLevel]: indexLevel,
        [constants.ZSTD_c_checksumFlag]: true,
      };
      const index = await compress(text, { params });
      const place = { offset: sizeBytes, length: index.length, sha256: hash('sha256', index, 'buffer') };
      await append(index);
      await append(formatFooter(place));
      const digest = await orFailed(() => complete(file, path, digester));
      await orFailed(() => directory.sync());
      isDone = true;
      return digest;
    },
    async [Symbol.asyncDispose]() {
      await file.close();
      if (!isDone) await removeQuietly(directory.at(name));
    },
  };
  try {
    await begin();
    return writer;
  } catch (error) {
    await writer[Symbol.asyncDispose]();
    throw error;
  }
}

async function complete(file: FileHandle, path: string, digester: Digester): Promise<FileDigest> {
  await file.sync();
  return { path, ...digester.finish(), identity: await fileIdentity(file) };
}
