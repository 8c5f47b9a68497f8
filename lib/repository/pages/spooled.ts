// A backup in pages that is on its way into the store: all of its objects lie in the state directory, and this is the record that
// says so. Written last, it is the commit point of the spool: from then on the backup is finished, whatever is killed.
import type { Manifest } from '../../backup/manifest.ts';
import { parseAnyManifest, type SealedManifest } from '../../backup/sealed-manifest.ts';
import { type BackupLink, type PagesPart, storedId, type StoredObject } from '../../backup/stored-part.ts';
import type { Flaw } from '../../record/fields.ts';
import { formatJsonRecord, openJsonRecord, type RecordFormat } from '../../record/json-record.ts';

export interface Spooled {
  /** The text that will stand beside the objects, and what it says. */
  text: string;
  manifest: Manifest | SealedManifest;
  /** Of the database that results. */
  pageSize: number;
  pageCount: number;
  /** Whether a copy of the database lies in the spool, to be the full that is kept here. */
  keepsFull: boolean;
  /** Set for a full that may go on in a later window: why it is due. */
  waitsBecause: string | undefined;
}

const format: RecordFormat = { name: 'holdfast-pages-spool', version: 1, called: 'record of a spool' };
/** A manifest, its quotes escaped, and little else. */
export const spooledBytesMax: number = 4 * 1024 * 1024;
const pageSizeMax = 65_536;

export function formatSpooled({ text, pageSize, pageCount, keepsFull, waitsBecause }: Spooled): string {
  return formatJsonRecord(format, {
    page_size: pageSize,
    page_count: pageCount,
    keeps_full: keepsFull,
    waits_because: waitsBecause,
    manifest: text,
  });
}

/** Throws what `flaw` makes, or OpsError `damaged`, for anything else. */
export function parseSpooled(record: string, flaw: Flaw): Spooled {
  const { fields } = openJsonRecord(record, format, flaw);
  const text = fields.text('manifest');
  const manifest = parseAnyManifest(text, 'in the spool');
  if (manifest.stored?.pages === undefined) throw flaw('its backup is not in pages');
  return {
    ...{ text, manifest },
    pageSize: fields.integer('page_size', 1, pageSizeMax),
    pageCount: fields.count('page_count'),
    keepsFull: fields.boolean('keeps_full'),
    waitsBecause: fields.has('waits_because') ? fields.text('waits_because') : undefined,
  };
}

/** Its place, its objects, and by which it is known. */
export function placeOf({ manifest: { backup, stored } }: Spooled): {
  pages: PagesPart;
  objects: readonly StoredObject[];
  link: BackupLink;
} {
  if (stored?.pages === undefined) throw new Error(`${backup} is not in pages`);
  const { pages, objects } = stored;
  return { pages, objects, link: { name: backup, id: storedId(objects) } };
}
