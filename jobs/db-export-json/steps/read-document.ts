// A document as it lies in its directory, where anybody may have put anything of its name.
import { type BigIntStats, lstatSync } from 'node:fs';
import { errorCode, OpsError, systemError } from '../../../lib/base/errors.ts';
import { borrowed } from '../../../lib/files/borrowed.ts';
import type { FileDigest } from '../../../lib/files/digest.ts';
import { readWhole } from '../../../lib/files/hash-file.ts';
import { type HeldDirectory, inKnownPaths } from '../../../lib/files/held-directory.ts';
import { readSmallFile } from '../../../lib/files/read-small-file.ts';
import { shellWord } from '../../../lib/base/shell-word.ts';

/** As much text as one string may hold. */
const documentBytesMax = 512 * 1024 * 1024;

/** Its bytes; undefined where it is not there. */
export async function readDocument(directory: HeldDirectory, name: string): Promise<Buffer | undefined> {
  const called = `${directory.path}/${name}`;
  const status = lookAt(directory, name);
  if (status === undefined) return undefined;
  const sizeBytesMax = Math.min(Number(status.size), documentBytesMax); // so much is allotted at once
  const options = { sizeBytesMax, follow: false, called };
  try {
    const { bytes, status: read } = await inKnownPaths(() => readSmallFile(directory.at(name), options));
    await requireNoOther(directory, name, read);
    return bytes;
  } catch (error) {
    throw cannotRead(called, error);
  }
}

/** None is followed: what it leads to may be anybody's. */
function cannotRead(path: string, error: unknown): unknown {
  let reason = error;
  while (reason instanceof OpsError) reason = reason.cause;
  if (errorCode(reason) !== 'ELOOP') return systemError(`read ${path}`, error);
  return new OpsError('refused', `cannot read ${path}: it is a link, and no file`, {
    hint: `look at it, and move it away: ls -l ${shellWord(path)}`,
  });
}

/** Hashes it, and gives its blocks to `take` meanwhile. Throws OpsError as `readWhole` does. */
export async function digestDocument(
  directory: HeldDirectory,
  name: string,
  signal: AbortSignal | undefined,
  take: (block: Uint8Array) => Promise<void> = async () => undefined,
): Promise<FileDigest> {
  const check = (status: BigIntStats) => requireNoOther(directory, name, status);
  try {
    return await inKnownPaths(() => readWhole(directory.at(name), { signal, follow: false, check }, take));
  } catch (error) {
    throw cannotRead(`${directory.path}/${name}`, error);
  }
}

/** Values are slices of it, and keep all of it: so little that it is gone with the rows of a moment, before it is old. */
const pieceBytes = 16 * 1024;

/** Bytes are no UTF-8. */
export class NotText extends Error {}

/** Gives its text to `take`, in pieces. Throws NotText where it is none: a replaced character would be another value. */
export async function readText(
  directory: HeldDirectory,
  name: string,
  { signal, take }: { signal: AbortSignal; take: (text: string) => void },
): Promise<void> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const decode = (block?: Uint8Array) => {
    try {
      return decoder.decode(block, { stream: block !== undefined });
    } catch {
      throw new NotText();
    }
  };
  await digestDocument(directory, name, signal, async (block) => {
    for (let at = 0; at < block.length; at += pieceBytes) take(decode(block.subarray(at, at + pieceBytes)));
  });
  take(decode());
}

/** Throws OpsError `refused` for a second name of somebody else's file: what it says would be shown, or sent away. */
export async function requireNoOther(
  directory: HeldDirectory,
  name: string,
  status: BigIntStats,
): Promise<void> {
  const isOurs = status.uid !== 0n && Number(status.uid) === process.geteuid?.(); // as one that a unit made
  const problem = isOurs ? undefined : borrowed(status, await directory.status());
  if (problem === undefined) return;
  const path = `${directory.path}/${name}`;
  throw new OpsError('refused', `cannot read ${path}: it ${problem}`, {
    hint: `look at it, and move it away: ls -l ${shellWord(path)}`,
  });
}

/** What has its name, be it a document or not. */
export function lookAt(directory: HeldDirectory, name: string): BigIntStats | undefined {
  try {
    // Not by the pool of threads: of a thousand documents that is most of the time.
    return lstatSync(directory.at(name), { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    throw systemError(`look at ${directory.path}/${name}`, error);
  }
}

/** What has a name there. */
export async function namesIn(directory: HeldDirectory): Promise<string[]> {
  try {
    return (await directory.names()).sort();
  } catch (error) {
    throw systemError(`list ${directory.path}`, error);
  }
}
