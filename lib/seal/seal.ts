// The contract of sealing: bytes that only their owner can read again. Who seals holds no identity.
import type { FileDigest } from '../files/digest.ts';

export interface SealOptions {
  signal?: AbortSignal | undefined;
  onProgress?: ((doneBytes: number) => void) | undefined;
}

/** Seals for certain recipients. Each time other bytes come out of the same: what was sealed can never be made again. */
export interface Seal {
  /** The public keys that will open it, in the order of the configuration. */
  readonly recipients: readonly string[];
  /**
   * Seals the file to `target`, which must not exist, in bounded memory. Returns the digest of the sealed bytes, which are on
   * the device; on any failure, also an abort, nothing stays at `target`. Throws OpsError `io`.
   */
  sealFile(from: string, target: string, options?: SealOptions): Promise<FileDigest>;
  /** A short text, such as a manifest, as an age file. */
  sealText(text: string): Promise<Uint8Array>;
}

/**
 * Opens what was sealed for one of certain identities. Errors, as OpsError: `denied` (sealed for other recipients),
 * `damaged` (not whole, or altered), `io`.
 */
export interface Opening {
  /** Asks for an identity where there is none yet and somebody can be asked; before anything is fetched. Throws OpsError `denied`. */
  ready?(): Promise<void>;
  /** The public keys of the identities; none before one was asked for. */
  readonly recipients: readonly string[];
  /** Opens the file to `target`, as `sealFile` does; nothing stays there unless all of it was genuine. */
  openFile(from: string, target: string, options?: SealOptions): Promise<FileDigest>;
  /** At most `bytesMax` bytes come out, or it is `damaged`. */
  openText(sealed: Uint8Array, bytesMax: number): Promise<string>;
}
