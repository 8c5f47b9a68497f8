// Objects that several backups are put together from, kept in scratch between one fetch and the next: what proves all backups of
// a store fetches a full once, and not once for each increment on it.
import { rm } from 'node:fs/promises';
import type { StoredObject } from '../backup/stored-part.ts';
import type { Scratch } from '../files/scratch.ts';
import { freeBytes } from '../files/space.ts';

/** Nothing is kept until `keep` was called, nor once what it gave is disposed of. A run that is killed leaves scratch, as any other. */
export interface SharedObjects {
  keep(): AsyncDisposable;
  /** Whether it lies here already. */
  has(object: StoredObject): boolean;
  /**
   * The path of its clear bytes, which stay; undefined where nothing is kept. `fetch` writes them beside a path that is free, once they
   * are proven, and says where.
   */
  pathOf(object: StoredObject, fetch: (path: string) => Promise<string>): Promise<string | undefined>;
  /** Lets go of all others: what is kept takes no more than what one backup is put together from. */
  keepOnly(objects: readonly StoredObject[]): Promise<void>;
  /** Lets go of all where less than that is free. */
  leaveRoom(neededBytes: number): Promise<void>;
}

/** In a directory that `makeScratch` makes when it is needed. */
export function sharedObjects(makeScratch: () => Promise<Scratch>): SharedObjects {
  const kept = new Map<string, string>();
  let isOn = false;
  let scratch: Promise<Scratch> | undefined;
  let count = 0;
  const keepOnly = async (objects: readonly StoredObject[]) => {
    const keys = new Set(objects.map(keyOf));
    for (const [key, path] of [...kept])
      if (!keys.has(key)) {
        kept.delete(key);
        await rm(path, { force: true });
      }
  };
  return {
    keep() {
      isOn = true;
      return {
        async [Symbol.asyncDispose]() {
          isOn = false;
          kept.clear();
          const made = scratch;
          scratch = undefined;
          await (await made)?.[Symbol.asyncDispose]();
        },
      };
    },
    has: (object) => kept.has(keyOf(object)),
    async pathOf(object, fetch) {
      if (!isOn) return undefined;
      const known = kept.get(keyOf(object));
      if (known !== undefined) return known;
      const { file } = await (scratch ??= makeScratch());
      const free = file(String((count += 1)));
      const path = await fetch(free).catch(async (error: unknown) => {
        await rm(free, { force: true });
        throw error;
      });
      kept.set(keyOf(object), path);
      return path;
    },
    keepOnly,
    async leaveRoom(neededBytes) {
      if (kept.size === 0 || scratch === undefined) return;
      const free = await freeBytes((await scratch).path);
      if (free !== undefined && free < neededBytes) await keepOnly([]);
    },
  };
}

/** Whatever is other in one byte, or called otherwise, is another. */
function keyOf({ name, sha256 }: StoredObject): string {
  return `${sha256} ${name}`;
}
