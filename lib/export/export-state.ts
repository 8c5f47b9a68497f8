// What an export remembers of the documents it wrote. It saves work and decides nothing: lost, each document is read and
// compared once.
import type { Flaw } from '../record/fields.ts';
import { Fields } from '../record/fields.ts';
import { formatJsonRecord, openJsonRecord, type RecordFormat } from '../record/json-record.ts';

/** A document as it lay in its place when it was last seen to be right. */
export interface KnownDocument {
  sha256: string;
  sizeBytes: number;
  /** Nanoseconds since 1970, and the inode's number: with the size they say that nobody has touched it since. */
  modifiedNs: string;
  inode: string;
  /** Of what it was made; undefined where that is not known by less than the document itself. */
  source?: string | undefined;
}

/** The documents by their names. */
export type ExportState = ReadonlyMap<string, KnownDocument>;

const format: RecordFormat = { name: 'holdfast-export', version: 1 };

export function formatExportState(state: ExportState): string {
  const documents = Object.fromEntries(
    [...state].map(([name, { sha256, sizeBytes, modifiedNs, inode, source }]) => [
      name,
      { sha256, size_bytes: sizeBytes, modified_ns: modifiedNs, inode, source_sha256: source },
    ]),
  );
  return formatJsonRecord(format, { documents });
}

/** Throws what `flaw` makes for anything that `formatExportState` does not write. */
export function parseExportState(text: string, flaw: Flaw): ExportState {
  const { fields } = openJsonRecord(text, format, flaw);
  const documents = new Map<string, KnownDocument>();
  for (const [name, value] of fields.object('documents').entries()) {
    const document = new Fields(value, `documents.${name}.`, flaw);
    documents.set(name, {
      sha256: document.digest('sha256'),
      sizeBytes: document.count('size_bytes'),
      modifiedNs: document.text('modified_ns'),
      inode: document.text('inode'),
      source: document.has('source_sha256') ? document.digest('source_sha256') : undefined,
    });
  }
  return documents;
}
