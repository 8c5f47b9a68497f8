// Small objects read once: what a listing vouches for by its content hash need not travel again.
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { contentHashOf } from '../files/digester.ts';
import { writeFileAtomically } from '../files/durable.ts';
import { readSmallFile } from '../files/read-small-file.ts';
import { readBytesMax } from './refusals.ts';
import type { Store, StoreName } from './store.ts';

/** More than any retention keeps; beyond it the cache is emptied rather than looked after. */
const filesMax = 5000;

/**
 * The same store, whose `read` answers from `directory` when the listing made just before says that the object has the
 * very bytes that lie there. Nothing is kept unless it may be. The store's word stays the truth: a cached file counts only with the hash the store gave.
 */
export function cachedReads(store: Store, directory: string, { mayKeep }: { mayKeep: boolean }): Store {
  const hashes = new Map<StoreName, string>();
  /** What this process has read already, by its hash: a run asks for the same manifests more than once. */
  const held = new Map<string, Uint8Array>();
  return {
    ...store,
    async list(prefix) {
      const found = await store.list(prefix);
      for (const name of hashes.keys()) if (name.startsWith(prefix)) hashes.delete(name);
      for (const { name, contentHash } of found) if (contentHash !== undefined) hashes.set(name, contentHash);
      return found;
    },
    // What is changed here is no longer what the listing said.
    async put(name, file, options) {
      hashes.delete(name);
      return store.put(name, file, options);
    },
    async copy(from, to, options) {
      hashes.delete(to);
      return store.copy(from, to, options);
    },
    async remove(name, options) {
      hashes.delete(name);
      return store.remove(name, options);
    },
    async read(name) {
      const hash = hashes.get(name);
      if (hash === undefined) return store.read(name);
      const path = join(directory, hash);
      const cached = held.get(hash) ?? (await readCached(path));
      if (cached !== undefined && contentHashOf(cached) === hash) return cached;
      const bytes = await store.read(name);
      if (contentHashOf(bytes) !== hash) return bytes;
      if (mayKeep) await keep(directory, path, bytes);
      else held.set(hash, bytes);
      return bytes;
    },
  };
}

/** What cannot be read is read from the store. */
async function readCached(path: string): Promise<Uint8Array | undefined> {
  const found = await readSmallFile(path, { sizeBytesMax: readBytesMax, follow: false }).catch(
    () => undefined,
  );
  return found?.bytes;
}

/** A cache that cannot be written costs time, and nothing else. */
async function keep(directory: string, path: string, bytes: Uint8Array): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o750 });
    const names = await readdir(directory);
    if (names.length >= filesMax)
      await Promise.all(names.map((name) => rm(join(directory, name), { force: true })));
    await writeFileAtomically(path, bytes, { mode: 0o640 });
  } catch {
    // the next run reads it from the store again
  }
}
