// Whoever can write the store can put anything there. Nothing of it is taken for a database, nothing hangs, and memory stays small.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ChainLink } from '../../../../lib/repository/pages/link-reader.ts';
import { rebuildPages } from '../../../../lib/repository/pages/rebuild.ts';
import {
  altered,
  bytesOf,
  type Encoded,
  encodeState,
  keptFull,
  somePages,
} from '../../../support/page-files.ts';
import {
  exchangeFrame,
  putTogether,
  type RawFrame,
  type RawObject,
  takeApart,
  withIndex,
} from '../../../support/page-objects.ts';
import { scratch } from '../../../support/scratch.ts';

const pageSize = 8192; // 128 in a group
const pageCount = 300;

let full: Encoded;
let increment: Encoded;
let grown: Encoded;
let directory: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-hostile-objects-'));
  const first = somePages(pageSize, pageCount);
  full = await encodeState(directory, first, { pageSize, partBytesMax: 30_000 });
  const second = altered(first, pageSize, [0, 5, 200]);
  increment = await encodeState(directory, second, { pageSize, base: full, full: keptFull(full) });
  const third = altered(second, pageSize, [7], pageCount + 100);
  grown = await encodeState(directory, third, { pageSize, base: increment, full: keptFull(full) });
  expect(full.objects).toHaveLength(3);
});

afterAll(() => rmSync(directory, { recursive: true }));

/** The chain with these bytes in the place of one object of one link. */
function withObject(
  chain: readonly Encoded[],
  place: [link: number, object: number],
  bytes: Buffer,
): ChainLink[] {
  const path = join(scratch(), 'object');
  writeFileSync(path, bytes);
  return withPath(chain, place, path);
}

function withPath(chain: readonly Encoded[], [at, part]: [number, number], path: string): ChainLink[] {
  return chain.map(({ link }, index) => {
    const name = link.manifest.stored.objects[part]?.name;
    if (index !== at) return link;
    return { ...link, open: (object) => (object.name === name ? Promise.resolve(path) : link.open(object)) };
  });
}

async function expectDamaged(chain: readonly ChainLink[], cause: RegExp | string = ''): Promise<void> {
  const target = join(scratch(), 'rebuilt.db');
  await expect(rebuildPages({ target, chain })).rejects.toMatchObject({
    kind: 'damaged',
    message: expect.stringMatching(cause) as string,
  });
  expect(existsSync(target)).toBe(false);
}

function objectOf(of: Encoded, part: number): Buffer {
  return bytesOf(of.objects[part]?.path ?? '');
}

test('one bit of any object, an object that ends anywhere, and one with something behind it are all damage', async () => {
  const places = [full, increment, grown].flatMap((of, link) =>
    of.objects.map((_, part) => ({ of, link, part })),
  );
  const spoiled = fc.oneof(
    fc.record({
      kind: fc.constant('flip' as const),
      at: fc.double({ min: 0, max: 0.9999999, noNaN: true }),
      bit: fc.nat(7),
    }),
    fc.record({
      kind: fc.constant('cut' as const),
      at: fc.double({ min: 0, max: 0.9999999, noNaN: true }),
      bit: fc.nat(7),
    }),
    fc.record({ kind: fc.constant('append' as const), at: fc.constant(0), bit: fc.nat(7) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...places), spoiled, async ({ of, link, part }, { kind, at, bit }) => {
      const bytes = objectOf(of, part);
      const place = Math.floor(at * bytes.length);
      const other = kind === 'append' ? Buffer.concat([bytes, Buffer.alloc(bit + 1)]) : Buffer.from(bytes);
      if (kind === 'flip') other[place] = (other[place] ?? 0) ^ (1 << bit);
      await expectDamaged(
        withObject([full, increment, grown], [link, part], kind === 'cut' ? other.subarray(0, place) : other),
      );
    }),
    { numRuns: 60 },
  );
});

/** What an index may say that is not so: of the last object of the full, whose frame of group 2 has the pages 256 to 299. */
const lies: [lie: string, tell: (object: RawObject) => void, said?: string][] = [
  ['another page size', ({ index }) => (index['page_size'] = 4096)],
  ['a page size that is none', ({ index }) => (index['page_size'] = 8191)],
  ['more pages', ({ index }) => (index['page_count'] = pageCount + 1)],
  ['fewer pages', ({ index }) => (index['page_count'] = pageCount - 1)],
  ['more pages than any database has', ({ index }) => (index['page_count'] = 2 ** 40)],
  ['other groups', ({ index }) => (index['group_pages'] = 256)],
  ['groups of many megabytes', ({ index }) => (index['group_pages'] = 2 ** 30)],
  ['groups of no pages', ({ index }) => (index['group_pages'] = 0)],
  ['that it needs a full', ({ index }) => (index['dictionary'] = true)],
  ['that it is another part', ({ index }) => (index['part'] = 1)],
  ['that there are more parts', ({ index }) => (index['parts'] = 4)],
  ['not how many parts there are', ({ index }) => delete index['parts']],
  ['nothing of frames', (object) => Reflect.deleteProperty(object.index, 'frames')],
  ['no frame, though there are bytes', ({ index }) => (index.frames = [])],
  ['frames that are none', ({ index }) => (index.frames = [['x'], {} as RawFrame])],
  ['a negative group', ({ index }) => set(index.frames[0], 0, -1)],
  ['a group that an object before had', ({ index }) => set(index.frames[0], 0, 1), 'not behind those'],
  ['a group beyond the database', ({ index }) => set(index.frames[0], 0, 3)],
  ['a group beyond all numbers', ({ index }) => set(index.frames[0], 0, 2 ** 53)],
  ['a shorter frame', ({ index }) => set(index.frames[0], 1, 10)],
  ['a longer frame', ({ index }) => set(index.frames[0], 1, 1e6)],
  ['a frame of no bytes', ({ index }) => set(index.frames[0], 1, 0)],
  ['a frame of all memory', ({ index }) => set(index.frames[0], 1, 2 ** 40)],
  ['another digest', ({ index }) => set(index.frames[0], 2, 'ab'.repeat(16))],
  ['no digest', ({ index }) => set(index.frames[0], 2, 'x')],
  ['fewer pages of a group', ({ index }) => set(index.frames[0], 4, 43)],
  ['other pages of a group', ({ index }) => set(index.frames[0], 3, 1)],
  ['a run of no pages', ({ index }) => set(index.frames[0], 4, 0)],
  ['half a run', ({ index }) => index.frames[0]?.pop()],
  ['pages twice', ({ index }) => index.frames[0]?.splice(3, 2, 0, 40, 39, 5)],
  ['a page that is no number', ({ index }) => set(index.frames[0], 3, 0.5)],
  ['pages beyond the database', ({ index }) => set(index.frames[0], 4, 45)],
  [
    'the same frame twice',
    ({ index, frames }) => (index.frames.push(index.frames[0] ?? []), frames.push(...frames)),
  ],
];

function set(frame: RawFrame | undefined, at: number, value: number | string): void {
  if (frame !== undefined) frame[at] = value;
}

test.for(lies)('an index that says %s is damage', async ([, tell, said]) => {
  const object = takeApart(objectOf(full, 2));
  tell(object);
  await expectDamaged(withObject([full, increment], [0, 2], putTogether(object)), said);
});

test('an index that is not the one of which the end has the hash is damage', async () => {
  const object = putTogether(takeApart(objectOf(full, 2)));
  object[object.length - 30] = (object[object.length - 30] ?? 0) ^ 1;
  await expectDamaged(withObject([full], [0, 2], object), 'its index was altered');
});

test('put together as it was, it is what it was', async () => {
  const same = putTogether(takeApart(objectOf(full, 2)));
  const target = join(scratch(), 'rebuilt.db');
  await rebuildPages({ target, chain: withObject([full, increment], [0, 2], same) });
  expect(bytesOf(target).equals(bytesOf(increment.database))).toBe(true);
});

describe('a bomb', () => {
  test.for<[what: string, frame: () => Buffer, said?: string]>([
    ['a frame of 64 MiB of zeros', () => zstdCompressSync(Buffer.alloc(2 ** 26)), 'holds more than it may'],
    [
      'a thousand frames in one',
      () => Buffer.concat(Array<Buffer>(1000).fill(zstdCompressSync(Buffer.alloc(2 ** 20)))),
    ],
    ['a frame that wants a window of 128 MiB', () => largeWindow()],
    ['a frame of nothing', () => zstdCompressSync(Buffer.alloc(0))],
    ['no frame at all', () => Buffer.from('not zstd')],
  ])('of %s is damage', async ([, frame, said = 'its frame of group 2']) => {
    const object = exchangeFrame(takeApart(objectOf(full, 2)), 0, frame());
    await expectDamaged(withObject([full], [0, 2], putTogether(object)), said);
  });

  test.for<[what: string, text: () => Buffer, said?: string]>([
    ['of 64 MiB', () => Buffer.alloc(2 ** 26, ' '), 'its index cannot be decompressed'],
    ['of brackets', () => Buffer.alloc(2 ** 20, '[')],
    ['that is no JSON', () => Buffer.from('{"page_size":8192,')],
    ['that is a list', () => Buffer.from('[]')],
  ])('as an index %s is damage', async ([, text, said = 'index']) => {
    await expectDamaged(withObject([full], [0, 0], withIndex([], text())), said);
  });
});

/** The 44 pages as zeros, in a frame that says of its window that it has 128 MiB: 2^(10 + 17). */
function largeWindow(): Buffer {
  const blocks = [131_072, 131_072, 44 * pageSize - 262_144].map((length, index) => {
    const block = Buffer.alloc(4); // a byte that is repeated
    block.writeUIntLE((index === 2 ? 1 : 0) | (1 << 1) | (length << 3), 0, 3);
    return block;
  });
  return Buffer.concat([Buffer.from('28b52ffd0088', 'hex'), ...blocks]);
}

describe('what does not belong together', () => {
  test('is damage: objects exchanged, of another backup, of another database', async () => {
    await expectDamaged(withObject([full], [0, 0], objectOf(full, 1)), 'not object 1 of 3');
    await expectDamaged(withObject([full], [0, 1], objectOf(full, 0)), 'not object 2 of 3');
    await expectDamaged(withObject([full, increment], [1, 0], objectOf(full, 0)), 'not object 1 of 1');
    await expectDamaged(withObject([full, grown], [0, 0], objectOf(grown, 0)));
    await expectDamaged([increment.link], 'no full');
    await expectDamaged([]);
  });

  test('is damage: an increment on a full with other pages, or on a smaller one', async () => {
    const other = await encodeState(directory, somePages(pageSize, pageCount), { pageSize });
    await expectDamaged([other.link, increment.link], 'its full is another one|cannot be decompressed');
    const small = await encodeState(directory, bytesOf(full.database).subarray(0, 128 * pageSize), {
      pageSize,
    });
    await expectDamaged([small.link, increment.link], 'it does not hold page 129, and neither does its base');
    const sameSize = await encodeState(directory, somePages(4096, pageCount * 2), { pageSize: 4096 });
    await expectDamaged([sameSize.link, increment.link], 'another size, or other groups');
  });

  test('is damage: a link that is left out where the database has grown, a manifest of another size', async () => {
    const first = bytesOf(full.database);
    const long = await encodeState(directory, altered(first, pageSize, [3], pageCount + 40), {
      pageSize,
      base: full,
      full: keptFull(full),
    });
    const longer = await encodeState(directory, altered(bytesOf(long.database), pageSize, [4]), {
      pageSize,
      base: long,
      full: keptFull(full),
    });
    await expectDamaged([full.link, longer.link], `it does not hold page ${pageCount + 1}`);
    const { manifest } = full.link;
    await expectDamaged(
      [{ ...full.link, manifest: { ...manifest, sizeBytes: manifest.sizeBytes + pageSize } }],
      'by the manifest',
    );
  });

  test('is damage: a full in which a page is missing', async () => {
    const object = takeApart(objectOf(full, 1));
    object.index.frames = [];
    object.frames = [];
    await expectDamaged(withObject([full, increment], [0, 1], putTogether(object)), 'does not hold page 129');
  });
});

test('what is no regular file is refused at once: a pipe, a link, a directory', async () => {
  const odd = scratch();
  execFileSync('mkfifo', [join(odd, 'pipe')]);
  symlinkSync(full.objects[0]?.path ?? '', join(odd, 'link'));
  mkdirSync(join(odd, 'folder'));
  for (const name of ['pipe', 'link', 'folder']) {
    const target = join(scratch(), 'rebuilt.db');
    const chain = withPath([full], [0, 0], join(odd, name));
    await expect(rebuildPages({ target, chain })).rejects.toMatchObject({ name: 'OpsError' });
    expect(existsSync(target)).toBe(false);
  }
});

test('every object that was opened is released, however it ends', async () => {
  const held = new Set<string>();
  const watched = (links: readonly ChainLink[]): ChainLink[] =>
    links.map((link) => ({
      ...link,
      open: (object) => (held.add(object.name), link.open(object)),
      release: ({ name }) => void held.delete(name),
    }));
  const chains = [
    [full.link, increment.link, grown.link],
    withObject([full, increment], [0, 1], Buffer.from('no object')),
    withObject([full, increment], [1, 0], Buffer.from('no object')),
    [full.link, grown.link],
  ];
  for (const chain of chains) {
    const target = join(scratch(), 'rebuilt.db');
    await rebuildPages({ target, chain: watched(chain) }).catch(() => undefined);
    expect([...held]).toEqual([]);
  }
});
