import {
  appendFileSync,
  mkdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  changedPages,
  createPageDigester,
  digestPages,
  readDigests,
  writeDigests,
} from '../../../../lib/repository/pages/page-digests.ts';
import { readWhole } from '../../../../lib/files/hash-file.ts';
import { altered, bytesOf, somePages } from '../../../support/page-files.ts';
import { scratch } from '../../../support/scratch.ts';
import { makeLedger } from '../../sqlite/databases.ts';

const backup = { name: 'backups/ctv/ctv-20261128T020513Z.pages', id: 'ab'.repeat(32) };

async function digestsOf(directory: string, bytes: Buffer, pageSize: number) {
  const path = join(directory, 'state.db');
  writeFileSync(path, bytes);
  return digestPages(path, { pageSize });
}

test('the pages that differ are found, and those that the base has not', async () => {
  const directory = scratch();
  const first = somePages(1024, 3000);
  const base = await digestsOf(directory, first, 1024);
  const changed = async (bytes: Buffer) => changedPages(base, await digestsOf(directory, bytes, 1024));
  expect(await changed(first)).toEqual([]);
  expect(await changed(altered(first, 1024, [0, 1, 7, 2999]))).toEqual([
    [0, 2],
    [7, 1],
    [2999, 1],
  ]);
  expect(await changed(altered(first, 1024, [2999], 3010))).toEqual([[2999, 11]]);
  expect(await changed(first.subarray(0, 1024 * 10))).toEqual([]);
  expect(changedPages(base, await digestsOf(directory, first, 512))).toEqual([[0, 6000]]);
});

test('a database says of what size its pages are, whatever else is read of it meanwhile', async () => {
  const path = join(scratch(), 'ledger.db');
  for (const pageSize of [512, 4096, 65_536]) {
    makeLedger(path, { rows: 600, pageSize });
    const digester = createPageDigester();
    await readWhole(path, {}, async (block) => digester.update(block));
    expect(digester.finish()).toEqual(await digestPages(path, { pageSize }));
    rmSync(path);
  }
  for (const blocks of [[], [Buffer.alloc(4096)], [Buffer.from('SQLite format 3')]]) {
    const digester = createPageDigester();
    for (const block of blocks) digester.update(block);
    expect(digester.finish()).toBeUndefined();
  }
  const ofParts = createPageDigester(1024);
  for (const size of [1024, 1000, 24]) ofParts.update(Buffer.alloc(size));
  expect(ofParts.finish()).toBeUndefined();
});

test('a file that is no whole pages has no digests, nor has a link', async () => {
  const directory = scratch();
  await expect(digestsOf(directory, Buffer.alloc(1000), 512)).rejects.toMatchObject({ kind: 'damaged' });
  symlinkSync(join(directory, 'state.db'), join(directory, 'link.db'));
  await expect(digestPages(join(directory, 'link.db'), { pageSize: 512 })).rejects.toMatchObject({
    kind: 'missing',
  });
});

test('what was written is read again, and anything else is nothing', async () => {
  const directory = scratch();
  const digests = await digestsOf(directory, somePages(512, 100), 512);
  const path = join(directory, 'digests');
  expect(await readDigests(path)).toBeUndefined();
  await writeDigests(path, { backup, digests });
  expect(await readDigests(path)).toEqual({ backup, digests });
  const written = bytesOf(path);
  const oddities: Record<string, (at: string) => void> = {
    empty: (at) => writeFileSync(at, ''),
    cut: (at) => truncateSync(at, written.length - 1),
    longer: (at) => appendFileSync(at, 'x'),
    'one bit of a digest': (at) => writeFileSync(at, flipped(written, written.length - 40)),
    'one bit of the end': (at) => writeFileSync(at, flipped(written, written.length - 1)),
    'one bit of the name': (at) => writeFileSync(at, flipped(written, written.indexOf('ctv'))),
    'more pages than there are': (at) =>
      writeFileSync(at, replaced(written, '"page_count":100', '"page_count":99999')),
    'a newer version': (at) => writeFileSync(at, replaced(written, '"version":1', '"version":2')),
    'no line at all': (at) => writeFileSync(at, Buffer.alloc(100_000, 'x')),
    'a directory': (at) => mkdirSync(at),
    'a link': (at) => symlinkSync(path, at),
  };
  for (const [oddity, make] of Object.entries(oddities)) {
    const at = join(directory, `odd-${oddity.replaceAll(' ', '-')}`);
    if (!['a directory', 'a link'].includes(oddity)) writeFileSync(at, written);
    make(at);
    expect(await readDigests(at), oddity).toBeUndefined();
  }
  expect(statSync(path).mode & 0o777).toBe(0o640);
});

function flipped(bytes: Buffer, at: number): Buffer {
  const other = Buffer.from(bytes);
  other[at] = (other[at] ?? 0) ^ 1;
  return other;
}

function replaced(bytes: Buffer, from: string, to: string): Buffer {
  return Buffer.from(bytes.toString('latin1').replace(from, to), 'latin1');
}
