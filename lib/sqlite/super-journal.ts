// The name at the end of a journal. A transaction over several databases leaves a super-journal, which the journal of each
// of them names: as long as it is there, each has to be rolled back (https://sqlite.org/atomiccommit.html, 5). SQLite opens
// whatever has that name, though it be a pipe, and may remove it: nothing that a copied journal may bring about.
import { closeSync, fstatSync, openSync, readSync, rmSync, statSync, writeSync } from 'node:fs';

const magic = Buffer.from('d9d505f920a163d7', 'hex');
const trailerBytes = 16;
const nameBytesMax = 512;

/**
 * Lets the journal of a copied set be judged without what it names: rolled back by itself where its super-journal is
 * there, and removed where that is gone, for then the transaction was committed. As SQLite would; other journals stay.
 */
export function detachFromSuperJournal(journal: string): void {
  if (statSync(journal, { throwIfNoEntry: false }) === undefined) return;
  const file = openSync(journal, 'r+');
  try {
    const { size } = fstatSync(file);
    const name = superJournalIn(file, size);
    if (name === undefined) return;
    if (isThere(name)) writeSync(file, Buffer.alloc(magic.length), 0, magic.length, size - magic.length);
    else rmSync(journal);
  } finally {
    closeSync(file);
  }
}

/** The name, where SQLite would believe it: its length, its checksum and a magic follow it at the end of the file. */
function superJournalIn(file: number, size: number): string | undefined {
  if (size < trailerBytes) return undefined;
  const trailer = readAt(file, size - trailerBytes, trailerBytes);
  const length = trailer.readUInt32BE(0);
  if (!trailer.subarray(8).equals(magic) || length > Math.min(nameBytesMax, size - trailerBytes))
    return undefined;
  const name = readAt(file, size - trailerBytes - length, length);
  const sum = name.reduce((total, byte) => (total + ((byte << 24) >> 24)) >>> 0, 0); // of signed characters
  const text = name.toString();
  return sum === trailer.readUInt32BE(4) && /-mj[\da-f]{6}9[\da-f]{2}$/i.test(text) ? text : undefined;
}

function readAt(file: number, at: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  readSync(file, bytes, 0, length, at);
  return bytes;
}

/** As SQLite sees it: an empty file is none. */
function isThere(name: string): boolean {
  const status = statSync(name, { throwIfNoEntry: false });
  return status !== undefined && (!status.isFile() || status.size > 0);
}
