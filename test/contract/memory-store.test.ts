import { describe, expect, it } from 'vitest';
import { silentLog } from '../../lib/base/log.ts';
import { type MemoryObject, type MemoryStoreOptions, memoryStore } from '../../lib/store/memory.ts';
import { fixedClock } from '../support/fixed-clock.ts';
import { storeSuite } from './store-suite.ts';
import { contentsOf, makeFile, sha256 } from './store-world.ts';

const options = (): MemoryStoreOptions => ({
  clock: fixedClock(),
  log: silentLog,
  objects: new Map<string, MemoryObject>(),
});

const variants = { 'memory store': {}, 'memory store that tells content hashes': { tellsContentHash: true } };
for (const [name, variant] of Object.entries(variants)) {
  storeSuite(name, async () => {
    const same = { ...options(), ...variant };
    return { store: memoryStore(same), reopen: async () => memoryStore(same), cleanUp: () => undefined };
  });
}

describe('a memory store', () => {
  it('dates its objects by the clock it is given', async () => {
    const clock = fixedClock('2026-11-20T02:05:13Z');
    const store = memoryStore({ ...options(), clock });
    await store.put('one', await makeFile('bytes'));
    clock.advance(60_000);
    await store.copy('one', 'two');
    expect((await store.list('')).map(({ modifiedAt }) => modifiedAt.toISOString())).toEqual([
      '2026-11-20T02:05:13.000Z',
      '2026-11-20T02:06:13.000Z',
    ]);
  });

  it('tells the content hash only where it is to', async () => {
    const file = await makeFile('bytes');
    const told = await memoryStore({ ...options(), tellsContentHash: true }).put('one', file);
    expect(told.contentHash).toBe(file.contentHash);
    expect((await memoryStore(options()).put('one', file)).contentHash).toBeUndefined();
  });

  it('shows what was changed behind its back', async () => {
    const same = options();
    const store = memoryStore(same);
    const file = await makeFile('bytes');
    await store.put('one', file);
    same.objects?.set('one', { bytes: Buffer.from('BYTES'), modifiedAt: new Date(0) });
    expect(await contentsOf(store)).toEqual({ one: sha256('BYTES') });
    await expect(store.copy('one', 'two', { expected: file })).rejects.toMatchObject({ kind: 'damaged' });
  });
});
