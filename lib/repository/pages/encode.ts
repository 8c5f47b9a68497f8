// From pages of a database to objects: each group a frame, and as many objects as it takes.
import { OpsError, systemError } from '../../base/errors.ts';
import type { FileDigest } from '../../files/digest.ts';
import type { HeldDirectory } from '../../files/held-directory.ts';
import { locateDirectory } from '../../files/locate-file.ts';
import { dictionaryOf, packPages } from './frame.ts';
import { freeNow } from './free-now.ts';
import { inOrder } from './in-order.ts';
import type { ObjectShape } from './object-format.ts';
import { type MadeFrame, openObjectWriter } from './object-writer.ts';
import { firstOtherPage, type PageDigests } from './page-digests.ts';
import { openPageFile, type PageFile } from './page-file.ts';
import {
  countPages,
  groupPagesFor,
  groupsOf,
  type PageGroup,
  type PageRuns,
  runsBelow,
} from './page-runs.ts';

/** The full as it is kept here, and what its pages are. */
export interface KeptFull {
  path: string;
  digests: PageDigests;
}

export interface EncodeOptions {
  /** The path of a copy that nobody writes. */
  database: string;
  pageSize: number;
  /** Of the database, which has no other. */
  pageCount: number;
  /** Those that are to be held: all of them for a full. */
  pages: PageRuns | 'all';
  /** Whose pages are to be the dictionary; undefined for none. Of the same page size. */
  full: KeptFull | undefined;
  /** Where the objects are made; it is ours, and has none of them yet. */
  directory: string;
  /** An object ends before the frame that would make it longer. */
  partBytesMax?: number | undefined;
  /** Of zstd. */
  level?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Told of the bytes of pages that are in objects by now. */
  onProgress?: ((doneBytes: number) => void) | undefined;
}

const partBytesMaxUsually = 150_000_000;
const levelOfFull = 3;
/** Above it zstd looks for the best way through each page, twice the work for 2 % of the bytes; 10 takes half as long, for half a percent more. */
const levelOfIncrement = 12;
/** Groups that are in memory, four buffers of 1 MiB at most for each. */
const atOnce = 3;

/**
 * Yields each object, the first and only one where nothing changed as well, when all of it is on the device; what was yielded is the
 * caller's. Each frame was decompressed again and compared before it counts. Throws OpsError `damaged` where the database changes
 * meanwhile, and where a page of the full is not what its digest says: without that full it can be tried again. `io`, `denied` and the
 * like where files cannot be used; the object that was being written is then gone.
 */
export async function* encodePages(options: EncodeOptions): AsyncGenerator<FileDigest> {
  const { pageSize, pageCount, directory, signal } = options;
  signal?.throwIfAborted();
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await openPageFile(options.database, pageSize));
  if (database.pageCount !== pageCount)
    throw damaged(options.database, `it has ${database.pageCount} pages, ${pageCount} were expected`);
  const full = await openFull(options, stack);
  const held = stack.use(await locateDirectory(directory).catch(failedIn(directory)));
  const groupPages = groupPagesFor(pageSize);
  const shape = { pageSize, pageCount, groupPages, dictionary: full !== undefined };
  const runs: PageRuns = options.pages === 'all' ? wholeOf(pageCount) : options.pages;
  const level = options.level ?? (options.pages === 'all' ? levelOfFull : levelOfIncrement);
  const frames = inOrder(groupsOf(runs, groupPages), atOnce, async (group): Promise<MadeFrame> => {
    signal?.throwIfAborted();
    const pages = await readPages(database, group, shape);
    const dictionary = full && dictionaryOf(await full.pagesOf(group, shape));
    const bytes = await packPages(pages, { dictionary, level });
    freeNow(pages);
    if (dictionary !== undefined) freeNow(dictionary);
    return { ...group, bytes };
  });
  yield* writeObjects(frames, held, shape, options);
  await database.requireUnchanged();
}

async function* writeObjects(
  frames: AsyncGenerator<MadeFrame>,
  directory: HeldDirectory,
  shape: ObjectShape,
  { partBytesMax = partBytesMaxUsually, onProgress }: EncodeOptions,
): AsyncGenerator<FileDigest> {
  let part = 1;
  let writer = await openObjectWriter(directory, { part, shape });
  let donePages = 0;
  try {
    for await (const frame of frames) {
      if (!writer.hasRoomFor(frame, partBytesMax)) {
        const object = await writer.finish(false);
        await writer[Symbol.asyncDispose]();
        yield object;
        part += 1;
        writer = await openObjectWriter(directory, { part, shape });
      }
      await writer.add(frame);
      freeNow(frame.bytes);
      donePages += countPages(frame.runs);
      onProgress?.(donePages * shape.pageSize);
    }
    yield await writer.finish(true);
  } finally {
    await writer[Symbol.asyncDispose]();
  }
}

/** The kept full, whose pages are believed when they have their digests. */
async function openFull({ full, pageSize }: EncodeOptions, stack: AsyncDisposableStack) {
  if (full === undefined) return undefined;
  const { path, digests } = full;
  if (digests.pageSize !== pageSize)
    throw damaged(path, `its pages have ${digests.pageSize} bytes, those of the database ${pageSize}`);
  const file = stack.use(await openPageFile(path, pageSize));
  if (file.pageCount !== digests.pageCount)
    throw damaged(path, `it has ${file.pageCount} pages, its digests are of ${digests.pageCount}`);
  return {
    async pagesOf({ group, runs }: PageGroup, shape: ObjectShape): Promise<Buffer> {
      const start = group * shape.groupPages;
      const there = runsBelow(runs, file.pageCount - start);
      const pages = await readPages(file, { group, runs: there }, shape);
      let at = 0;
      for (const [first, count] of there) {
        const end = at + count * pageSize;
        const other = firstOtherPage(pages.subarray(at, end), start + first, digests);
        if (other !== undefined) throw damaged(path, `page ${other + 1} is not what it was`);
        at = end;
      }
      return pages;
    },
  };
}

async function readPages(
  file: PageFile,
  { group, runs }: PageGroup,
  { groupPages, pageSize }: ObjectShape,
): Promise<Buffer> {
  const pages = Buffer.allocUnsafeSlow(countPages(runs) * pageSize);
  let at = 0;
  for (const [first, count] of runs) {
    await file.readInto(pages, at, group * groupPages + first, count);
    at += count * pageSize;
  }
  return pages;
}

function wholeOf(pageCount: number): PageRuns {
  return pageCount === 0 ? [] : [[0, pageCount]];
}

function failedIn(directory: string): (error: unknown) => never {
  return (error) => {
    throw systemError(`write into ${directory}`, error);
  };
}

function damaged(path: string, cause: string): OpsError {
  return new OpsError('damaged', `cannot use ${path}: ${cause}`);
}
