// How a backup lies in the store where it is not simply a file of its name: in which objects, on what it is based, and
// for whom it is sealed. The format is a promise (docs/formats.md).
import { createHash } from 'node:crypto';
import { Fields, type Flaw } from '../record/fields.ts';
import { partName } from './name.ts';

/** One object of the store, and what its bytes are. */
export interface StoredObject {
  name: string;
  sizeBytes: number;
  /** SHA-256 of the bytes as they lie in the store, lower-case hex. */
  sha256: string;
  /** Dropbox content hash of the same. */
  contentHash: string;
}

/** Another backup that has to be there for this one to restore. */
export interface BackupLink {
  /** Its name in the store. */
  name: string;
  /** Its `storedId`: another backup that has its name by now is not meant. */
  id: string;
}

/** The place of a backup in a series: a full, or an increment with the pages that differ from those of its base. */
export interface PagesPart {
  /** 32 hex digits, made with the full: all that is based on it has the same. */
  series: string;
  /** Order within the series: 0 for the full, and each that was added later has a larger one. Never a time. */
  sequence: number;
  /** 0 for a full; an increment is one level above its base. */
  level: number;
  /** Undefined for a full. Of level 1 both are the same. */
  full: BackupLink | undefined;
  base: BackupLink | undefined;
  /** How many pages its objects hold. */
  changedPages: number;
}

/** How the bytes of a backup lie in the store. */
export interface StoredPart {
  /** In order; together they are all of it. */
  objects: StoredObject[];
  /** Undefined for a plain file, which is here only because it is sealed. */
  pages: PagesPart | undefined;
  /** The public keys that open it; undefined where it is not sealed. */
  recipients: string[] | undefined;
}

const objectsMax = 4096;
const levelsMax = 9;
const recipientsMax = 100;

/** By which a backup in such objects is known: whatever is other in one byte of them, or called otherwise, has another. */
export function storedId(objects: readonly StoredObject[]): string {
  const hash = createHash('sha256');
  for (const { name, sizeBytes, sha256 } of objects) hash.update(`${sha256} ${sizeBytes} ${name}\n`);
  return hash.digest('hex');
}

/** Bytes in the store, or those of some of its objects. */
export function storedBytes({ objects }: { objects: readonly StoredObject[] }): number {
  return objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

/** The part as it is written, keys in the order of docs/formats.md. */
export function formatStoredPart({ objects, pages, recipients }: StoredPart): Record<string, unknown> {
  return {
    objects: objects.map(({ name, sizeBytes, sha256, contentHash }) => ({
      name,
      size_bytes: sizeBytes,
      sha256,
      content_hash: contentHash,
    })),
    pages: pages && {
      series: pages.series,
      sequence: pages.sequence,
      level: pages.level,
      full: pages.full && { name: pages.full.name, id: pages.full.id },
      base: pages.base && { name: pages.base.name, id: pages.base.id },
      changed_pages: pages.changedPages,
    },
    recipients,
  };
}

/** The part that `fields` hold, of the backup of that name. Throws what `flaw` makes for anything that cannot be. */
export function parseStoredPart(fields: Fields, backup: string, flaw: Flaw): StoredPart {
  const list = fields.list('objects');
  if (list.length === 0 || list.length > objectsMax) throw flaw(`stored.objects has ${list.length} entries`);
  const objects = list.map((item, index) => {
    const object = new Fields(item, `stored.objects[${index}].`, flaw);
    const name = object.text('name');
    if (name !== partName(backup, index + 1))
      throw flaw(`stored.objects[${index}] is not a part of ${backup}`);
    return {
      name,
      sizeBytes: object.count('size_bytes'),
      sha256: object.digest('sha256'),
      contentHash: object.digest('content_hash'),
    };
  });
  const pages = fields.has('pages') ? parsePages(fields.object('pages'), backup, flaw) : undefined;
  const recipients = fields.has('recipients') ? parseRecipients(fields.list('recipients'), flaw) : undefined;
  if (pages === undefined && recipients === undefined) throw flaw('stored says neither pages nor recipients');
  return { objects, pages, recipients };
}

function parsePages(fields: Fields, backup: string, flaw: Flaw): PagesPart {
  const link = (key: 'full' | 'base'): BackupLink | undefined => {
    if (!fields.has(key)) return undefined;
    const of = fields.object(key);
    return { name: of.text('name'), id: of.digest('id') };
  };
  const pages = {
    series: fields.identifier('series'),
    sequence: fields.count('sequence'),
    level: fields.integer('level', 0, levelsMax),
    full: link('full'),
    base: link('base'),
    changedPages: fields.count('changed_pages'),
  };
  const { level, sequence, full, base } = pages;
  const isFull = level === 0;
  if (isFull !== (full === undefined) || isFull !== (base === undefined))
    throw flaw(
      `stored.pages is of level ${level}, and its base is ${base === undefined ? 'not named' : 'named'}`,
    );
  if (isFull !== (sequence === 0)) throw flaw(`stored.pages is of level ${level} and sequence ${sequence}`);
  if (base?.name === backup || full?.name === backup) throw flaw('stored.pages is based on itself');
  if (level === 1 && (base?.name !== full?.name || base?.id !== full?.id))
    throw flaw('stored.pages is of level 1, and its base is not its full');
  return pages;
}

function parseRecipients(list: readonly unknown[], flaw: Flaw): string[] {
  if (list.length === 0 || list.length > recipientsMax)
    throw flaw(`stored.recipients has ${list.length} entries`);
  return list.map((recipient, index) => {
    if (typeof recipient === 'string' && /^age1[0-9a-z]{20,4000}$/.test(recipient)) return recipient;
    throw flaw(`stored.recipients[${index}] is no public key`);
  });
}
