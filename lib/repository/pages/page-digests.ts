// What the pages of a database are, in 16 bytes each: enough to tell which of them differ in another state of it. Kept in the
// state directory beside what is known of a base; the format is a promise (docs/formats.md).
import { createHash, hash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { BackupLink } from '../../backup/stored-part.ts';
import { OpsError, errorCode } from '../../base/errors.ts';
import { writeFileAtomically } from '../../files/durable.ts';
import { fillBuffer } from '../../files/read-blocks.ts';
import { ifWhole } from '../../record/fields.ts';
import { formatJsonRecord, openJsonRecord, type RecordFormat } from '../../record/json-record.ts';
import { parseHeader } from '../../sqlite/header.ts';
import { openPageFile } from './page-file.ts';
import { type PageRun, runsWhere } from './page-runs.ts';

/** One state of a database. */
export interface PageDigests {
  pageSize: number;
  pageCount: number;
  /** 16 for each page: the first half of its SHA-256. */
  bytes: Uint8Array;
}

export interface DigestOptions {
  pageSize: number;
  signal?: AbortSignal | undefined;
  onProgress?: ((doneBytes: number) => void) | undefined;
}

const digestBytes = 16;
const pageSizeMin = 512;
const pageSizeMax = 65_536;
const pageCountMax = 0xffff_fffe; // https://sqlite.org/limits.html
const format: RecordFormat = { name: 'holdfast-page-digests', version: 1, called: 'list of page digests' };
/** The record before the digests. */
const headBytesMax = 4096;
const sealBytes = 32;

/** Reads the database once. OpsError `damaged` where it is no whole pages, or changes meanwhile. */
export async function digestPages(
  path: string,
  { pageSize, signal, onProgress }: DigestOptions,
): Promise<PageDigests> {
  signal?.throwIfAborted();
  await using file = await openPageFile(path, pageSize);
  const digester = createPageDigester(pageSize);
  for await (const block of file.blocks()) {
    digester.update(block);
    onProgress?.(digester.doneBytes());
    signal?.throwIfAborted();
  }
  await file.requireUnchanged();
  const digests = digester.finish();
  if (digests?.pageCount === file.pageCount) return digests;
  throw new OpsError('damaged', `cannot read ${path}: it is not what it was when it was opened`);
}

/** Takes a database's bytes in order, in blocks of whole pages as `readWhole` gives them; then `finish`, once. */
export interface PageDigester {
  update(block: Uint8Array): void;
  doneBytes(): number;
  /** Undefined where these were no whole pages. */
  finish(): PageDigests | undefined;
}

/** Of pages of that size, or of the size that the first bytes name. */
export function createPageDigester(pageSizeKnown?: number): PageDigester {
  const found: Buffer[] = [];
  let pageSize = pageSizeKnown;
  let [doneBytes, isWhole] = [0, true];
  return {
    update(block) {
      if (doneBytes === 0) pageSize ??= parseHeader(asBuffer(block))?.pageSize;
      doneBytes += block.length;
      isWhole &&= pageSize !== undefined && block.length % pageSize === 0;
      if (!isWhole || pageSize === undefined) return;
      const digests = Buffer.allocUnsafeSlow((block.length / pageSize) * digestBytes);
      for (let page = 0, at = 0; at < block.length; page += 1, at += pageSize)
        digestOf(block.subarray(at, at + pageSize)).copy(digests, page * digestBytes, 0, digestBytes);
      found.push(digests);
    },
    doneBytes: () => doneBytes,
    finish() {
      if (!isWhole || pageSize === undefined) return undefined;
      return { pageSize, pageCount: doneBytes / pageSize, bytes: Buffer.concat(found) };
    },
  };
}

function asBuffer({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}

/** The pages of `now` that `base` has not, or has otherwise; all of them where their size is another. */
export function changedPages(base: PageDigests, now: PageDigests): PageRun[] {
  if (base.pageSize !== now.pageSize) return now.pageCount === 0 ? [] : [[0, now.pageCount]];
  const before = asBuffer(base.bytes);
  return runsWhere(now.pageCount, (page) => {
    const [at, end] = [page * digestBytes, (page + 1) * digestBytes];
    return page >= base.pageCount || before.compare(now.bytes, at, end, at, end) !== 0;
  });
}

/** The first of these pages, which are `first` and the next ones of the state with those digests, that is another. */
export function firstOtherPage(pages: Buffer, first: number, digests: PageDigests): number | undefined {
  for (let at = 0, page = first; at < pages.length; at += digests.pageSize, page += 1) {
    const expected = digests.bytes.subarray(page * digestBytes, (page + 1) * digestBytes);
    const found = digestOf(pages.subarray(at, at + digests.pageSize)).subarray(0, digestBytes);
    if (!found.equals(expected)) return page;
  }
  return undefined;
}

/** What is kept of one backup. */
export interface KeptDigests {
  backup: BackupLink;
  digests: PageDigests;
}

/** Writes them durably, in the place of what has the name. Throws OpsError where that cannot be done. */
export async function writeDigests(path: string, { backup, digests }: KeptDigests): Promise<void> {
  const head = formatJsonRecord(format, {
    backup: backup.name,
    id: backup.id,
    page_size: digests.pageSize,
    page_count: digests.pageCount,
  });
  const sealed = createHash('sha256').update(head).update(digests.bytes).digest();
  const content = Buffer.concat([Buffer.from(head), digests.bytes, sealed]);
  await writeFileAtomically(path, content, { mode: 0o640, toOwner: true });
}

/**
 * What `writeDigests` wrote there. Undefined where nothing is, and for whatever is not exactly that: cut, altered, of a newer
 * version, no regular file, unreadable. Without digests a full is made, and nothing is lost.
 */
export async function readDigests(path: string): Promise<KeptDigests | undefined> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const status = await file.stat();
    return status.isFile() ? await readKept(file, status.size) : undefined;
  } catch (error) {
    if (error instanceof OpsError || errorCode(error) !== undefined) return undefined;
    throw error;
  }
}

async function readKept(file: FileHandle, sizeBytes: number): Promise<KeptDigests | undefined> {
  const start = Buffer.alloc(Math.min(headBytesMax, sizeBytes));
  await fillBuffer(file, start, 0);
  const headBytes = start.indexOf(0x0a) + 1;
  const head = ifWhole(() => parseHead(start.toString('utf8', 0, headBytes)));
  if (head === undefined) return undefined;
  const { backup, pageSize, pageCount } = head;
  const listBytes = pageCount * digestBytes;
  // Before anything of a size is held that the file only claims.
  if (sizeBytes !== headBytes + listBytes + sealBytes) return undefined;
  const rest = Buffer.allocUnsafe(listBytes + sealBytes);
  if ((await fillBuffer(file, rest, headBytes)) < rest.length) return undefined;
  const bytes = rest.subarray(0, listBytes);
  const sealed = createHash('sha256').update(start.subarray(0, headBytes)).update(bytes).digest();
  return sealed.equals(rest.subarray(listBytes))
    ? { backup, digests: { pageSize, pageCount, bytes } }
    : undefined;
}

function parseHead(text: string) {
  const { fields } = openJsonRecord(text, format, (cause) => new OpsError('damaged', cause));
  return {
    backup: { name: fields.text('backup'), id: fields.digest('id') },
    pageSize: fields.integer('page_size', pageSizeMin, pageSizeMax),
    pageCount: fields.integer('page_count', 0, pageCountMax),
  };
}

function digestOf(page: Uint8Array): Buffer {
  return hash('sha256', page, 'buffer');
}
