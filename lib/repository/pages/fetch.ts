// From a backup in pages to the database that it is of: all that it is based on is fetched, proven by its hash, and laid over each
// other in one pass.
import { rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { type CatalogueEntry, storedPartOf } from '../../backup/catalogue.ts';
import { chainOf } from '../../backup/chain.ts';
import { storedBytes, type StoredObject, type StoredPart } from '../../backup/stored-part.ts';
import { OpsError } from '../../base/errors.ts';
import type { HashedFile } from '../../files/digest.ts';
import { removeQuietly } from '../../files/publish-file.ts';
import type { Scratch } from '../../files/scratch.ts';
import { requireSpace } from '../../files/space.ts';
import { BadBackup } from '../bad-backup.ts';
import type { FetchHelp } from '../format.ts';
import type { RepositoryOptions } from '../options.ts';
import type { Fetched } from '../repository.ts';
import { openObject, requireOpening, type SealedFile } from '../sealing.ts';
import type { SharedObjects } from '../shared-objects.ts';
import { requireUnaltered } from '../stored-bytes.ts';
import type { ChainLink } from './link-reader.ts';
import { rebuildPages } from './rebuild.ts';

/** What is put together, and where. */
interface Order {
  entry: CatalogueEntry;
  /** The full first, `entry` last. */
  chain: readonly CatalogueEntry[];
  target: string;
}

/** Writes the database to `target`; see the contract. */
export async function fetchFromPages(
  options: RepositoryOptions,
  { name, sizeBytes }: Fetched,
  target: string,
  { listed, shared, provesAll = false }: FetchHelp,
): Promise<HashedFile> {
  await requireSpace({ directory: target, neededBytes: sizeBytes, purpose: `fetch ${name}` });
  const { entries } = await listed();
  const entry = entries.find((each) => each.name === name);
  if (entry === undefined)
    throw new OpsError('missing', `cannot fetch ${name}: it is not in ${options.store.description}`);
  const chain = chainFor(entry, entries);
  for (const link of chain) await requireOpen(options, link);
  const order = { entry, chain, target };
  return (
    (provesAll ? undefined : await rebuildInPlace(options, order)) ??
    (await rebuildCopied(options, order, shared))
  );
}

/**
 * From the objects where they lie, which saves a copy of each: that the right database comes out is proof enough of all that went
 * into it. Undefined where they cannot be read there, or another comes out: who is to blame is found out with their hashes.
 */
async function rebuildInPlace(options: RepositoryOptions, order: Order): Promise<HashedFile | undefined> {
  const { store } = options;
  const { entry, chain } = order;
  const open = store.openInPlace?.bind(store);
  if (open === undefined || chain.some((link) => partOf(link).recipients !== undefined)) return undefined;
  try {
    const file = await rebuild(options, order, (link) => ({
      manifest: describe(link),
      open: (object) => open(object.name),
      release: () => undefined,
    }));
    await requirePromised(file, entry);
    return file;
  } catch (error) {
    if (error instanceof BadBackup) return undefined;
    throw error;
  }
}

/** From copies in scratch of their own, each proven by its hash before anything in it is read. */
async function rebuildCopied(
  options: RepositoryOptions,
  order: Order,
  shared: SharedObjects,
): Promise<HashedFile> {
  const { entry, chain } = order;
  const scratch = await options.scratch();
  try {
    const needed = chain.flatMap((link) => partOf(link).objects);
    await shared.keepOnly(needed);
    await requireSpace({
      directory: scratch.path,
      neededBytes: storedBytes({ objects: needed.filter((object) => !shared.has(object)) }),
      purpose: `fetch what ${entry.name} is put together from`,
    });
    const file = await rebuild(options, order, (link) =>
      copiedLink(options, link, { scratch, shared, isBase: link !== entry }),
    );
    await requirePromised(file, entry);
    return file;
  } finally {
    await scratch.remove();
  }
}

/** Before anything is fetched. */
async function requireOpen(options: RepositoryOptions, entry: CatalogueEntry): Promise<void> {
  const { recipients } = partOf(entry);
  if (recipients !== undefined) await requireOpening(options, { backup: entry.name, recipients });
}

function chainFor(entry: CatalogueEntry, entries: readonly CatalogueEntry[]): CatalogueEntry[] {
  if (storedPartOf(entry) === undefined)
    throw new BadBackup(
      entry.name,
      `cannot put ${entry.name} together: ${entry.problem ?? 'it has no manifest'}`,
    );
  try {
    return chainOf(entry, entries);
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    throw new BadBackup(entry.brokenBy ?? entry.name, error.message, { cause: error, ...hintOf(error) });
  }
}

async function rebuild(
  { naming, progress, signal }: RepositoryOptions,
  { target, chain, entry }: Order,
  linkOf: (entry: CatalogueEntry) => ChainLink,
): Promise<HashedFile> {
  progress.start(`${naming.app}: fetching`, entry.sizeBytes);
  try {
    return await rebuildPages({
      target,
      chain: chain.map(linkOf),
      signal,
      onProgress: (doneBytes) => progress.update(doneBytes),
    });
  } catch (error) {
    if (error instanceof BadBackup || !(error instanceof OpsError) || error.kind !== 'damaged') throw error;
    throw new BadBackup(blamed(error, chain) ?? entry.name, error.message, {
      cause: error,
      ...hintOf(error),
    });
  } finally {
    progress.end();
  }
}

/** Whose object it is that the error names: their hashes were right, so it was made or described so. */
function blamed({ message }: OpsError, chain: readonly CatalogueEntry[]): string | undefined {
  const named = chain.filter((link) =>
    [link.name, ...partOf(link).objects.map(({ name }) => name)].some((name) => message.includes(name)),
  );
  return named.at(-1)?.name;
}

function describe(entry: CatalogueEntry): ChainLink['manifest'] {
  return { backup: entry.name, sizeBytes: entry.sizeBytes, stored: partOf(entry) };
}

function copiedLink(
  options: RepositoryOptions,
  entry: CatalogueEntry,
  { scratch, shared, isBase }: { scratch: Scratch; shared: SharedObjects; isBase: boolean },
): ChainLink {
  const opened = new Map<string, string>();
  return {
    manifest: describe(entry),
    async open(object) {
      const fetchTo = (path: string) => fetchObject(options, entry, object, path);
      const kept = isBase || shared.has(object) ? await shared.pathOf(object, fetchTo) : undefined;
      if (kept !== undefined) return kept;
      const path = await fetchTo(scratch.file(basename(object.name)));
      opened.set(object.name, path);
      return path;
    },
    async release(object) {
      const path = opened.get(object.name);
      opened.delete(object.name);
      if (path !== undefined) await rm(path, { force: true });
    },
  };
}

/** The path of its clear bytes, which is `path` or beside it. */
async function fetchObject(
  options: RepositoryOptions,
  entry: CatalogueEntry,
  object: StoredObject,
  path: string,
): Promise<string> {
  const { store, signal } = options;
  const { recipients } = partOf(entry);
  const backup = entry.name;
  const file = await store.get(object.name, path, { signal });
  requireUnaltered(backup, file, object);
  return recipients === undefined ? path : clearOf(options, { path, backup, recipients });
}

async function clearOf(options: RepositoryOptions, sealed: SealedFile): Promise<string> {
  const clear = `${sealed.path}.pages`;
  await openObject(options, sealed, clear);
  await rm(sealed.path, { force: true });
  return clear;
}

/** What comes out has to be what went in, whatever every part of it says of itself. */
async function requirePromised(
  { path, sizeBytes, sha256 }: HashedFile,
  { name, manifest, sizeBytes: promisedBytes }: CatalogueEntry,
): Promise<void> {
  const promised = manifest?.sha256;
  if (sizeBytes === promisedBytes && (promised === undefined || promised === sha256)) return;
  await removeQuietly(path);
  const cause =
    sizeBytes === promisedBytes
      ? `its SHA-256 is ${sha256}, the manifest says ${promised}`
      : `it has ${sizeBytes} bytes, the manifest says ${promisedBytes}`;
  throw new BadBackup(
    name,
    `cannot put ${name} together: what came out is not what its manifest promises: ${cause}`,
  );
}

function partOf(entry: CatalogueEntry): StoredPart {
  const part = storedPartOf(entry);
  if (part === undefined) throw new Error(`${entry.name} does not say how it is stored`);
  return part;
}

function hintOf({ hint }: OpsError): { hint?: string } {
  return hint === undefined ? {} : { hint };
}
