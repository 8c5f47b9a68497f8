// Who reads many backups of a series one after another fetches each object once, as long as it says so and there is room.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLog } from '../../lib/base/log.ts';
import { makeScratch } from '../../lib/files/scratch.ts';
import { makeIdentity, openWith, sealTo } from '../../lib/seal/age.ts';
import { BadBackup } from '../../lib/repository/bad-backup.ts';
import { sharedObjects } from '../../lib/repository/shared-objects.ts';
import type { Repository } from '../../lib/repository/repository.ts';
import { type MemoryObject, memoryStore } from '../../lib/store/memory.ts';
import type { Store } from '../../lib/store/store.ts';
import { fixedClock } from '../support/fixed-clock.ts';
import { scratch } from '../support/scratch.ts';
import { pages } from './pages-format.ts';
import { opened } from './plain-format.ts';
import { largerKind, newBackup, openWorld, useKind } from './repository-world.ts';

beforeAll(() => useKind(largerKind()));
afterAll(() => useKind());

const { identity, recipient } = await makeIdentity();
const sealing = { seal: sealTo([recipient]), opening: await openWith([identity]) };

/** A full, the first increment of a day on it, and two more on that. */
async function openChain(isSealed: boolean) {
  const ending = isSealed ? '.pages.age' : '.pages';
  const store = memoryStore({
    ...{ clock: fixedClock(), log: silentLog, isRemote: true, tellsContentHash: true },
    objects: new Map<string, MemoryObject>(),
  });
  const world = await openWorld({ ...pages, ending }, async () => opened(store));
  const parent = scratch();
  const got: string[] = [];
  /** The next bytes that are fetched arrive altered. */
  const way = { isBad: false };
  const counting: Store = {
    ...store,
    async get(name, target, options) {
      got.push(name);
      const file = await store.get(name, target, options);
      return way.isBad ? { ...file, sha256: '0'.repeat(64) } : file;
    },
  };
  const repository = world.reopen(counting, {
    ...(isSealed ? sealing : {}),
    scratch: () => makeScratch(parent, { clock: fixedClock() }),
  });
  const names: string[] = [];
  for (const [day, hour] of [
    [1, 2],
    [2, 3],
    [2, 4],
    [2, 5],
  ] as const) {
    const at = new Date(Date.UTC(2026, 10, day, hour));
    const backup = `backups/ctv/ctv-2026110${day}T0${hour}0000Z${ending}`;
    names.push(backup);
    await repository.add(await newBackup(world, hour, { backup, takenAt: at }));
  }
  got.length = 0;
  return { repository, names, got, parent, way };
}

/** Of each, newest first, whether its database came out of it. */
async function fetchAll(repository: Repository): Promise<boolean[]> {
  const fetched: boolean[] = [];
  for (const entry of await repository.list()) {
    const file = repository.fetch(entry, join(scratch(), 'copy.db'));
    fetched.push(
      await file.then(
        ({ sha256 }) => sha256 === entry.manifest?.sha256,
        (error: unknown) => !(error instanceof BadBackup),
      ),
    );
  }
  return fetched;
}

describe.each([
  ['as they are', false],
  ['sealed', true],
])('backups in pages that lie %s', (_, isSealed) => {
  it('are fetched once each while what they share is kept, and nothing stays of that', async () => {
    const { repository, names, got, parent } = await openChain(isSealed);
    {
      await using shared = repository.keepShared();
      void shared;
      expect(await fetchAll(repository)).toEqual([true, true, true, true]);
      expect(got.toSorted()).toEqual(names);
    }
    expect(readdirSync(parent)).toEqual([]);
    expect(await fetchAll(repository)).toEqual([true, true, true, true]);
    expect(got).toHaveLength(4 + 3 + 3 + 2 + 1); // as much as each of them needs
  });

  it('keep nothing of what arrived altered', async () => {
    const { repository, way } = await openChain(isSealed);
    await using shared = repository.keepShared();
    void shared;
    way.isBad = true;
    expect(await fetchAll(repository)).toEqual([false, false, false, false]);
    way.isBad = false;
    expect(await fetchAll(repository)).toEqual([true, true, true, true]);
  });
});

describe('what is kept', () => {
  const object = { name: 'a.pages', sizeBytes: 1, sha256: 'a'.repeat(64), contentHash: 'a'.repeat(64) };
  const other = { ...object, name: 'b.pages' };

  it.each<[string, (kept: ReturnType<typeof sharedObjects>) => Promise<void>, boolean]>([
    ['goes where others need the room', (kept) => kept.leaveRoom(Number.MAX_SAFE_INTEGER), false],
    ['stays where there is enough', (kept) => kept.leaveRoom(0), true],
    ['goes with the chain that it is of', (kept) => kept.keepOnly([other]), false],
    ['stays with its chain', (kept) => kept.keepOnly([other, object]), true],
  ])('%s', async (_, change, stays) => {
    const kept = sharedObjects(() => makeScratch(scratch(), { clock: fixedClock() }));
    await using on = kept.keep();
    void on;
    await kept.pathOf(object, (path) => Promise.resolve(path));
    await change(kept);
    expect(kept.has(object)).toBe(stays);
  });
});
