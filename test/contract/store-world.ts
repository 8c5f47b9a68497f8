// What the parts of the store conformance suite share.
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileDigest } from '../../lib/files/digest.ts';
import { digestFile } from '../../lib/files/hash-file.ts';
import type { Store } from '../../lib/store/store.ts';
import { scratch } from '../support/scratch.ts';
import { someBytes } from '../support/some-bytes.ts';

/** A store of the kind under test, empty. */
export interface OpenedStore {
  store: Store;
  /** Another store on the same objects, as the next run of a command would open it. */
  reopen: () => Promise<Store>;
  cleanUp: () => Promise<void> | void;
}

export const mebibyte = 1024 * 1024;
/** More than two blocks of 4 MiB, so that there is an instant in the middle. */
export const large = someBytes(9 * mebibyte + 1);

/** Opens an empty store, which is cleaned up when the test is over. */
export type Open = () => Promise<OpenedStore>;

/** A file in a directory of its own, hashed. */
export async function makeFile(bytes: string | Uint8Array): Promise<FileDigest> {
  const path = join(scratch(), 'file');
  await writeFile(path, bytes);
  return digestFile(path);
}

/** Puts `bytes` under each of the names. */
export async function putAll(store: Store, names: readonly string[], bytes = 'bytes'): Promise<void> {
  for (const name of names) await store.put(name, await makeFile(bytes));
}

/** The whole of a store as a person sees it: each name with the SHA-256 of its bytes. */
export async function contentsOf(store: Store): Promise<Record<string, string>> {
  const contents: Record<string, string> = {};
  for (const { name } of await store.list('')) {
    contents[name] = (await store.get(name, join(scratch(), 'got'))).sha256;
  }
  return contents;
}

export function sha256(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The names with this prefix, as `list` orders them. */
export const namesOf = async (store: Store, prefix = '') =>
  (await store.list(prefix)).map(({ name }) => name);
