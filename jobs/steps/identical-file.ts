// Whether what is to be downloaded lies at its path already, to the byte: then nothing is fetched, and nothing is in the way.
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { CatalogueEntry } from '../../lib/backup/catalogue.ts';
import { formatByName, isSealedName } from '../../lib/backup/name.ts';
import { OpsError } from '../../lib/base/errors.ts';
import type { FileDigest } from '../../lib/files/digest.ts';
import { digestFile } from '../../lib/files/hash-file.ts';
import { ifPathThere } from '../../lib/files/if-there.ts';
import { locateFile } from '../../lib/files/locate-file.ts';
import { inspectSet, isSpread, memberAt } from '../../lib/placement/database-set.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Repository } from '../../lib/repository/repository.ts';
import type { Store } from '../../lib/store/store.ts';

/** A file that is there. */
export interface IdenticalFile {
  path: string;
  sha256: string;
}

/** What it is compared with. */
interface Compared {
  store: Store;
  repository: Pick<Repository, 'fetch'>;
  entry: CatalogueEntry;
  /** What the file is called in a directory. */
  fileName: string;
}

/**
 * The file at `given`, or of its name in that directory, when it has the bytes of the database in the entry; undefined for anything
 * else. Where neither a manifest nor the store says what these are, a plain file in a store on this machine is read. A database whose
 * content is in its write-ahead log as well is another one.
 */
export async function identicalFile(
  context: Pick<JobContext, 'scratch' | 'signal'>,
  given: string,
  compared: Compared,
): Promise<IdenticalFile | undefined> {
  const { sizeBytes } = compared.entry;
  if (given === '' || given.includes('\0')) return undefined;
  const { signal } = context;
  try {
    const path = resolve(given);
    const isDirectory = (await ifPathThere(stat(path)))?.isDirectory() === true;
    using file = await locateFile(isDirectory ? join(path, compared.fileName) : path);
    const set = await inspectSet(file);
    if (set.get('')?.sizeBytes !== BigInt(sizeBytes) || isSpread(set)) return undefined;
    const isIt = await comparison(context, compared);
    if (isIt === undefined) return undefined;
    const digest = await digestFile(memberAt(file), { follow: false, signal });
    return isIt(digest) ? { path: file.path, sha256: digest.sha256 } : undefined;
  } catch (error) {
    if (signal.aborted || (!(error instanceof OpsError) && !isSystemError(error))) throw error;
    return undefined; // the download says in words what is in its way
  }
}

async function comparison(
  context: Pick<JobContext, 'scratch' | 'signal'>,
  { store, repository, entry }: Compared,
): Promise<((digest: FileDigest) => boolean) | undefined> {
  const { name, manifest } = entry;
  if (manifest !== undefined) return ({ sha256 }) => sha256 === manifest.sha256;
  if (isSealedName(name) || formatByName(name) === 'pages') return undefined; // what the store says of it is of other bytes
  const contentHash = (await store.stat(name))?.contentHash;
  if (contentHash !== undefined) return (digest) => digest.contentHash === contentHash;
  if (store.isRemote) return undefined;
  const read = await bytesOf(context, repository, entry);
  return ({ sha256 }) => sha256 === read;
}

async function bytesOf(
  { scratch: makeScratch }: Pick<JobContext, 'scratch'>,
  repository: Pick<Repository, 'fetch'>,
  entry: CatalogueEntry,
): Promise<string> {
  await using scratch = await makeScratch();
  return (await repository.fetch(entry, join(scratch.path, 'copy'))).sha256;
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}
