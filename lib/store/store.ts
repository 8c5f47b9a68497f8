// The contract every store keeps. One conformance suite (test/contract/store-suite.ts) holds each of them to it.
import type { FileHandle } from 'node:fs/promises';
import type { FileDigest } from '../files/digest.ts';

/**
 * A name in a store: path segments joined by `/`, without a leading slash, as `requireStoreName` accepts it.
 * Names are opaque to a store; what they mean is fixed in lib/backup/name.
 */
export type StoreName = string;

/** One visible object of a store. */
export interface Stored {
  name: StoreName;
  sizeBytes: number;
  /** When the store says the bytes arrived. Information only: decisions use the time in the name or manifest. */
  modifiedAt: Date;
  /** The Dropbox content hash of the bytes, where the store computes it itself and can say so without reading. */
  contentHash?: string | undefined;
  /** What the store calls this very state of the object, where it counts them: whatever replaces it is called otherwise. */
  revision?: string | undefined;
}

/** What the store has, in bytes; undefined where it cannot say. */
export interface StoreSpace {
  freeBytes: number | undefined;
  totalBytes: number | undefined;
}

export interface PutOptions {
  /** Replace what has this name, atomically. Without it an existing name is refused and stays as it is. */
  replace?: boolean;
  /**
   * The caller gives the file away: the store may move it instead of copying it, and it is gone afterwards.
   * On failure it may or may not still be there.
   */
  consume?: boolean;
  signal?: AbortSignal | undefined;
  onProgress?: ((doneBytes: number) => void) | undefined;
}

export interface CopyOptions {
  /** What the bytes must be: a copy of anything else is OpsError `damaged`, and is not visible. */
  expected?: Pick<FileDigest, 'sizeBytes' | 'sha256' | 'contentHash'> | undefined;
  signal?: AbortSignal | undefined;
}

export interface RemoveOptions {
  /** What was seen under the name: anything else that is there by now stays, and is OpsError `refused`. */
  expected?: Stored | undefined;
}

/** One thing that can be wrong between here and a store, looked at. */
export interface StoreTrial {
  name: string;
  ok: boolean;
  detail: string;
  hint: string | undefined;
}

/** What a run has cost on the network so far. */
export interface StoreTraffic {
  requests: number;
  /** Bytes of request bodies. */
  sentBytes: number;
  /** Bytes of reply bodies. */
  receivedBytes: number;
  /** Requests that were made again. */
  retries: number;
  /** Time spent waiting because the store asked for it, or between two tries. */
  waitedMs: number;
}

export interface GetOptions {
  signal?: AbortSignal;
  onProgress?: (doneBytes: number) => void;
}

/**
 * Where copies go.
 *
 * Guarantees, for every implementation:
 * - A name is visible (to `list`, `stat`, `get`, `copy`) only when its bytes are whole and their hash, as the store
 *   itself computed it, equals the caller's. A failed or killed `put` or `copy` leaves no visible name and does not
 *   touch what had the name before.
 * - `put` never overwrites unless `replace` is set; then readers see the old bytes or the new ones. `copy` never does.
 * - `get` creates its target (which must not exist) only when the bytes are whole, and removes it on failure.
 * - `remove` of a name that is not there succeeds. Nothing else is ever removed, nor what came there after `expected`.
 *
 * Errors, as OpsError: `missing` (no such name), `refused` (name taken, or something else there), `damaged` (bytes are not what they should
 * be), `unavailable` (the store is not there), `denied`, `io` (full), `usage` (not a valid name).
 */
export interface Store {
  /** The store in a few words, for messages: `directory /srv/backups`. Never a secret. */
  readonly description: string;
  /** By which it is told from every other; undefined where it has none yet. */
  readonly id: string | undefined;
  /** Where a file that will be `put` with `consume` is best made: on the store's own file system, if nobody else may write there. */
  readonly stagingDirectory: string | undefined;
  /** Whether bytes put there leave this machine: then they are not sent twice, and need no room here a second time. */
  readonly isRemote: boolean;

  put(name: StoreName, file: FileDigest, options?: PutOptions): Promise<Stored>;
  /** Writes the object to `target` and returns the digest of the bytes that were written. */
  get(name: StoreName, target: string, options?: GetOptions): Promise<FileDigest>;
  /**
   * Opens an object where it lies, to be closed by the caller. Only where objects are files of this machine; others may write into
   * it meanwhile, so that whoever reads it proves what was read.
   */
  openInPlace?(name: StoreName): Promise<FileHandle>;
  /** Small objects (at most 1 MiB) straight into memory. */
  read(name: StoreName): Promise<Uint8Array>;
  /** Every visible object whose name starts with `prefix` ('' for all), sorted by name. */
  list(prefix: string): Promise<Stored[]>;
  stat(name: StoreName): Promise<Stored | undefined>;
  /** Copies inside the store, without moving the bytes through this machine where the store can. */
  copy(from: StoreName, to: StoreName, options?: CopyOptions): Promise<Stored>;
  remove(name: StoreName, options?: RemoveOptions): Promise<void>;
  space(): Promise<StoreSpace>;
  /** What can be looked at beside writing and reading; nothing is changed. */
  examine(): Promise<StoreTrial[]>;
  /** Undefined where nothing travels over a network. */
  traffic(): StoreTraffic | undefined;
  /** What time the store's last answer said it was; undefined where it says none, or has not been asked. */
  remoteTime?(): Date | undefined;
}
