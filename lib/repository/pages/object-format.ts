// The bytes of an object: its beginning and end, and its index. A promise (docs/formats.md).
import { Fields, type Flaw } from '../../record/fields.ts';
import type { PageRun, PageRuns } from './page-runs.ts';

/** What all objects of a backup have in common. */
export interface ObjectShape {
  pageSize: number;
  /** Of the database that results. */
  pageCount: number;
  groupPages: number;
  /** Whether the pages of the full are the dictionary of each frame. */
  dictionary: boolean;
}

/** Where a frame lies, and which pages it holds. */
export interface FrameEntry {
  group: number;
  /** In the object. */
  offset: number;
  length: number;
  /** The first 16 bytes of the SHA-256 of the frame, as hex. */
  digest: string;
  /** Counted from 0 within the group. */
  runs: PageRuns;
  pages: number;
}

export interface ObjectIndex extends ObjectShape {
  /** Which object of the backup it is, from 1. */
  part: number;
  /** How many there are: the last one alone says it. */
  parts: number | undefined;
  frames: FrameEntry[];
}

export const objectHeader: Buffer = Buffer.from('holdfast-pages\n\x01', 'latin1');
const footerMark = Buffer.from('holdfast-pages-\n', 'latin1');
export const footerBytes = 64;
/** Of JSON, before it is compressed. */
export const indexBytesMax = 16 * 1024 * 1024;
/** An object ends where its index has become as long: it fits into what is read, whatever the last group adds. */
export const indexBytesAimed = 8 * 1024 * 1024;

const pageSizes = [512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536];
const pageCountMax = 0xffff_fffe; // https://sqlite.org/limits.html
const groupBytesMax = 4 * 1024 * 1024;
const partsMax = 4096;

/** Where the index lies in an object, and what it has to be. */
export interface IndexPlace {
  offset: number;
  length: number;
  sha256: Buffer;
}

export function formatFooter({ offset, length, sha256 }: IndexPlace): Buffer {
  const numbers = Buffer.alloc(16);
  numbers.writeBigUInt64LE(BigInt(offset), 0);
  numbers.writeBigUInt64LE(BigInt(length), 8);
  return Buffer.concat([numbers, sha256, footerMark]);
}

/** Where the index is in an object of that size with these first and last bytes. */
export function findIndex(header: Buffer, footer: Buffer, sizeBytes: number, flaw: Flaw): IndexPlace {
  if (!header.subarray(0, -1).equals(objectHeader.subarray(0, -1))) throw flaw('it is no file of pages');
  const [version = 0] = header.subarray(-1);
  if (version !== 1) {
    const hint = 'upgrade Holdfast on this machine, then try again';
    throw flaw(`it was made by a newer Holdfast (version ${version}, this one reads 1)`, hint);
  }
  if (!footer.subarray(48).equals(footerMark)) throw flaw('its end is missing');
  const offset = footer.readBigUInt64LE(0);
  const length = footer.readBigUInt64LE(8);
  if (offset < objectHeader.length || offset + length !== BigInt(sizeBytes - footerBytes))
    throw flaw('its index is not where its end says');
  if (length > indexBytesMax) throw flaw('its index is longer than any may be');
  return { offset: Number(offset), length: Number(length), sha256: footer.subarray(16, 48) };
}

/** One frame as it stands in the index. */
export function formatFrame({ group, length, digest, runs }: Omit<FrameEntry, 'offset' | 'pages'>): string {
  return JSON.stringify([group, length, digest, ...runs.flat()]);
}

/** The index of frames that `formatFrame` made. */
export function formatIndex(
  { pageSize, pageCount, groupPages, dictionary }: ObjectShape,
  { part, parts, frames }: { part: number; parts: number | undefined; frames: readonly string[] },
): string {
  const shape = { page_size: pageSize, page_count: pageCount, group_pages: groupPages, dictionary };
  const head = JSON.stringify({ ...shape, part, parts });
  return `${head.slice(0, -1)},"frames":[${frames.join(',')}]}`;
}

/** The index that ends at `end` in its object. Throws what `flaw` makes unless all of it can be, and fills the object. */
export function parseIndex(text: string, end: number, flaw: Flaw): ObjectIndex {
  const fields = new Fields(parseJson(text, flaw), 'index.', flaw);
  const pageSize = fields.integer('page_size', 512, 65_536);
  if (!pageSizes.includes(pageSize)) throw flaw('index.page_size is no power of two');
  const groupPages = fields.integer('group_pages', 1, groupBytesMax / pageSize);
  const pageCount = fields.integer('page_count', 0, pageCountMax);
  const shape = { pageSize, pageCount, groupPages, dictionary: fields.boolean('dictionary') };
  const part = fields.integer('part', 1, partsMax);
  const parts = fields.has('parts') ? fields.integer('parts', part, part) : undefined;
  return { ...shape, part, parts, frames: parseFrames(fields.list('frames'), shape, end, flaw) };
}

function parseJson(text: string, flaw: Flaw): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw flaw('its index is not JSON');
  }
}

function parseFrames(list: readonly unknown[], shape: ObjectShape, end: number, flaw: Flaw): FrameEntry[] {
  let offset = objectHeader.length;
  let last = -1;
  const frames = list.map((item, index) => {
    const frame = parseFrame(item, offset, shape, (cause) => flaw(`index.frames[${index}] ${cause}`));
    if (frame.group <= last) throw flaw(`index.frames[${index}] is not behind the one before it`);
    last = frame.group;
    offset += frame.length;
    if (offset > end) throw flaw(`index.frames[${index}] reaches beyond the frames`);
    return frame;
  });
  if (offset !== end) throw flaw('its frames and its index do not adjoin');
  return frames;
}

function parseFrame(item: unknown, offset: number, shape: ObjectShape, flaw: Flaw): FrameEntry {
  const isWhole = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
  const [group, length, digest, ...rest] = Array.isArray(item) ? (item as unknown[]) : [];
  if (!isWhole(group) || !isWhole(length) || length === 0) throw flaw('has no group, or no length');
  if (typeof digest !== 'string' || !/^[0-9a-f]{32}$/.test(digest)) throw flaw('has no digest');
  const { groupPages, pageCount, pageSize } = shape;
  if (length > 2 * groupPages * pageSize + 1024) throw flaw('is longer than any group');
  if (!rest.every(isWhole) || rest.length === 0 || rest.length % 2 !== 0) throw flaw('has no runs of pages');
  const runs: PageRun[] = [];
  const groupEnd = Math.min(groupPages, pageCount - group * groupPages);
  let [next, pages] = [0, 0];
  for (let at = 0; at < rest.length; at += 2) {
    const [first = 0, count = 0] = rest.slice(at, at + 2);
    if (first < next || count === 0) throw flaw('has runs of pages that overlap');
    if (first + count > groupEnd) throw flaw('has pages beyond its group, or beyond the database');
    runs.push([first, count]);
    next = first + count;
    pages += count;
  }
  return { group, offset, length, digest, runs, pages };
}
