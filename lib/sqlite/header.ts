// The 100 bytes at the start of every SQLite file (https://sqlite.org/fileformat2.html, section 1.3), and what a file
// that begins otherwise may be.

/** What the header says. Only as true as the file is whole. */
export interface SqliteHeader {
  pageSize: number;
  /** True when a reader must expect a write-ahead log: by the read version, as SQLite itself decides. */
  wal: boolean;
  pageCount: number;
}

/** How a database journals, as far as its header tells: every mode but WAL looks the same there. */
export type JournalMode = (typeof journalModes)[number];

export const journalModes = ['wal', 'delete'] as const;

/** The header's length in bytes. */
export const headerBytes = 100;

const magic = Buffer.from('SQLite format 3\0', 'latin1');

/** What somebody may have put where a database was. As random as an encrypted one, but with a beginning. */
const otherFormats: [name: string, beginning: number[]][] = [
  ['a gzip file', [0x1f, 0x8b, 0x08]],
  ['a zip file', [0x50, 0x4b, 0x03, 0x04]],
  ['a zstd file', [0x28, 0xb5, 0x2f, 0xfd]],
  ['an xz file', [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
  ['a bzip2 file', [0x42, 0x5a, 0x68]],
  ['a JPEG picture', [0xff, 0xd8, 0xff]],
  ['a PNG picture', [0x89, 0x50, 0x4e, 0x47]],
];

/** By number; 0 is a file without a table. */
const encodings = ['UTF-8', 'UTF-8', 'UTF-16le', 'UTF-16be'];

/** Reads a header, or undefined when these are not the first bytes of a SQLite database. */
export function parseHeader(bytes: Buffer): SqliteHeader | undefined {
  if (bytes.length < headerBytes || !bytes.subarray(0, 16).equals(magic)) return undefined;
  const stored = bytes.readUInt16BE(16);
  const pageSize = stored === 1 ? 65_536 : stored;
  if (pageSize < 512 || (pageSize & (pageSize - 1)) !== 0) return undefined;
  return { pageSize, wal: bytes[19] === 2, pageCount: bytes.readUInt32BE(28) };
}

/** The encoding of text, as the pragma calls it, in a database with these first bytes. */
export function encodingIn(bytes: Buffer): string {
  return encodings[bytes.readUInt32BE(56)] ?? 'UTF-8';
}

/** How a database with this header journals. */
export function journalModeIn({ wal }: SqliteHeader): JournalMode {
  return wal ? 'wal' : 'delete';
}

/** `a gzip file` and the like, or undefined where the first bytes do not tell. */
export function otherFormat(bytes: Buffer): string | undefined {
  return otherFormats.find(([, beginning]) => beginning.every((byte, index) => bytes[index] === byte))?.[0];
}

/**
 * Whether bytes that are not a SQLite header look like the start of an encrypted database rather than of a text or
 * another format: nearly every byte value differs from its neighbours, as in random data.
 */
export function looksEncrypted(bytes: Buffer): boolean {
  if (bytes.length < headerBytes || otherFormat(bytes) !== undefined) return false;
  const distinct = new Set(bytes.subarray(0, headerBytes)).size;
  const printable = bytes.subarray(0, headerBytes).filter((byte) => byte >= 32 && byte < 127).length;
  // Of 100 random bytes about 83 differ and 37 are printable, and never (8 standard deviations) as many as asked here.
  return distinct >= 60 && printable < 80;
}
