// Listings: all of it, each entry once, with the letter case that each folder has.
import { describe, expect, test } from 'vitest';
import { openOn, startStandIn } from '../../../contract/dropbox-world.ts';
import type { DropboxStandIn } from '../../../stand-ins/dropbox/stand-in.ts';

const list = 'files/list_folder';
const next = 'files/list_folder/continue';

async function names(standIn: DropboxStandIn, prefix: string, folder = ''): Promise<string[]> {
  return (await openOn(standIn, { folder }).list(prefix)).map(({ name }) => name);
}

async function standInWith(...paths: string[]): Promise<DropboxStandIn> {
  const standIn = await startStandIn();
  for (const path of paths) standIn.files.write(path, path);
  return standIn;
}

describe('a listing', () => {
  test('has the files whose names begin with the prefix, sorted, and no folders', async () => {
    const standIn = await standInWith(
      '/backups/shop/b.db',
      '/backups/shop/a.db',
      '/backups/shop2/c.db',
      '/latest/d.db',
    );
    expect(await names(standIn, 'backups/shop')).toEqual([
      'backups/shop/a.db',
      'backups/shop/b.db',
      'backups/shop2/c.db',
    ]);
    expect(await names(standIn, 'backups/shop/')).toEqual(['backups/shop/a.db', 'backups/shop/b.db']);
    expect(await names(standIn, 'backups/shop/b')).toEqual(['backups/shop/b.db']);
    expect(await names(standIn, '')).toHaveLength(4);
    expect(await names(standIn, '/latest/')).toEqual(['latest/d.db']);
  });

  test('says of each file what Dropbox knows', async () => {
    const standIn = await standInWith('/a.db');
    const [file] = standIn.files.list();
    expect(await openOn(standIn).list('')).toMatchObject([
      { name: 'a.db', sizeBytes: file?.size, contentHash: file?.contentHash },
    ]);
  });

  test.each(['nothing/here', 'a.db/', 'odd\u0000name/', `${'x'.repeat(300)}/`])(
    'of %j, where nothing is, is empty',
    async (prefix) => {
      expect(await names(await standInWith('/a.db'), prefix)).toEqual([]);
    },
  );

  test('below a folder of its own does not see beside it', async () => {
    const standIn = await standInWith('/Pi/backups/a.db', '/Pi2/b.db', '/c.db');
    expect(await names(standIn, '', '/Pi')).toEqual(['backups/a.db']);
    expect(await names(standIn, 'backups/', '/pi')).toEqual(['backups/a.db']);
  });
});

describe('letter case', () => {
  test('is that of each folder, however the paths are displayed', async () => {
    const standIn = await standInWith('/Backups/Shop/A.db');
    standIn.files.write('/backups/SHOP/b.db', 'b');
    expect(await names(standIn, '')).toEqual(['Backups/Shop/A.db', 'Backups/Shop/b.db']);
  });

  test('of the folder that was asked for is as it was asked for', async () => {
    const standIn = await standInWith('/Backups/Shop/A.db');
    expect(await names(standIn, 'backups/shop/')).toEqual(['backups/shop/A.db']);
  });
});

describe('in pieces', () => {
  const paths = Array.from({ length: 9 }, (_, i) => `/backups/${i}.db`);
  const all = paths.map((path) => path.slice(1));

  test('empty pages, and entries that come twice', async () => {
    const standIn = await standInWith(...paths);
    standIn.fault({ route: list, action: { kind: 'emptyPage' } });
    standIn.fault({ route: next, times: 2, action: { kind: 'emptyPage' } });
    standIn.fault({ route: next, nth: 3, action: { kind: 'pageDuplicate' } });
    expect(await names(standIn, '')).toEqual(all);
    expect(standIn.waitingFaults).toEqual([]);
  });

  test('what is deleted between two pages is gone, with all that was in it', async () => {
    const standIn = await standInWith(...paths, '/other/a.db');
    const page = {
      entries: [
        { '.tag': 'file', name: 'late.db', path_lower: '/backups/late.db', path_display: '/backups/late.db' },
        { '.tag': 'deleted', name: 'backups', path_lower: '/backups', path_display: '/backups' },
      ],
      cursor: 'unused',
      has_more: false,
    };
    standIn.fault({
      route: list,
      action: {
        kind: 'replyAfterApply',
        status: 200,
        body: {
          entries: ['/backups/0.db', '/other/a.db'].map((path, i) => ({
            '.tag': 'file',
            name: path.split('/').at(-1),
            path_lower: path,
            path_display: path,
            rev: '0123456789',
            size: i,
            content_hash: 'a'.repeat(64),
            server_modified: '2026-01-01T00:00:00Z',
          })),
          cursor: 'c',
          has_more: true,
        },
      },
    });
    standIn.fault({ route: next, action: { kind: 'reply', status: 200, body: page } });
    expect(await names(standIn, '')).toEqual(['other/a.db']);
  });

  test('a reset begins anew, but not for ever', async () => {
    const standIn = await standInWith(...paths);
    standIn.fault({ route: list, times: Infinity, action: { kind: 'emptyPage' } });
    standIn.fault({ route: next, times: 2, action: { kind: 'cursorReset' } });
    expect(await names(standIn, '')).toEqual(all);
    standIn.fault({ route: next, times: Infinity, action: { kind: 'cursorReset' } });
    await expect(names(standIn, '')).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringMatching(/cannot list Dropbox/),
    });
  });

  test.each([
    ['no entries', { cursor: 'c', has_more: false }],
    ['no cursor', { entries: [], has_more: false }],
    ['no word on whether it is all', { entries: [], cursor: 'c' }],
  ])('a page with %s is no listing', async (_, body) => {
    const standIn = await standInWith(...paths);
    standIn.fault({ route: list, times: Infinity, action: { kind: 'reply', status: 200, body } });
    await expect(openOn(standIn, { retriesMax: 0 }).list('')).rejects.toMatchObject({ kind: 'unavailable' });
  });
});
