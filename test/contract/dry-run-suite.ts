// What a dry run has to keep on whatever store it is made.
import { describe, expect, it } from 'vitest';
import { silentLog } from '../../lib/base/log.ts';
import { makeScratch } from '../../lib/files/scratch.ts';
import { dryRunStore } from '../../lib/store/dry-run.ts';
import type { Store, StoreTrial } from '../../lib/store/store.ts';
import { join } from 'node:path';
import { fixedClock } from '../support/fixed-clock.ts';
import { scratch } from '../support/scratch.ts';
import { storeSuite } from './store-suite.ts';
import { contentsOf, large, makeFile, putAll, sha256 } from './store-world.ts';

const clock = fixedClock();

/** A store to run dry on, and all that can be told of it from outside. */
export interface Below {
  store: Store;
  look(): unknown;
}

/** Holds a dry run on that store to the contract of a store, and to changing nothing. */
export function dryRunSuite(name: string, openBelow: () => Promise<Below>): void {
  storeSuite(`dry run on ${name}`, async () => {
    const below = await openBelow();
    const before = below.look();
    const store = dryRunOn(below.store);
    // The next run would find nothing of it: what there is to see, this one sees.
    return { store, reopen: async () => store, cleanUp: () => expect(below.look()).toEqual(before) };
  });

  describe(`a dry run on ${name} that has objects`, () => {
    it('changes nothing, whatever it is asked to do', async () => {
      const below = await openBelow();
      await putAll(below.store, ['database.db', 'backups/ctv/1.db', 'backups/ctv/1.json']);
      const before = below.look();
      const store = dryRunOn(below.store);
      await everyOperation(store);
      expect(await contentsOf(store)).toEqual({
        'backups/ctv/1.json': sha256('new'),
        'backups/ctv/2.db': sha256('bytes'),
        'backups/ctv/3.db': sha256(large),
        'database.db': sha256(large),
      });
      expect(below.look()).toEqual(before);
    });

    it('passes on what it has not written', async () => {
      const below = await openBelow();
      await putAll(below.store, ['backups/ctv/1.db']);
      const store = dryRunOn(below.store);
      expect(await store.list('backups/')).toEqual(await below.store.list('backups/'));
      expect(await store.stat('backups/ctv/1.db')).toEqual(await below.store.stat('backups/ctv/1.db'));
      expect(Buffer.from(await store.read('backups/ctv/1.db')).toString()).toBe('bytes');
      const names = (checks: StoreTrial[]) => checks.map((check) => check.name);
      expect(names(await store.examine())).toEqual(names(await below.store.examine()));
      expect((await store.space()).totalBytes).toBe((await below.store.space()).totalBytes);
      expect(store.traffic()).toEqual(below.store.traffic());
      expect(store).toMatchObject({
        description: below.store.description,
        isRemote: below.store.isRemote,
        stagingDirectory: below.store.stagingDirectory,
      });
    });
  });
}

/** A dry run on a store. */
export function dryRunOn(below: Store): Store {
  return dryRunStore(below, { scratch: () => makeScratch(scratch(), { clock }), clock, log: silentLog });
}

async function everyOperation(store: Store): Promise<void> {
  const refused = { kind: 'refused' };
  await store.put('database.db', await makeFile(large), { replace: true, consume: true });
  await expect(store.put('backups/ctv/1.db', await makeFile('new'))).rejects.toMatchObject(refused);
  await expect(store.put('backups/ctv', await makeFile('new'))).rejects.toMatchObject(refused);
  await expect(store.copy('database.db', 'backups/ctv/1.json')).rejects.toMatchObject(refused);
  await store.copy('backups/ctv/1.db', 'backups/ctv/2.db');
  await store.copy('database.db', 'backups/ctv/3.db');
  await store.remove('backups/ctv/1.db');
  await store.remove('backups/ctv/1.json');
  for (const name of ['backups/ctv/1.db', '/backups/ctv/1.db']) {
    await expect(store.read(name)).rejects.toMatchObject({ kind: 'missing' });
    await expect(store.get(name, join(scratch(), 'got'))).rejects.toMatchObject({ kind: 'missing' });
    expect(await store.stat(name)).toBeUndefined();
  }
  await expect(store.copy('backups/ctv/1.db', 'backups/ctv/4.db')).rejects.toMatchObject({ kind: 'missing' });
  await store.put('backups/ctv/1.json', await makeFile('new'));
  await store.put('unwanted', await makeFile('new'));
  await store.remove('unwanted');
  await store.remove('none');
  await store.space();
}
