// A store in memory, for tests of whatever uses a store: no directory, no server, and the clock is the caller's. It
// keeps the whole contract. The objects are a map, so that a test can look at them, and change them behind its back.
import { open } from 'node:fs/promises';
import type { Clock } from '../base/clock.ts';
import { systemError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { FileDigest } from '../files/digest.ts';
import { createDigester } from '../files/digester.ts';
import { readWhole, requireSameBytes } from '../files/hash-file.ts';
import { fileIdentity } from '../files/identity.ts';
import { removeQuietly } from '../files/publish-file.ts';
import { writeAll } from '../files/write-all.ts';
import { getWhole } from './get-whole.ts';
import { namesAbove, quoteName, requireObjectName } from './name.ts';
import { nameMissing, nameTaken, requireExpected, requireReadable } from './refusals.ts';
import type {
  CopyOptions,
  GetOptions,
  PutOptions,
  RemoveOptions,
  Store,
  Stored,
  StoreName,
} from './store.ts';

/** The bytes of an object, which are never changed in place, and when they arrived. */
export interface MemoryObject {
  bytes: Uint8Array;
  modifiedAt: Date;
}

export interface MemoryStoreOptions {
  clock: Clock;
  log: Log;
  /** What lies in it. Stores on the same objects are one store, opened several times. */
  objects?: Map<StoreName, MemoryObject>;
  /** Whether it passes for a store on another machine. */
  isRemote?: boolean;
  /** Whether it tells the content hash of its objects, as Dropbox does. */
  tellsContentHash?: boolean;
}

const pieceBytes = 1024 * 1024;

/** Opens the store; see `MemoryStoreOptions.objects` for opening it again. */
export function memoryStore(options: MemoryStoreOptions): Store {
  const memory = new Memory(options);
  return {
    description: 'memory',
    id: undefined,
    stagingDirectory: undefined,
    isRemote: options.isRemote ?? false,
    put: async (name, file, putOptions = {}) => memory.put(requireObjectName(name), file, putOptions),
    get: async (name, target, getOptions = {}) => memory.get(requireObjectName(name), target, getOptions),
    read: async (name) => memory.read(requireObjectName(name)),
    list: async (prefix) => memory.list(prefix.replace(/^\/+/, '')),
    stat: async (name) => memory.stat(requireObjectName(name)),
    copy: async (from, to, copyOptions = {}) =>
      memory.copy(requireObjectName(from), requireObjectName(to), copyOptions),
    remove: async (name, removeOptions = {}) => memory.remove(requireObjectName(name), removeOptions),
    space: async () => ({ freeBytes: undefined, totalBytes: undefined }),
    examine: async () => [],
    traffic: () => undefined,
  };
}

/** Which of all bytes that were ever kept these are. */
const revisions = new WeakMap<Uint8Array, string>();
let revisionsGiven = 0;

function revisionOf(bytes: Uint8Array): string {
  const revision = revisions.get(bytes) ?? String((revisionsGiven += 1));
  revisions.set(bytes, revision);
  return revision;
}

/** The operations, on names that are valid. */
class Memory {
  readonly objects: Map<StoreName, MemoryObject>;
  readonly #options: MemoryStoreOptions;

  constructor(options: MemoryStoreOptions) {
    this.#options = options;
    this.objects = options.objects ?? new Map<StoreName, MemoryObject>();
  }

  async put(name: StoreName, file: FileDigest, options: PutOptions): Promise<Stored> {
    const { replace = false, consume = false, signal, onProgress } = options;
    this.#requireFree(name, replace);
    const pieces: Uint8Array[] = [];
    const found = await readWhole(file.path, { signal, onProgress }, async (block) => {
      pieces.push(Buffer.from(block)); // the block itself is used again
    });
    requireSameBytes(file.path, found, file);
    // From here to the end nothing else runs: of several who want one name, the first takes it.
    this.#requireFree(name, replace);
    const stored = this.#keep(name, Buffer.concat(pieces));
    if (consume) await removeQuietly(file.path);
    return stored;
  }

  async get(name: StoreName, target: string, options: GetOptions): Promise<FileDigest> {
    const { bytes } = this.#require(name);
    const order = { ...this.#options, target, sizeBytes: bytes.length, signal: options.signal };
    return getWhole(order, (temporary) => writeBytes(bytes, temporary, options));
  }

  read(name: StoreName): Uint8Array {
    const { bytes } = this.#require(name);
    requireReadable(name, bytes.length);
    return Buffer.from(bytes);
  }

  list(prefix: string): Stored[] {
    const names = [...this.objects.keys()].filter((name) => name.startsWith(prefix)).sort();
    return names.map((name) => this.#stored(name, this.#require(name)));
  }

  stat(name: StoreName): Stored | undefined {
    const found = this.objects.get(name);
    return found === undefined ? undefined : this.#stored(name, found);
  }

  copy(from: StoreName, to: StoreName, { expected, signal }: CopyOptions): Stored {
    signal?.throwIfAborted();
    const { bytes } = this.#require(from);
    this.#requireFree(to, false);
    if (expected !== undefined) requireSameBytes(quoteName(from), digestOf(bytes), expected);
    return this.#keep(to, bytes);
  }

  remove(name: StoreName, { expected }: RemoveOptions): void {
    requireExpected(name, this.stat(name), { expected });
    this.objects.delete(name);
  }

  #keep(name: StoreName, bytes: Uint8Array): Stored {
    const kept = { bytes, modifiedAt: this.#options.clock.now() };
    this.objects.set(name, kept);
    return this.#stored(name, kept);
  }

  #stored(name: StoreName, { bytes, modifiedAt }: MemoryObject): Stored {
    const { contentHash } = this.#options.tellsContentHash === true ? digestOf(bytes) : {};
    return { name, sizeBytes: bytes.length, modifiedAt, contentHash, revision: revisionOf(bytes) };
  }

  #require(name: StoreName): MemoryObject {
    const found = this.objects.get(name);
    if (found === undefined) throw nameMissing(name);
    return found;
  }

  /** Refuses a name that is taken, and one above or below an object, which no directory could hold. */
  #requireFree(name: StoreName, replace: boolean): void {
    if (this.objects.has(name) && !replace) throw nameTaken(name, { why: 'it exists already' });
    const above = namesAbove(name).find((each) => this.objects.has(each));
    if (above !== undefined) throw nameTaken(name, { why: `${above} is an object` });
    for (const each of this.objects.keys()) {
      if (each.startsWith(`${name}/`)) throw nameTaken(name, { why: `${each} lies below it` });
    }
  }
}

function digestOf(bytes: Uint8Array) {
  const digester = createDigester();
  digester.update(bytes);
  return digester.finish();
}

async function writeBytes(
  bytes: Uint8Array,
  path: string,
  { signal, onProgress }: GetOptions,
): Promise<FileDigest> {
  try {
    await using file = await open(path, 'wx', 0o600);
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      const piece = bytes.subarray(at, at + pieceBytes);
      await writeAll(file, piece, at);
      onProgress?.(at + piece.length);
      signal?.throwIfAborted();
    }
    return { path, ...digestOf(bytes), identity: await fileIdentity(file) };
  } catch (error) {
    throw systemError(`write ${path}`, error);
  }
}
