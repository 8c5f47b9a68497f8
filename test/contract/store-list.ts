// Part of the store conformance suite: what is seen, copied and removed.
import { expect, it } from 'vitest';
import { type Open, contentsOf, large, makeFile, namesOf, putAll, sha256 } from './store-world.ts';

export function listTests(open: Open): void {
  const names = [
    'backups/ctv-2.db',
    'backups/ctv/1.db',
    'backups/ctv/1.json',
    'backups/ctv/deep/er/2.db',
    'backups/other/1.db',
    'database.db',
  ];

  it('finds nothing in an empty store', async () => {
    const { store } = await open();
    expect(await store.list('')).toEqual([]);
    expect(await store.list('backups/')).toEqual([]);
  });

  it('lists by prefix, which need not end at a slash, in the order of the names', async () => {
    const { store } = await open();
    await putAll(store, [...names].reverse());
    expect(await namesOf(store)).toEqual(names);
    expect(await namesOf(store, 'backups/')).toEqual(names.slice(0, 5));
    expect(await namesOf(store, 'backups/ctv')).toEqual(names.slice(0, 4));
    expect(await namesOf(store, 'backups/ctv/')).toEqual(names.slice(1, 4));
    expect(await namesOf(store, 'backups/ctv/1')).toEqual(names.slice(1, 3));
    expect(await namesOf(store, 'backups/ctv/deep/er/2.db')).toEqual(['backups/ctv/deep/er/2.db']);
    expect(await namesOf(store, 'backups/none')).toEqual([]);
    expect(await namesOf(store, '../')).toEqual([]);
  });

  it('tells the same of an object as stat does', async () => {
    const { store } = await open();
    const stored = await store.put('backups/one', await makeFile('bytes'));
    expect(await store.list('')).toEqual([stored]);
    expect(await store.stat('backups/one')).toEqual(stored);
  });

  it('has no stat for what is not an object', async () => {
    const { store } = await open();
    await putAll(store, ['backups/ctv/1.db']);
    for (const name of ['none', 'backups', 'backups/ctv', 'backups/ctv/1.db/more', 'backups/none/1.db']) {
      expect(await store.stat(name)).toBeUndefined();
    }
  });
}

export function copyTests(open: Open): void {
  it('makes a second object with the same bytes, independent of the first', async () => {
    const { store, reopen } = await open();
    await store.put('database.db', await makeFile(large));
    const copied = await store.copy('database.db', 'backups/ctv/1.db');
    expect(copied).toMatchObject({ name: 'backups/ctv/1.db', sizeBytes: large.length });
    await store.put('database.db', await makeFile('new'), { replace: true });
    expect(await contentsOf(await reopen())).toEqual({
      'backups/ctv/1.db': sha256(large),
      'database.db': sha256('new'),
    });
  });

  it('refuses a name that is taken, and leaves what is there', async () => {
    const { store } = await open();
    await store.put('one', await makeFile('one'));
    await store.put('two', await makeFile('two'));
    await expect(store.copy('one', 'two')).rejects.toMatchObject({ kind: 'refused' });
    expect(await contentsOf(store)).toEqual({ one: sha256('one'), two: sha256('two') });
  });

  it('says that there is no such name, and makes nothing', async () => {
    const { store } = await open();
    await store.put('two', await makeFile('two'));
    await expect(store.copy('none', 'one')).rejects.toMatchObject({ kind: 'missing' });
    expect(await contentsOf(store)).toEqual({ two: sha256('two') });
  });

  it('copies the bytes that are expected, and nothing else', async () => {
    const { store } = await open();
    const file = await makeFile('bytes');
    await store.put('one', file);
    await store.copy('one', 'two', { expected: file });
    const others = await makeFile('BYTES');
    await expect(store.copy('one', 'three', { expected: others })).rejects.toMatchObject({ kind: 'damaged' });
    expect(await contentsOf(store)).toEqual({ one: sha256('bytes'), two: sha256('bytes') });
  });
}

export function removeTests(open: Open): void {
  it('removes that name and nothing else', async () => {
    const { store, reopen } = await open();
    await putAll(store, ['backups/ctv/1.db', 'backups/ctv/1.json', 'backups/ctv/10.db', 'database.db']);
    await store.remove('backups/ctv/1.db');
    expect(await namesOf(await reopen())).toEqual(['backups/ctv/1.json', 'backups/ctv/10.db', 'database.db']);
    expect(await store.stat('backups/ctv/1.db')).toBeUndefined();
  });

  it('of a name that is not there succeeds, and removes nothing', async () => {
    const { store } = await open();
    await putAll(store, ['backups/ctv/1.db']);
    for (const name of ['none', 'backups', 'backups/ctv', 'backups/ctv/1.db/more', 'backups/none/1.db']) {
      await store.remove(name);
    }
    expect(await namesOf(store)).toEqual(['backups/ctv/1.db']);
  });

  it('removes what was seen, and never what somebody put in its place', async () => {
    const { store, reopen } = await open();
    await putAll(store, ['one', 'two'], 'bytes');
    const [one, two] = await store.list('');
    await (await reopen()).put('one', await makeFile('BYTES'), { replace: true });
    await expect(store.remove('one', { expected: one })).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringMatching(/^cannot remove "one" from .*: it is not what was looked at before/),
      hint: expect.any(String),
    });
    await store.remove('two', { expected: two });
    await store.remove('two', { expected: two });
    expect(await contentsOf(store)).toEqual({ one: sha256('BYTES') });
    await store.remove('one', { expected: (await store.list(''))[0] });
    expect(await namesOf(store)).toEqual([]);
  });

  it('makes the name free again', async () => {
    const { store } = await open();
    await putAll(store, ['backups/ctv/1.db']);
    await store.remove('backups/ctv/1.db');
    await store.put('backups/ctv/1.db', await makeFile('another object'));
    expect(await contentsOf(store)).toEqual({ 'backups/ctv/1.db': sha256('another object') });
  });

  it('does not disturb puts beside it', async () => {
    const { store } = await open();
    const work = async (name: string) => {
      for (let i = 0; i < 20; i += 1) {
        // Where there are directories, a remove takes away the one that another put is about to use.
        await store.put(name, await makeFile('bytes'), { consume: true });
        expect(await store.stat(name)).toMatchObject({ name });
        await store.remove(name);
      }
    };
    await Promise.all(['a', 'b', 'c', 'd'].map((each) => work(`backups/ctv/${each}`)));
    expect(await namesOf(store)).toEqual([]);
  });
}
