// What is known of a file's bytes, and of the very file they were read from.

/** Where a file is, and what its bytes hash to. */
export interface HashedFile {
  path: string;
  sizeBytes: number;
  /** SHA-256 of the bytes, lower-case hex. */
  sha256: string;
  /**
   * The identity the file had while it was read. Whoever finds the same identity again knows the bytes are those
   * that were hashed, without reading them a second time; whoever does not must read them.
   */
  identity: FileIdentity | undefined;
}

/** The same, with the hashes by which a store knows the bytes. */
export interface FileDigest extends HashedFile {
  /** Dropbox content hash: SHA-256 over the SHA-256 digests of each 4 MiB block, lower-case hex. */
  contentHash: string;
  /** The SHA-256 of each 4 MiB block, in order, 32 bytes each. */
  blockDigests: Uint8Array;
}

/** Device, inode, size and nanosecond change times: changes whenever the bytes do. */
export interface FileIdentity {
  device: bigint;
  inode: bigint;
  sizeBytes: bigint;
  modifiedNs: bigint;
  changedNs: bigint;
}
