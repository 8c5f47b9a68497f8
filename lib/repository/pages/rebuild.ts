// From a chain of backups to the database: group by group, in one pass, whatever the database's size.
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { OpsError, systemError } from '../../base/errors.ts';
import type { HashedFile } from '../../files/digest.ts';
import { fileIdentity } from '../../files/identity.ts';
import { removeQuietly } from '../../files/publish-file.ts';
import { fullDiskDetails } from '../../files/space.ts';
import { syncDirectory } from '../../files/sync.ts';
import { writeAll } from '../../files/write-all.ts';
import { startWriteBack } from '../../files/write-back.ts';
import { dictionaryOf } from './frame.ts';
import { freeNow } from './free-now.ts';
import { inOrder } from './in-order.ts';
import { type ChainLink, type LinkReader, type LocatedFrame, openLink } from './link-reader.ts';
import { countPages, firstMissing, runsBelow } from './page-runs.ts';

export interface RebuildOptions {
  /** Must not exist. */
  target: string;
  /** The full first, each based on the one before it. */
  chain: readonly ChainLink[];
  signal?: AbortSignal | undefined;
  onProgress?: ((doneBytes: number) => void) | undefined;
}

/** Groups that are in memory, five buffers of 1 MiB at most for each. */
const atOnce = 3;
const writeBackEveryBytes = 32 * 1024 * 1024;

/**
 * Writes the database of the last backup of the chain, and returns its digest, which is the caller's to compare: what its manifest
 * promises. It is then on the device; on any failure, also an abort, nothing stays at `target`. OpsError `refused` where something
 * is there, `damaged` for objects that are not what they have to be, or that do not belong together. Objects in which nothing lies
 * that is needed may stay unopened.
 */
export async function rebuildPages({
  target,
  chain,
  signal,
  onProgress,
}: RebuildOptions): Promise<HashedFile> {
  signal?.throwIfAborted();
  const orFailed = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw systemError(`write ${target}`, error, fullDiskDetails(error, dirname(target)));
    }
  };
  const made = await orFailed(() => open(target, 'wx', 0o600));
  try {
    await using file = made;
    const hash = createHash('sha256');
    await using written = writtenBack(target);
    let at = 0;
    for await (const pages of groupsOfChain(chain, signal)) {
      const writing = orFailed(() => writeAll(file, pages, at));
      hash.update(pages); // while they are on their way
      await writing;
      at += pages.length;
      freeNow(pages);
      written.upTo(at);
      onProgress?.(at);
    }
    await orFailed(() => file.sync());
    await syncDirectory(dirname(target));
    return { path: target, sizeBytes: at, sha256: hash.digest('hex'), identity: await fileIdentity(file) };
  } catch (error) {
    await removeQuietly(target);
    throw error;
  }
}

function writtenBack(target: string) {
  const writeBack = startWriteBack(target);
  let begun = 0;
  return {
    upTo(bytes: number) {
      if (bytes - begun < writeBackEveryBytes) return;
      begun = bytes;
      writeBack.beginIfIdle();
    },
    [Symbol.asyncDispose]: () => writeBack.end(),
  };
}

interface GroupFrames {
  group: number;
  /** Of each link, where it has one. */
  frames: (LocatedFrame | undefined)[];
}

/** The pages of the database that results, a group at a time. */
async function* groupsOfChain(
  chain: readonly ChainLink[],
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
  await using stack = new AsyncDisposableStack();
  const links: LinkReader[] = [];
  for (const link of chain) links.push(stack.use(await openLink(link)));
  requireTogether(links);
  const work = (of: GroupFrames) => layGroup(links, of);
  for await (const { group, pages } of inOrder(framesOf(links, signal), atOnce, work)) {
    yield pages;
    for (const link of links) await link.doneWith(group);
  }
}

async function* framesOf(
  links: readonly LinkReader[],
  signal: AbortSignal | undefined,
): AsyncGenerator<GroupFrames> {
  const { pageCount = 0, groupPages = 1 } = links.at(-1)?.shape ?? {};
  for (let group = 0; group * groupPages < pageCount; group += 1) {
    signal?.throwIfAborted();
    const frames: GroupFrames['frames'] = [];
    for (const link of links) frames.push(await link.frameOf(group));
    yield { group, frames };
  }
}

/** The full's pages, and over them those of each increment in the order of the chain. */
async function layGroup(
  links: readonly LinkReader[],
  { group, frames }: GroupFrames,
): Promise<{ group: number; pages: Buffer }> {
  requireEveryPage(links, { group, frames });
  const { pageSize, pageCount, groupPages } = links.at(-1)?.shape ?? {
    pageSize: 0,
    pageCount: 0,
    groupPages: 0,
  };
  const [ofFull, ...later] = frames;
  const full = ofFull === undefined ? Buffer.alloc(0) : await ofFull.object.pagesOf(ofFull.entry, undefined);
  const increments = await Promise.all(
    later.map(async (frame, index) => frame && (await unpackIncrement(frame, links[index + 1], full))),
  );
  const sizeBytes = Math.min(groupPages, pageCount - group * groupPages) * pageSize;
  if (increments.every((pages) => pages === undefined) && full.length >= sizeBytes)
    return { group, pages: full.subarray(0, sizeBytes) };
  const pages = grown(full, groupPages * pageSize);
  for (const [index, laid] of increments.entries()) {
    let at = 0;
    for (const [first, count] of laid === undefined ? [] : (later[index]?.entry.runs ?? [])) {
      laid?.copy(pages, first * pageSize, at, at + count * pageSize);
      at += count * pageSize;
    }
  }
  return { group, pages: pages.subarray(0, sizeBytes) };
}

/** The same bytes with room behind them, where there is none: those of most groups are laid over where they are. */
function grown(pages: Buffer, sizeBytes: number): Buffer {
  if (pages.length === sizeBytes) return pages;
  const larger = Buffer.alloc(sizeBytes);
  pages.copy(larger);
  freeNow(pages);
  return larger;
}

async function unpackIncrement(
  { entry, object }: LocatedFrame,
  link: LinkReader | undefined,
  full: Buffer,
): Promise<Buffer> {
  const { pageSize = 1, dictionary = false } = link?.shape ?? {};
  if (!dictionary) return object.pagesOf(entry, undefined);
  const runs = runsBelow(entry.runs, full.length / pageSize);
  const same = Buffer.allocUnsafeSlow(countPages(runs) * pageSize);
  let at = 0;
  for (const [first, count] of runs) at += full.copy(same, at, first * pageSize, (first + count) * pageSize);
  const pages = await object.pagesOf(entry, dictionaryOf(same));
  freeNow(same);
  return pages;
}

function requireTogether(links: readonly LinkReader[]): void {
  const [full, ...increments] = links;
  if (full === undefined) throw new OpsError('damaged', 'cannot rebuild a database of no backups at all');
  if (full.shape.dictionary === true)
    throw new OpsError(
      'damaged',
      `cannot use ${full.backup}: it is no full, its frames need the pages of one`,
    );
  const other = increments.find(
    ({ shape }) => shape.pageSize !== full.shape.pageSize || shape.groupPages !== full.shape.groupPages,
  );
  if (other === undefined) return;
  throw new OpsError(
    'damaged',
    `cannot use ${other.backup}: its pages have another size, or other groups, than those of ${full.backup}`,
  );
}

/** A page that a backup does not hold has to be one that its base has: nothing is ever made up. */
function requireEveryPage(links: readonly LinkReader[], { group, frames }: GroupFrames): void {
  let pagesOfBase = 0;
  for (const [index, { backup, shape }] of links.entries()) {
    const start = group * shape.groupPages;
    const end = Math.min(shape.groupPages, shape.pageCount - start);
    const runs = frames[index]?.entry.runs ?? [];
    const missing = firstMissing(runs, Math.max(0, pagesOfBase - start), end);
    if (missing !== undefined)
      throw new OpsError(
        'damaged',
        `cannot use ${backup}: it does not hold page ${start + missing + 1}, and neither does its base`,
      );
    pagesOfBase = shape.pageCount;
  }
}
