// Files of random pages, and the backups in pages that are made of them: for what reads and writes objects.
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FileDigest } from '../../lib/files/digest.ts';
import { type EncodeOptions, encodePages, type KeptFull } from '../../lib/repository/pages/encode.ts';
import type { ChainLink } from '../../lib/repository/pages/link-reader.ts';
import { changedPages, digestPages, type PageDigests } from '../../lib/repository/pages/page-digests.ts';

/** A state of a database, and how it was stored. */
export interface Encoded {
  database: string;
  digests: PageDigests;
  objects: FileDigest[];
  link: ChainLink;
}

let made = 0;

/** Writes these bytes as a state of a database, and encodes it below `directory`: what differs from the base, else all of it. */
export async function encodeState(
  directory: string,
  bytes: Uint8Array,
  {
    pageSize,
    base,
    full,
    drop = 0,
    ...options
  }: {
    pageSize: number;
    base?: Encoded | undefined;
    full?: KeptFull | undefined;
    /** How many runs of changed pages are left out. */
    drop?: number;
  } & Partial<EncodeOptions>,
): Promise<Encoded> {
  made += 1;
  const home = join(directory, `state-${made}`);
  mkdirSync(home);
  const database = join(home, 'database.db');
  writeFileSync(database, bytes);
  const digests = await digestPages(database, { pageSize });
  const { pageCount } = digests;
  const pages = base === undefined ? 'all' : changedPages(base.digests, digests).slice(drop);
  const objects: FileDigest[] = [];
  for await (const object of encodePages({
    database,
    pageSize,
    pageCount,
    pages,
    full,
    directory: home,
    ...options,
  }))
    objects.push(object);
  return { database, digests, objects, link: linkOf(`state-${made}`, bytes.length, objects) };
}

/** What a full is kept as. */
export function keptFull({ database, digests }: Encoded): KeptFull {
  return { path: database, digests };
}

/** The link of objects that lie as files. */
export function linkOf(backup: string, sizeBytes: number, objects: readonly FileDigest[]): ChainLink {
  const paths = new Map(objects.map(({ path }, index) => [`${backup}+${index + 1}`, path]));
  const stored = objects.map((object, index) => ({
    name: `${backup}+${index + 1}`,
    sizeBytes: object.sizeBytes,
    sha256: object.sha256,
    contentHash: object.contentHash,
  }));
  return {
    manifest: { backup, sizeBytes, stored: { objects: stored } },
    open: async ({ name }) => paths.get(name) ?? '',
    release: () => undefined,
  };
}

/** Pages that compress a little, all of them different. */
export function somePages(pageSize: number, pageCount: number): Buffer {
  const pages = Buffer.alloc(pageSize * pageCount);
  for (let at = 0; at < pages.length; at += pageSize) randomBytes(Math.min(200, pageSize)).copy(pages, at);
  return pages;
}

/** The same bytes with other ones in those pages, and that many pages in all. */
export function altered(
  bytes: Buffer,
  pageSize: number,
  pages: readonly number[],
  pageCount?: number,
): Buffer {
  const now = Buffer.alloc(pageCount === undefined ? bytes.length : pageCount * pageSize, 7);
  bytes.copy(now);
  for (const page of pages) randomBytes(16).copy(now, page * pageSize + 100);
  return now;
}

/** The file as it is. */
export function bytesOf(path: string): Buffer {
  return readFileSync(path);
}
