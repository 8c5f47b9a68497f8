// The documents that are to travel, copied into a directory of ours: what is read there later are the bytes that were hashed,
// whatever the owner of their own directory does meanwhile.
import { lstat, mkdir, open } from 'node:fs/promises';
import { OpsError, systemError } from '../../../lib/base/errors.ts';
import { type JsonListener, JsonScanner, NotJson } from '../../../lib/export/json-scan.ts';
import type { OfferedDocument } from '../../../lib/export/shipment.ts';
import type { FileDigest } from '../../../lib/files/digest.ts';
import { type HeldDirectory, inKnownPaths } from '../../../lib/files/held-directory.ts';
import { ifThere } from '../../../lib/files/if-there.ts';
import { fullDiskDetails, requireSpace } from '../../../lib/files/space.ts';
import { writeAll } from '../../../lib/files/write-all.ts';
import { documentsFolder } from '../../../lib/process/rsync.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import { digestDocument, NotText, readText } from './read-document.ts';

/** The SHA-256 of a document as it lies there; undefined where it is gone, or is no file. */
export async function hashLying(
  { signal }: JobContext,
  directory: HeldDirectory,
  name: string,
): Promise<string | undefined> {
  try {
    return (await digestDocument(directory, name, signal)).sha256;
  } catch (error) {
    if (signal.aborted || !(error instanceof OpsError)) throw error;
    return undefined;
  }
}

/**
 * Copies them into `scratch`, and returns those of which the bytes were the offered ones. The others changed meanwhile, or are
 * of somebody who has not written them to their end.
 */
export async function stageDocuments(
  { signal }: JobContext,
  directory: HeldDirectory,
  documents: readonly OfferedDocument[],
  scratch: HeldDirectory,
): Promise<OfferedDocument[]> {
  await mkdir(scratch.at(documentsFolder), { mode: 0o700 });
  using folder = await scratch.hold(documentsFolder);
  await requireRoom(directory, documents, folder);
  const staged: OfferedDocument[] = [];
  for (const document of documents) {
    signal.throwIfAborted();
    const digest = await inKnownPaths(() =>
      stage(directory, document.name, folder.at(document.name), signal),
    );
    const isOffered = digest?.sha256 === document.sha256;
    if (isOffered && (document.isUnproven !== true || (await isWholeJson(folder, document.name, signal))))
      staged.push(document);
  }
  return staged;
}

async function isWholeJson(folder: HeldDirectory, name: string, signal: AbortSignal): Promise<boolean> {
  const scanner = new JsonScanner(nobody);
  try {
    await readText(folder, name, { signal, take: (text) => scanner.write(text) });
    scanner.end();
    return true;
  } catch (error) {
    if (error instanceof NotJson || error instanceof NotText) return false;
    throw error;
  }
}

const nobody: JsonListener = {
  open: () => undefined,
  key: () => undefined,
  text: () => undefined,
  literal: () => undefined,
  close: () => undefined,
};

async function requireRoom(
  directory: HeldDirectory,
  documents: readonly OfferedDocument[],
  folder: HeldDirectory,
): Promise<void> {
  let neededBytes = 0;
  for (const { name } of documents) neededBytes += (await ifThere(lstat(directory.at(name))))?.size ?? 0;
  await requireSpace({
    directory: folder.at('.'),
    neededBytes,
    purpose: 'copy the documents that are to be shipped',
  });
}

/** Undefined where it is gone, or changes under our eyes. What was copied of it then is asked for by nobody. */
async function stage(
  directory: HeldDirectory,
  name: string,
  to: string,
  signal: AbortSignal,
): Promise<FileDigest | undefined> {
  await using file = await attempt(to, () => open(to, 'wx', 0o644));
  let at = 0;
  try {
    const digest = await digestDocument(directory, name, signal, async (block) => {
      await attempt(to, () => writeAll(file, block, at));
      at += block.length;
    });
    const seconds = Number(digest.identity?.modifiedNs ?? 0n) / 1e9;
    await file.utimes(seconds, seconds);
    return digest;
  } catch (error) {
    if (signal.aborted || !(error instanceof OpsError) || error.kind === 'io') throw error;
    return undefined;
  }
}

async function attempt<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw systemError(`write ${path}`, error, fullDiskDetails(error, path));
  }
}
