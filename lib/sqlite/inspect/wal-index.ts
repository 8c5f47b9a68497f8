// The index of a write-ahead log, the -shm beside a database, as bytes: how far the log reaches, how much of it is in the
// database, and from where on each reader sees it (https://sqlite.org/walformat.html, section 2).

/** As much as is read of it. */
export const walIndexBytes = 136;

export interface WalIndex {
  /** Changes whenever the log begins anew. */
  readonly salt: string;
  readonly pageSize: number;
  /** Frames in the log that count. */
  readonly frames: number;
  /** How many of them are in the database. */
  readonly copied: number;
  /** By slot: up to which frame a reader in it sees; the first sees the database alone. */
  readonly marks: readonly number[];
}

/** Where the lock of the first slot is; those of the others follow it. */
export const readLocksBegin = 123;

const headerBytes = 48;
const copiedAt = 2 * headerBytes;
const slots = 5;

/** Undefined where that is no such index, none that was begun, or one that is being written this very moment. */
export function parseWalIndex(bytes: Buffer): WalIndex | undefined {
  if (bytes.length < walIndexBytes) return undefined;
  const header = bytes.subarray(0, headerBytes);
  if (!header.equals(bytes.subarray(headerBytes, 2 * headerBytes))) return undefined;
  // In the byte order of the machine, which all machines here have alike.
  if (header.readUInt32LE(0) !== 3_007_000 || header[12] !== 1) return undefined;
  const stored = header.readUInt16LE(14);
  const frames = header.readUInt32LE(16);
  const copied = Math.min(bytes.readUInt32LE(copiedAt), frames);
  return {
    salt: header.toString('hex', 32, 40),
    pageSize: stored === 1 ? 65_536 : stored,
    frames,
    copied,
    marks: Array.from({ length: slots }, (_, slot) =>
      slot === 0 ? copied : bytes.readUInt32LE(copiedAt + 4 * (slot + 1)),
    ),
  };
}

/** What a frame takes in the log beside its page. */
export const frameHeaderBytes = 24;
