// The format of pages on a directory and in memory, in fulls and in increments. In Dropbox: dropbox-pages.test.ts.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { silentLog } from '../../lib/base/log.ts';
import { type MemoryObject, memoryStore } from '../../lib/store/memory.ts';
import { fixedClock } from '../support/fixed-clock.ts';
import { openNew } from './directory-world.ts';
import { pages } from './pages-format.ts';
import { opened } from './plain-format.ts';
import { repositorySuite } from './repository-suite.ts';
import { faultyStore, largerKind, namesOf, newBackup, openWorld, useKind } from './repository-world.ts';

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
