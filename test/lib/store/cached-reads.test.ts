// Reads that need not travel: only what a listing has just vouched for, and never what has changed since.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { digestFile } from '../../../lib/files/hash-file.ts';
import { cachedReads } from '../../../lib/store/cached-reads.ts';
import { openOn, startStandIn } from '../../contract/dropbox-world.ts';
import { scratch } from '../../support/scratch.ts';

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();

async function cachedWorld() {
  const standIn = await startStandIn();
  const directory = join(scratch(), 'cache');
  const store = cachedReads(openOn(standIn), directory, { mayKeep: true });
  const downloads = () => standIn.requests.filter(({ route }) => route === 'files/download').length;
  return { standIn, directory, store, downloads };
}

test('what was read and is listed with the same hash is not fetched again, by the next process neither', async () => {
  const { standIn, directory, store, downloads } = await cachedWorld();
  standIn.files.write('/a.json', 'one');
  await store.list('');
  expect(text(await store.read('a.json'))).toBe('one');
  expect(text(await store.read('a.json'))).toBe('one');
  const next = cachedReads(openOn(standIn), directory, { mayKeep: true });
  await next.list('');
  expect(text(await next.read('a.json'))).toBe('one');
  expect(downloads()).toBe(1);
});

test('what was not listed is fetched', async () => {
  const { standIn, store, downloads } = await cachedWorld();
  standIn.files.write('/a.json', 'one');
  await store.read('a.json');
  await store.read('a.json');
  expect(downloads()).toBe(2);
});

test('what was replaced is fetched after the next listing', async () => {
  const { standIn, store } = await cachedWorld();
  standIn.files.write('/a.json', 'one');
  await store.list('');
  await store.read('a.json');
  standIn.files.write('/a.json', 'two');
  await store.list('');
  expect(text(await store.read('a.json'))).toBe('two');
});

test('what the next listing no longer has is missing', async () => {
  const { standIn, store } = await cachedWorld();
  standIn.files.write('/backups/a.json', 'one');
  await store.list('backups/');
  await store.read('backups/a.json');
  standIn.files.remove('/backups/a.json');
  await store.list('backups/');
  await expect(store.read('backups/a.json')).rejects.toMatchObject({ kind: 'missing' });
});

test('what was put, copied or removed through it is not answered from before', async () => {
  const { standIn, store } = await cachedWorld();
  for (const name of ['a', 'b', 'c']) standIn.files.write(`/${name}.json`, 'old');
  await store.list('');
  for (const name of ['a', 'b', 'c']) await store.read(`${name}.json`);
  const path = join(scratch(), 'new');
  writeFileSync(path, 'new');
  await store.put('a.json', await digestFile(path), { replace: true });
  await store.remove('b.json');
  await store.remove('c.json');
  await store.copy('a.json', 'c.json');
  expect(text(await store.read('a.json'))).toBe('new');
  await expect(store.read('b.json')).rejects.toMatchObject({ kind: 'missing' });
  expect(text(await store.read('c.json'))).toBe('new');
});

test('a cached file that was altered on the disk is fetched again, and put right', async () => {
  const { standIn, directory, store, downloads } = await cachedWorld();
  standIn.files.write('/a.json', 'one');
  await store.list('');
  await store.read('a.json');
  const [name = ''] = readdirSync(directory);
  writeFileSync(join(directory, name), 'eno');
  expect(text(await store.read('a.json'))).toBe('one');
  expect(readFileSync(join(directory, name), 'utf8')).toBe('one');
  expect(downloads()).toBe(2);
});

test('a cache that cannot be written costs time and nothing else', async () => {
  const standIn = await startStandIn();
  const directory = join(scratch(), 'file');
  writeFileSync(directory, 'not a directory');
  const store = cachedReads(openOn(standIn), directory, { mayKeep: true });
  standIn.files.write('/a.json', 'one');
  await store.list('');
  expect(text(await store.read('a.json'))).toBe('one');
  expect(text(await store.read('a.json'))).toBe('one');
});

test('where nothing may be kept, a run reads once, and leaves nothing', async () => {
  const { standIn, downloads, directory } = await cachedWorld();
  const store = cachedReads(openOn(standIn), directory, { mayKeep: false });
  standIn.files.write('/a.json', 'one');
  await store.list('');
  expect(text(await store.read('a.json'))).toBe('one');
  expect(text(await store.read('a.json'))).toBe('one');
  expect(downloads()).toBe(1);
  expect(existsSync(directory)).toBe(false);
});
