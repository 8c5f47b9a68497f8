// A dry run keeps the contract of a store over a directory and memory (over Dropbox: dropbox-dry-run.test.ts), sees what a real run would see, and changes nothing.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OpsError } from '../../lib/base/errors.ts';
import { silentLog } from '../../lib/base/log.ts';
import { makeScratch } from '../../lib/files/scratch.ts';
import { dryRunStore } from '../../lib/store/dry-run.ts';
import { type MemoryObject, memoryStore } from '../../lib/store/memory.ts';
import type { Store } from '../../lib/store/store.ts';
import { fixedClock } from '../support/fixed-clock.ts';
import { scratch } from '../support/scratch.ts';
import { openNew } from './directory-world.ts';
import { openOn, startStandIn } from './dropbox-world.ts';
import { manyOperations, outcomeOf } from './store-operations.ts';
import { type Below, dryRunOn, dryRunSuite } from './dry-run-suite.ts';
import { contentsOf, makeFile, namesOf, putAll, sha256 } from './store-world.ts';

const clock = fixedClock();

const belows: Record<string, () => Promise<Below>> = {
  'a memory store': async () => {
    const { store, objects } = openMemory();
    const look = () => [...objects].map(([name, { bytes, modifiedAt }]) => [name, sha256(bytes), modifiedAt]);
    return { store, look };
  },
  'a directory store': async () => {
    const { root, store } = await openNew();
    return { store, look: () => filesOf(root) };
  },
};

for (const [name, openBelow] of Object.entries(belows)) dryRunSuite(name, openBelow);

describe('a dry run', () => {
  it('ends as the same operations on the store itself would', async () => {
    const start = ['a', 'b/c', 'b/d/e', 'f'];
    const [real, { store: below }] = [openMemory().store, openMemory()];
    for (const each of [real, below]) await putAll(each, start);
    const before = await contentsOf(below);
    const dry = dryRunOn(below);
    for (const operation of await manyOperations(400)) {
      expect(await outcomeOf(dry, operation)).toBe(await outcomeOf(real, operation));
      expect(await namesOf(dry)).toEqual(await namesOf(real));
    }
    expect(await contentsOf(dry)).toEqual(await contentsOf(real));
    expect(await contentsOf(below)).toEqual(before);
  });

  it('asks for scratch with the first bytes, and for one only', async () => {
    const { store: below } = openMemory();
    await putAll(below, ['one', 'two']);
    let asked = 0;
    const store = dryRunStore(below, {
      scratch: () => {
        asked += 1;
        return makeScratch(scratch(), { clock });
      },
      clock,
      log: silentLog,
    });
    await store.remove('one');
    await expect(store.put('two', await makeFile('new'))).rejects.toMatchObject({ kind: 'refused' });
    expect(asked).toBe(0);
    await Promise.all([store.put('three', await makeFile('bytes')), store.copy('two', 'four')]);
    expect(asked).toBe(1);
  });

  it('reads on when there is no scratch to be had', async () => {
    const { store: below } = openMemory();
    await putAll(below, ['one']);
    const full = new OpsError('io', 'cannot make scratch: no space left on the device');
    const store = dryRunStore(below, { scratch: () => Promise.reject(full), clock, log: silentLog });
    await expect(store.put('two', await makeFile('bytes'))).rejects.toBe(full);
    expect(await contentsOf(store)).toEqual({ one: sha256('bytes') });
  });

  it('copies what the store holds only when it is what is expected, and leaves nothing of it else', async () => {
    const { store: below } = openMemory();
    await putAll(below, ['one']);
    const own = await makeScratch(scratch(), { clock });
    const store = dryRunStore(below, { scratch: async () => own, clock, log: silentLog });
    const [right, wrong] = [await makeFile('bytes'), await makeFile('BYTES')];
    await store.copy('one', 'two', { expected: right });
    await expect(store.copy('one', 'three', { expected: wrong })).rejects.toMatchObject({ kind: 'damaged' });
    expect(await contentsOf(store)).toEqual({ one: sha256('bytes'), two: sha256('bytes') });
    expect(readdirSync(own.path).filter((name) => name.startsWith('fetched'))).toEqual([]);
  });

  it('refuses the names that the store below refuses', async () => {
    const [standIn, { store: directory }] = [await startStandIn(), await openNew()];
    const refused: [Store, string][] = [
      [openOn(standIn), 'backups/desktop.ini'],
      [directory, '.holdfast-store'],
    ];
    for (const [below, name] of refused) {
      const store = dryRunOn(below);
      await store.put('one', await makeFile('bytes'));
      const usage = { kind: 'usage' };
      await expect(store.put(name, await makeFile('bytes'), { replace: true })).rejects.toMatchObject(usage);
      await expect(store.copy('one', name)).rejects.toMatchObject(usage);
      await expect(store.remove(name)).rejects.toMatchObject(usage);
    }
  });
});

function openMemory() {
  const objects = new Map<string, MemoryObject>();
  return { objects, store: memoryStore({ clock, log: silentLog, objects, tellsContentHash: true }) };
}

/** Every file and directory below `root`: whose bytes, when changed, and which one it is. */
function filesOf(root: string): unknown[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => {
      const { ino, mtimeMs, ctimeMs, mode } = statSync(path);
      return {
        path,
        ino,
        mtimeMs,
        ctimeMs,
        mode,
        bytes: statSync(path).isFile() && sha256(readFileSync(path)),
      };
    });
}
