// The format of pages on a directory and in memory, in fulls and in increments. In Dropbox: dropbox-pages.test.ts.
import { appendFileSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { silentLog } from '../../lib/base/log.ts';
import { digestPages } from '../../lib/repository/pages/page-digests.ts';
import { type MemoryObject, memoryStore } from '../../lib/store/memory.ts';
import type { Store } from '../../lib/store/store.ts';
import { fixedClock } from '../support/fixed-clock.ts';
import { scratch } from '../support/scratch.ts';
import { openNew } from './directory-world.ts';
import { pages } from './pages-format.ts';
import { opened } from './plain-format.ts';
import { repositorySuite } from './repository-suite.ts';
import {
  faultyStore,
  largerKind,
  namesOf,
  newBackup,
  openWorld,
  source,
  useKind,
} from './repository-world.ts';

const openMemory = async (tellsContentHash: boolean) =>
  opened(
    memoryStore({
      ...{ clock: fixedClock(), log: silentLog, isRemote: true, tellsContentHash },
      objects: new Map<string, MemoryObject>(),
    }),
  );

beforeAll(() => useKind(largerKind()));
afterAll(() => useKind());

repositorySuite('pages in a directory', pages, async () => opened((await openNew()).store));
repositorySuite('pages in a memory that tells content hashes', pages, () => openMemory(true));
repositorySuite('pages in memory', pages, () => openMemory(false));

it('is restored from where its objects lie, and copies them only to tell what is wrong with one', async () => {
  const world = await openWorld(pages, async () => opened((await openNew()).store));
  for (const day of [1, 2]) await world.repository.add(await newBackup(world, day));
  const { one, two } = namesOf(pages);
  const copied: string[] = [];
  const get: Store['get'] = (name, ...rest) => (copied.push(name), world.store.get(name, ...rest));
  const repository = world.reopen({ ...world.store, get });
  const entry = (await repository.list()).find(({ name }) => name === two);
  if (entry === undefined) throw new Error('it is not listed');
  const target = join(scratch(), 'copy.db');
  expect((await repository.fetch(entry, target)).sha256).toBe(entry.manifest?.sha256);
  expect(copied).toEqual([]);
  rmSync(target);
  expect(await repository.prove(entry, source, target)).toMatchObject({ proven: true });
  expect(copied.toSorted()).toEqual([one, two]);
  rmSync(target);
  await pages.alterBytes(world.store, one);
  await expect(repository.fetch(entry, target)).rejects.toMatchObject({ kind: 'damaged', backup: one });
  expect(existsSync(target)).toBe(false);
});

it('believes what its pages are said to be only of the file that was looked at', async () => {
  const world = await openWorld(pages, () => openMemory(false));
  const backup = await newBackup(world, 1);
  const digests = await digestPages(backup.file.path, { pageSize: 4096 });
  appendFileSync(backup.file.path, Buffer.alloc(4096));
  const added = world.repository.add({ ...backup, pages: digests });
  await expect(added).rejects.toMatchObject({ kind: 'damaged' });
  const whole = await newBackup(world, 1);
  await world.repository.add({ ...whole, pages: digests });
  const [entry] = await world.repository.list();
  if (entry === undefined) throw new Error('nothing is listed');
  expect(await world.repository.prove(entry, source, join(scratch(), 'copy.db'))).toMatchObject({
    proven: true,
  });
});

it('sends what has changed, whatever the day, and only then the manifest', async () => {
  const world = await openWorld(pages, () => openMemory(false));
  const view = faultyStore(world.store, -1, 'fails');
  const made = [];
  for (const day of [1, 2, 3]) {
    const { made: kind, storedBytes, why } = await world.reopen(view).add(await newBackup(world, day));
    made.push({ kind, isSmall: storedBytes < 20_000, why });
  }
  expect(made).toEqual([
    { kind: 'full', isSmall: false, why: 'it is the first one in pages' },
    { kind: 'increment', isSmall: true, why: undefined },
    { kind: 'increment', isSmall: true, why: undefined },
  ]);
  const { nameOf } = namesOf(pages);
  expect(view.changes).toEqual([1, 2, 3].flatMap((day) => [`put ${nameOf(day)}`, `put ${nameOf(day)}.json`]));
});
