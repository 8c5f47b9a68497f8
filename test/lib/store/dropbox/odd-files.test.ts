// Files that no backup of ours would be: odd, unreadable, or with a name that is nearly ours. Each is its own trouble.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { OpsError } from '../../../../lib/base/errors.ts';
import { openOn, startStandIn } from '../../../contract/dropbox-world.ts';
import { makeFile } from '../../../contract/store-world.ts';
import type { FaultAction } from '../../../stand-ins/dropbox/faults.ts';
import type { DropboxStandIn } from '../../../stand-ins/dropbox/stand-in.ts';
import { scratch } from '../../../support/scratch.ts';

type Entry = Record<string, unknown>;

async function standInWith(...paths: string[]): Promise<DropboxStandIn> {
  const standIn = await startStandIn();
  for (const path of paths) standIn.files.write(path, path);
  return standIn;
}

/** Alters the entries of those names, wherever they are told. */
function alterAll(
  standIn: DropboxStandIn,
  routes: RegExp,
  names: readonly string[],
  alter: (entry: Entry) => Entry,
): void {
  const isOne = ({ name }: Entry) => names.includes(String(name));
  const change = (answer: { entries?: Entry[] } & Entry) => {
    if (answer.entries === undefined) return isOne(answer) ? alter(answer) : answer;
    return {
      ...answer,
      entries: answer.entries.map((entry) => (isOne(entry) ? alter(entry) : entry)),
    };
  };
  standIn.fault({ route: routes, times: Infinity, action: { kind: 'alter', alter: change } });
}

const without =
  (...keys: string[]) =>
  (entry: Entry) =>
    Object.fromEntries(Object.entries(entry).filter(([key]) => !keys.includes(key)));

const odd: [string, (entry: Entry) => Entry, string[]][] = [
  ['without a size', without('size'), ['odd.db']],
  ['without a hash', without('content_hash'), ['odd.db']],
  ['without a revision', without('rev'), ['odd.db']],
  ['without a name', without('name'), ['odd.db']],
  ['with the name of another', (entry) => ({ ...entry, name: 'a.db' }), ['odd.db']],
  ['with a name that leads elsewhere', (entry) => ({ ...entry, name: '../../odd.db' }), ['odd.db']],
  ['with a size in letters', (entry) => ({ ...entry, size: '5' }), ['odd.db']],
  [
    'with nothing but its place',
    ({ name, path_lower }) => ({ '.tag': 'file', name, path_lower }),
    ['odd.db'],
  ],
  ['without any place', without('path_lower', 'path_display'), []],
  ['without its lower-case path', without('path_lower'), ['odd.db']],
  ['without its displayed path', without('path_display'), ['odd.db']],
  ['that can only be exported', (entry) => ({ ...entry, is_downloadable: false, content_hash: null }), []],
  ['with a way to export it', (entry) => ({ ...without('content_hash')(entry), export_info: {} }), []],
  ['that is a folder', (entry) => ({ ...entry, '.tag': 'folder' }), []],
  ['that is deleted', (entry) => ({ ...entry, '.tag': 'deleted' }), []],
  ['that is something new', (entry) => ({ ...entry, '.tag': 'hologram' }), []],
  ['without a tag', without('.tag'), []],
];

describe.each(odd)('one file %s', (_, alter, listed) => {
  test.each([
    ['in listings', /^files\/list_folder/],
    ['everywhere', /^files\/(list_folder|get_metadata)/],
  ])('%s, costs no other file its place', async (_where, routes) => {
    const standIn = await standInWith('/backups/a.db', '/backups/odd.db', '/backups/z.db');
    alterAll(standIn, routes, ['odd.db'], alter);
    const store = openOn(standIn, { retriesMax: 1 });
    const found = await store.list('backups/');
    const names = found.map(({ name }) => name.slice('backups/'.length));
    expect(names).toEqual(['a.db', ...listed, 'z.db']);
    for (const { name, sizeBytes, contentHash } of found) {
      const isWhole = sizeBytes === `/${name}`.length && contentHash !== undefined;
      // What cannot be said of it is not made up.
      expect(isWhole || (name === 'backups/odd.db' && sizeBytes === 0 && contentHash === undefined)).toBe(
        true,
      );
    }
    await store.put('backups/new.db', await makeFile('new'));
    expect(Buffer.from(await store.read('backups/z.db')).toString()).toBe('/backups/z.db');
  });
});

test('a listing of which nothing makes sense is no listing', async () => {
  const standIn = await standInWith('/a.db', '/b.db');
  alterAll(standIn, /list_folder/, ['a.db', 'b.db'], without('size'));
  await expect(openOn(standIn, { retriesMax: 1 }).list('')).rejects.toMatchObject({ kind: 'unavailable' });
});

test.each(['\u0007bell.db', 'line\nend.db', 'space .db', ' lead.db', 'trail.db ', '\u202etxt.db'])(
  'a file called %j does not end a listing',
  async (name) => {
    const standIn = await standInWith('/backups/a.db', `/backups/${name}`);
    const names = (await openOn(standIn).list('backups/')).map((stored) => stored.name);
    expect(names).toContain('backups/a.db');
  },
);

test.each([
  ['path', 'restricted_content'],
  ['path', 'unsupported_content_type'],
  ['path', 'locked'],
  ['path', 'not_file'],
  ['unsupported_file'],
  ['something_new'],
])('a file that is not given out (%s/%s) is damaged, and no other', async (...tags) => {
  const standIn = await standInWith('/a.json', '/b.json');
  const rev = standIn.files.list()[0]?.rev;
  const [outer = '', inner] = tags;
  const error = { '.tag': outer, ...(inner === undefined ? {} : { [outer]: { '.tag': inner } }) };
  standIn.fault({
    route: 'files/download',
    times: Infinity,
    matches: ({ argument }) => (argument as { path: string }).path === `rev:${rev}`,
    action: { kind: 'reply', status: 409, body: { error_summary: tags.join('/'), error } },
  });
  const store = openOn(standIn);
  const refusal = {
    kind: 'damaged',
    message: expect.stringContaining(tags.at(-1) ?? ''),
    hint: expect.any(String),
  };
  await expect(store.read('a.json')).rejects.toMatchObject(refusal);
  await expect(store.get('a.json', join(scratch(), 'target'))).rejects.toMatchObject(refusal);
  expect(Buffer.from(await store.read('b.json')).toString()).toBe('/b.json');
});

describe('a file whose name differs in letter case alone', () => {
  const theirs = '/backups/Shop/SHOP-1.db';
  const ours = 'backups/shop/shop-1.db';

  test('is not ours: it is neither seen, nor read, nor copied, nor removed', async () => {
    const standIn = await standInWith(theirs);
    const store = openOn(standIn);
    expect(await store.stat(ours)).toBeUndefined();
    expect((await store.list('backups/shop/')).map(({ name }) => name)).toEqual(['backups/shop/SHOP-1.db']);
    await store.remove(ours);
    const missing = { kind: 'missing', message: expect.stringContaining('letter case') };
    await expect(store.read(ours)).rejects.toMatchObject(missing);
    await expect(store.get(ours, join(scratch(), 'target'))).rejects.toMatchObject(missing);
    await expect(store.copy(ours, 'b.db')).rejects.toMatchObject(missing);
    expect(standIn.files.list().map(({ path }) => path)).toEqual([theirs]);
  });

  test('is in the way: it is never overwritten, and that is said', async () => {
    const standIn = await standInWith(theirs, '/a.db');
    const store = openOn(standIn);
    const file = await makeFile('ours');
    const refused = { kind: 'refused', message: expect.stringMatching(/"SHOP-1\.db".*letter case/) };
    for (const replace of [true, false])
      await expect(store.put(ours, file, { replace })).rejects.toMatchObject(refused);
    await expect(store.copy('a.db', ours)).rejects.toMatchObject(refused);
    expect(standIn.files.bytes(theirs).toString()).toBe(theirs);
  });

  test('and comes in between is not overwritten either', async () => {
    const standIn = await standInWith('/a.db');
    const run = () => void standIn.files.write(theirs, theirs);
    standIn.fault({ route: 'files/upload', action: { kind: 'run', run } });
    await expect(openOn(standIn).put(ours, await makeFile('ours'))).rejects.toMatchObject({
      kind: 'refused',
    });
    expect(standIn.files.bytes(theirs).toString()).toBe(theirs);
  });

  test('a folder of other letter case is the same folder', async () => {
    const standIn = await standInWith('/BACKUPS/SHOP/a.db');
    const store = openOn(standIn);
    const stored = await store.put(ours, await makeFile('ours'));
    expect(await store.list('backups/shop/s')).toEqual([stored]);
  });
});

test.each<[string, FaultAction]>([
  ['null', { kind: 'reply', status: 200, body: 'null' }],
  [
    'numbers that are none',
    { kind: 'alter', alter: () => ({ used: '1', allocation: { '.tag': 'individual' } }) },
  ],
  ['an error of its own', { kind: 'reply', status: 500 }],
])('a Dropbox that answers %s when it is asked for its space says nothing of it', async (_, action) => {
  const standIn = await standInWith('/a.db');
  standIn.fault({ route: 'users/get_space_usage', times: Infinity, action });
  const nothing = { freeBytes: undefined, totalBytes: undefined };
  expect(await openOn(standIn, { retriesMax: 1 }).space()).toEqual(nothing);
});

test('what was listed as a file and is a folder by now is not removed, and that is said', async () => {
  const standIn = await standInWith('/backups/a.db');
  const store = openOn(standIn);
  const [expected] = await store.list('');
  standIn.files.remove('/backups/a.db');
  standIn.files.write('/backups/a.db/b.db', 'b');
  await expect(store.remove('backups/a.db', { expected })).rejects.toMatchObject({ kind: 'refused' });
  expect(standIn.files.list().map(({ path }) => path)).toEqual(['/backups/a.db/b.db']);
});

test('the latest copy is replaced only while it is the one that was looked at', async () => {
  const standIn = await standInWith('/latest.db');
  const run = () => void standIn.files.write('/latest.db', 'of a person');
  standIn.fault({ route: 'files/upload', action: { kind: 'run', run } });
  const put = openOn(standIn).put('latest.db', await makeFile('ours'), { replace: true });
  await expect(put).rejects.toMatchObject({ kind: 'refused', message: expect.stringContaining('meanwhile') });
  expect(standIn.files.bytes('/latest.db').toString()).toBe('of a person');
});

test('an answer about somebody else’s file, as alike as it may be, gets that file neither removed nor restored', async () => {
  const standIn = await standInWith('/latest.db');
  const file = await makeFile('same bytes');
  const theirs = standIn.files.write('/backups/old.db', 'same bytes');
  const alter = (answer: Entry) => ({
    ...answer,
    rev: theirs.rev,
    path_lower: theirs.path,
    path_display: theirs.path,
  });
  standIn.fault({ route: 'files/upload', times: Infinity, action: { kind: 'alter', alter } });
  standIn.fault({
    route: 'files/get_metadata',
    nth: 2,
    times: Infinity,
    action: { kind: 'staleRead', changes: 9 },
  });
  const outcome = await openOn(standIn)
    .put('backups/new.db', file)
    .catch((error: unknown) => error);
  if (outcome instanceof Error) expect(outcome).toBeInstanceOf(OpsError);
  expect(standIn.files.bytes('/backups/old.db').toString()).toBe('same bytes');
  expect(standIn.requests.filter(({ route }) => /delete|restore/.test(route))).toEqual([]);
});
