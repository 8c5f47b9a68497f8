import { chownSync, existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { digestFile } from '../../../../lib/files/hash-file.ts';
import { encodePages } from '../../../../lib/repository/pages/encode.ts';
import { digestPages, writeDigests } from '../../../../lib/repository/pages/page-digests.ts';
import { rebuildPages } from '../../../../lib/repository/pages/rebuild.ts';
import {
  altered,
  bytesOf,
  type Encoded,
  encodeState,
  keptFull,
  somePages,
} from '../../../support/page-files.ts';
import { scratch } from '../../../support/scratch.ts';

/** The chain gives that state, and `rebuildPages` says of it what reading it says. */
async function expectRebuilt(directory: string, chain: readonly Encoded[], state: Buffer): Promise<void> {
  const target = join(directory, `rebuilt-${readdirSync(directory).length}.db`);
  const digest = await rebuildPages({ target, chain: chain.map(({ link }) => link) });
  expect(bytesOf(target).equals(state)).toBe(true);
  const { path, sizeBytes, sha256, identity } = await digestFile(target);
  expect(digest).toEqual({ path, sizeBytes, sha256, identity });
}

describe('what was encoded is rebuilt byte for byte', () => {
  test.for([512, 1024, 4096, 65_536])(
    'with pages of %i bytes: a full and increments on increments',
    async (pageSize) => {
      const directory = scratch();
      const groups = 2.5 * Math.max(16, 2 ** 20 / pageSize);
      const first = somePages(pageSize, groups);
      const full = await encodeState(directory, first, { pageSize });
      const states = [first];
      const chain = [full];
      const steps: [pages: number[], pageCount: number][] = [
        [[0, 3, 4, groups - 1], groups],
        [[], groups - 20], // shrinks by whole pages
        [[1, groups - 21], groups + 40], // and grows again over what it had
      ];
      for (const [pages, pageCount] of steps) {
        const before = states.at(-1) ?? first;
        const now = altered(before, pageSize, pages, pageCount);
        states.push(now);
        chain.push(await encodeState(directory, now, { pageSize, base: chain.at(-1), full: keptFull(full) }));
      }
      for (const [index, state] of states.entries())
        await expectRebuilt(directory, chain.slice(0, index + 1), state);
    },
  );

  test('without the full as dictionary, and with increments on the full itself', async () => {
    const directory = scratch();
    const first = somePages(4096, 600);
    const full = await encodeState(directory, first, { pageSize: 4096 });
    for (const dictionary of [undefined, keptFull(full)]) {
      const now = altered(first, 4096, [0, 255, 256, 599], 700);
      const increment = await encodeState(directory, now, { pageSize: 4096, base: full, full: dictionary });
      await expectRebuilt(directory, [full, increment], now);
    }
  });

  test('in several objects, each opened one ahead and released when it is done with', async () => {
    const directory = scratch();
    const first = somePages(4096, 256 * 19 + 3);
    const full = await encodeState(directory, first, { pageSize: 4096, partBytesMax: 330_000 });
    expect(full.objects.length).toBeGreaterThan(3);
    const order: string[] = [];
    const { link } = full;
    const chain = [
      {
        ...link,
        open: (object: Parameters<typeof link.open>[0]) => (
          order.push(`open ${object.name}`),
          link.open(object)
        ),
        release: ({ name }: { name: string }) => void order.push(`release ${name}`),
      },
    ];
    const target = join(directory, 'rebuilt.db');
    await rebuildPages({ target, chain });
    expect(bytesOf(target).equals(first)).toBe(true);
    const names = link.manifest.stored.objects.map(({ name }) => name);
    const [opened, released] = ['open', 'release'].map((act) => order.filter((line) => line.startsWith(act)));
    expect(opened).toEqual(names.map((name) => `open ${name}`));
    expect(released).toEqual(names.map((name) => `release ${name}`));
    expect(order.indexOf(`release ${names[0]}`)).toBeLessThan(order.indexOf(`open ${names[3]}`));
  });

  test('also where nothing has changed, where nothing is left, and where pages begin as a trained dictionary does', async () => {
    const directory = scratch();
    const first = somePages(512, 3000);
    first.writeUInt32LE(0xec30a437, 512 * 2048); // the first page of the second group
    const full = await encodeState(directory, first, { pageSize: 512 });
    for (const now of [first, altered(first, 512, [2048, 2050]), first.subarray(0, 512), Buffer.alloc(0)]) {
      const increment = await encodeState(directory, now, {
        pageSize: 512,
        base: full,
        full: keptFull(full),
      });
      await expectRebuilt(directory, [full, increment], now);
    }
  });
});

test.skipIf(process.geteuid?.() !== 0)('what root makes in a directory of the jobs is theirs', async () => {
  const directory = scratch();
  chownSync(directory, 4321, 4322);
  const path = join(directory, 'database.db');
  writeFileSync(path, somePages(4096, 10));
  const shape = { database: path, pageSize: 4096, pageCount: 10, pages: 'all' as const, full: undefined };
  for await (const object of encodePages({ ...shape, directory }))
    expect(statSync(object.path)).toMatchObject({ uid: 4321, gid: 4322, mode: 0o100600 });
  const kept = join(directory, 'digests');
  const digests = await digestPages(path, { pageSize: 4096 });
  await writeDigests(kept, { backup: { name: 'x', id: 'ab'.repeat(32) }, digests });
  expect(statSync(kept)).toMatchObject({ uid: 4321, gid: 4322 });
});

describe('what is interrupted', () => {
  test('by a signal leaves no unfinished object and no database, and what was yielded stays', async () => {
    const directory = scratch();
    const first = somePages(4096, 256 * 12);
    const path = join(directory, 'database.db');
    writeFileSync(path, first);
    const stop = new AbortController();
    const objects: string[] = [];
    const encode = async () => {
      const shape = {
        database: path,
        pageSize: 4096,
        pageCount: 256 * 12,
        pages: 'all' as const,
        full: undefined,
      };
      for await (const object of encodePages({
        ...shape,
        directory,
        partBytesMax: 120_000,
        signal: stop.signal,
      })) {
        objects.push(basename(object.path));
        stop.abort(new Error('stopped'));
      }
    };
    await expect(encode()).rejects.toThrow('stopped');
    expect(readdirSync(directory).sort()).toEqual(['database.db', ...objects]);

    const full = await encodeState(directory, first, { pageSize: 4096 });
    const target = join(directory, 'rebuilt.db');
    const again = new AbortController();
    const onProgress = () => again.abort(new Error('stopped'));
    await expect(
      rebuildPages({ target, chain: [full.link], signal: again.signal, onProgress }),
    ).rejects.toThrow('stopped');
    expect(existsSync(target)).toBe(false);
  });

  test('by whoever takes no more of the objects is no error', async () => {
    const directory = scratch();
    const path = join(directory, 'database.db');
    writeFileSync(path, somePages(4096, 256 * 6));
    const shape = {
      database: path,
      pageSize: 4096,
      pageCount: 256 * 6,
      pages: 'all' as const,
      full: undefined,
    };
    for await (const object of encodePages({ ...shape, directory, partBytesMax: 60_000 })) {
      expect(basename(object.path)).toBe('part-1.pages');
      break;
    }
    expect(readdirSync(directory).sort()).toEqual(['database.db', 'part-1.pages']);
  });

  test('by a database that is written meanwhile is damage, and so is one of another size', async () => {
    const directory = scratch();
    const path = join(directory, 'database.db');
    writeFileSync(path, somePages(4096, 256 * 6));
    const shape = { database: path, pageSize: 4096, pages: 'all' as const, full: undefined, directory };
    const encode = async () => {
      for await (const { sizeBytes } of encodePages({ ...shape, pageCount: 256 * 6, partBytesMax: 60_000 })) {
        expect(sizeBytes).toBeGreaterThan(0);
        writeFileSync(path, 'x', { flag: 'r+' });
      }
    };
    await expect(encode()).rejects.toMatchObject({
      kind: 'damaged',
      message: expect.stringContaining('it changed while it was read') as string,
    });
    await expect(encodePages({ ...shape, pageCount: 7 }).next()).rejects.toMatchObject({ kind: 'damaged' });
  });
});

describe('what cannot be done', () => {
  test('leaves nothing of the object that was being written, and nothing at the target', async () => {
    const directory = scratch();
    const first = somePages(4096, 300);
    const full = await encodeState(directory, first, { pageSize: 4096 });
    const kept = keptFull(full);
    const wrong = { ...kept, digests: { ...kept.digests, bytes: Buffer.alloc(kept.digests.bytes.length) } };
    const now = altered(first, 4096, [5]);
    await expect(
      encodeState(directory, now, { pageSize: 4096, base: full, full: wrong }),
    ).rejects.toMatchObject({
      kind: 'damaged',
      message: expect.stringContaining('page 6 is not what it was') as string,
    });
    const [left = ''] = readdirSync(directory).sort().slice(-1);
    expect(readdirSync(join(directory, left))).toEqual(['database.db']);
    const target = join(directory, 'rebuilt.db');
    const gone = { ...full.link, open: async () => join(directory, 'nothing') };
    await expect(rebuildPages({ target, chain: [gone] })).rejects.toMatchObject({ kind: 'missing' });
    expect(existsSync(target)).toBe(false);
  });
});
