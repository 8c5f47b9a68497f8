// Whether what is to be downloaded lies at its path already, to the byte: then nothing is fetched, and nothing is in the way.
import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { CatalogueEntry } from '../../lib/backup/catalogue.ts';
import { OpsError } from '../../lib/base/errors.ts';
import type { FileDigest } from '../../lib/files/digest.ts';
import { digestFile } from '../../lib/files/hash-file.ts';
import { ifPathThere } from '../../lib/files/if-there.ts';
import { locateFile } from '../../lib/files/locate-file.ts';
import { inspectSet, isSpread, memberAt } from '../../lib/placement/database-set.ts';
import type { Store } from '../../lib/store/store.ts';

/** A file that is there. */
export interface IdenticalFile {
  path: string;
  sha256: string;
}

/**
 * The file at `given`, or of its name in that directory, when it has the bytes of the entry; undefined for anything else, and where
 * neither a manifest nor the store says what these are. A database whose content is in its write-ahead log as well is another one.
 */
export async function identicalFile(
  store: Store,
  given: string,
  { name, sizeBytes, manifest }: CatalogueEntry,
  signal: AbortSignal,
): Promise<IdenticalFile | undefined> {
  if (given === '' || given.includes('\0')) return undefined;
  try {
    const path = resolve(given);
    const isDirectory = (await ifPathThere(stat(path)))?.isDirectory() === true;
    using file = await locateFile(isDirectory ? join(path, basename(name)) : path);
    const set = await inspectSet(file);
    if (set.get('')?.sizeBytes !== BigInt(sizeBytes) || isSpread(set)) return undefined;
    const isIt = await comparison(store, name, manifest?.sha256);
    if (isIt === undefined) return undefined;
    const digest = await digestFile(memberAt(file), { follow: false, signal });
    return isIt(digest) ? { path: file.path, sha256: digest.sha256 } : undefined;
  } catch (error) {
    if (signal.aborted || (!(error instanceof OpsError) && !isSystemError(error))) throw error;
    return undefined; // the download says in words what is in its way
  }
}

async function comparison(
  store: Store,
  name: string,
  sha256: string | undefined,
): Promise<((digest: FileDigest) => boolean) | undefined> {
  if (sha256 !== undefined) return (digest) => digest.sha256 === sha256;
  const contentHash = (await store.stat(name))?.contentHash;
  return contentHash === undefined ? undefined : (digest) => digest.contentHash === contentHash;
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}
