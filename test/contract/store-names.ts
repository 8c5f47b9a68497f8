// Part of the store conformance suite: which names there can be.
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { scratch } from '../support/scratch.ts';
import { type Open, contentsOf, makeFile, namesOf, putAll, sha256 } from './store-world.ts';

export function nameTests(open: Open): void {
  const legal = [
    'a file with  spaces.db',
    'Bücher/日本語/🗄️.db',
    `segments/${'n'.repeat(255)}`,
    'quotes\'"`$(echo)*?.db',
    '-rf',
    '~/.hidden',
    'percent%2fencoded',
  ];

  it.each(legal)('takes %j', async (name) => {
    const { store, reopen } = await open();
    await store.put(name, await makeFile('bytes'));
    await store.copy(name, `copied/${name}`);
    expect(await contentsOf(await reopen())).toEqual({
      [name]: sha256('bytes'),
      [`copied/${name}`]: sha256('bytes'),
    });
    await store.remove(name);
    expect(await store.stat(name)).toBeUndefined();
  });

  it('ignores slashes at the start', async () => {
    const { store } = await open();
    expect((await store.put('/database.db', await makeFile('bytes'))).name).toBe('database.db');
    expect(await store.stat('//database.db')).toMatchObject({ name: 'database.db' });
    expect(await namesOf(store, '/data')).toEqual(['database.db']);
    expect((await store.copy('/database.db', '//copied')).name).toBe('copied');
    await store.remove('/database.db');
    expect(await namesOf(store)).toEqual(['copied']);
    await expect(store.read('/database.db')).rejects.toMatchObject({ kind: 'missing' });
    await expect(store.get('/database.db', join(scratch(), 'target'))).rejects.toMatchObject({
      kind: 'missing',
    });
    expect(Buffer.from(await store.read('/copied')).toString()).toBe('bytes');
    expect(await store.get('/copied', join(scratch(), 'target'))).toMatchObject({ sha256: sha256('bytes') });
  });

  const illegal = [
    '',
    '/',
    '..',
    '../x',
    'a/../../x',
    'a/..',
    '.',
    './a',
    'a//b',
    'a/',
    'a\0b',
    'a\nb',
    'a\\b',
    '.holdfast-store',
    'a/.Holdfast-x',
  ];
  const tooLong = ['n'.repeat(256), `${'n/'.repeat(500)}n`];

  it.each([...illegal, ...tooLong])('refuses %j in every operation', async (name) => {
    const { store } = await open();
    await store.put('one', await makeFile('bytes'));
    const file = await makeFile('bytes');
    const usage = { kind: 'usage' };
    await expect(store.put(name, file)).rejects.toMatchObject(usage);
    await expect(store.get(name, join(scratch(), 'target'))).rejects.toMatchObject(usage);
    await expect(store.read(name)).rejects.toMatchObject(usage);
    await expect(store.stat(name)).rejects.toMatchObject(usage);
    await expect(store.copy('one', name)).rejects.toMatchObject(usage);
    await expect(store.copy(name, 'two')).rejects.toMatchObject(usage);
    await expect(store.remove(name)).rejects.toMatchObject(usage);
    expect(await contentsOf(store)).toEqual({ one: sha256('bytes') });
  });

  it('refuses a name above or below an object', async () => {
    const { store } = await open();
    await putAll(store, ['backups/ctv/1.db']);
    for (const name of ['backups', 'backups/ctv', 'backups/ctv/1.db/more', 'backups/ctv/1.db/a/b']) {
      for (const options of [{}, { replace: true }, { consume: true }]) {
        const refused = store.put(name, await makeFile('bytes'), options);
        await expect(refused).rejects.toMatchObject({ kind: 'refused' });
      }
      await expect(store.copy('backups/ctv/1.db', name)).rejects.toMatchObject({ kind: 'refused' });
    }
    expect(await contentsOf(store)).toEqual({ 'backups/ctv/1.db': sha256('bytes') });
  });
}
