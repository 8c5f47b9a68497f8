// Listings: pages, cursors that go on as a change feed, resets.
import { describe, expect, test } from 'vitest';
import { scratch } from '../../support/scratch.ts';
import type { Answer, Caller } from './caller.ts';
import { linked, tagsOf } from './linked.ts';
import type { DropboxStandIn } from './stand-in.ts';

interface Page {
  entries: { '.tag': string; path_lower: string }[];
  cursor: string;
  has_more: boolean;
}

const page = (answer: Answer) => answer.json as Page;
const shown = ({ entries }: Page) => entries.map((entry) => `${entry['.tag']} ${entry.path_lower}`);
const list = async (caller: Caller, argument: object) =>
  page(await caller.rpc('files/list_folder', argument));
const goOn = async (caller: Caller, cursor: string) =>
  page(await caller.rpc('files/list_folder/continue', { cursor }));

describe('a listing', () => {
  test('shows one level or all of them, parents before what is in them', async () => {
    const { standIn, caller } = await linked();
    for (const path of ['/b', '/A/x', '/a/deep/y', '/a.txt']) standIn.files.write(path, path);
    expect(shown(await list(caller, { path: '' }))).toEqual(['folder /a', 'file /a.txt', 'file /b']);
    expect(shown(await list(caller, { path: '/a' }))).toEqual(['folder /a/deep', 'file /a/x']);
    expect(shown(await list(caller, { path: '//A' }))).toEqual(['folder /a/deep', 'file /a/x']);
    expect(shown(await list(caller, { path: '', recursive: true }))).toEqual([
      'folder /a',
      'file /a.txt',
      'folder /a/deep',
      'file /a/deep/y',
      'file /a/x',
      'file /b',
    ]);
    expect(tagsOf(await caller.rpc('files/list_folder', { path: '/no' }))).toBe('path/not_found');
    expect(tagsOf(await caller.rpc('files/list_folder', { path: '/b' }))).toBe('path/not_folder');
  });

  test('comes in pages, and what changes meanwhile comes after them', async () => {
    const { standIn, caller } = await linked();
    for (const name of ['a', 'b', 'c', 'd', 'e']) standIn.files.write(`/${name}`, name);
    const first = await list(caller, { path: '', limit: 2 });
    expect(first.has_more).toBe(true);
    standIn.files.remove('/a');
    standIn.files.write('/f', 'f');
    const pages = [first];
    while (pages.at(-1)?.has_more === true) pages.push(await goOn(caller, pages.at(-1)?.cursor ?? ''));
    expect(pages.map(shown)).toEqual([
      ['file /a', 'file /b'],
      ['file /c', 'file /d'],
      ['file /e', 'file /f'],
      ['deleted /a', 'file /f'],
    ]);
  });

  test('has as many entries on a page as the switch says, when no limit is given', async () => {
    const { standIn, caller } = await linked();
    standIn.switches.defaultPageSize = 3;
    for (const name of ['a', 'b', 'c', 'd']) standIn.files.write(`/${name}`, name);
    expect(await list(caller, { path: '' })).toMatchObject({ entries: { length: 3 }, has_more: true });
  });

  test('shows what was deleted when asked to', async () => {
    const { standIn, caller } = await linked();
    for (const name of ['a', 'b']) standIn.files.write(`/${name}`, name);
    standIn.files.remove('/a');
    expect(shown(await list(caller, { path: '', include_deleted: true }))).toEqual(['deleted /a', 'file /b']);
  });
});

describe('a cursor', () => {
  test('gives later changes, the last of each path; a deleted folder speaks for all in it', async () => {
    const { standIn, caller } = await linked();
    standIn.files.write('/folder/a', 'a');
    const { cursor, has_more } = await list(caller, { path: '', recursive: true });
    expect(has_more).toBe(false);
    expect(await goOn(caller, cursor)).toMatchObject({ entries: [], has_more: false });
    standIn.files.write('/folder/b', 'b');
    standIn.files.write('/folder/b', 'B');
    standIn.files.write('/c', 'c');
    const changes = await goOn(caller, cursor);
    expect(shown(changes)).toEqual(['file /folder/b', 'file /c']);
    await caller.rpc('files/delete_v2', { path: '/folder' });
    expect((await goOn(caller, changes.cursor)).entries).toEqual([
      { '.tag': 'deleted', name: 'folder', path_lower: '/folder', path_display: '/folder' },
    ]);
  });

  test('knows its folder, and goes on after a restart', async () => {
    const { standIn, caller } = await linked({ directory: scratch() });
    for (const path of ['/in/a', '/in/b', '/in/deep/c', '/out']) standIn.files.write(path, path);
    const { cursor } = await list(caller, { path: '/in', limit: 1 });
    await standIn.restart();
    const second = await goOn(caller, cursor);
    expect(shown(second)).toEqual(['file /in/b']);
    standIn.files.write('/out', 'changed');
    const third = await goOn(caller, second.cursor);
    expect(shown(third)).toEqual(['folder /in/deep']);
    expect(third.has_more).toBe(false);
    standIn.files.remove('/in');
    expect(tagsOf(await caller.rpc('files/list_folder/continue', { cursor: third.cursor }))).toBe(
      'path/not_found',
    );
  });

  test('can be had without a listing', async () => {
    const { standIn, caller } = await linked();
    standIn.files.write('/a', 'a');
    const { json } = await caller.rpc('files/list_folder/get_latest_cursor', { path: '' });
    const { cursor } = json as { cursor: string };
    standIn.files.write('/b', 'b');
    expect(shown(await goOn(caller, cursor))).toEqual(['file /b']);
  });

  test('that is none is refused in plain text', async () => {
    const { caller } = await linked();
    const { status, text } = await caller.rpc('files/list_folder/continue', { cursor: 'AAEnonsense' });
    expect(status).toBe(400);
    expect(text).toContain('Invalid "cursor" parameter');
  });

  test('can be waited for, without authorization', async () => {
    const { standIn, caller } = await linked();
    const { cursor } = await list(caller, { path: '' });
    const nobody = { headers: { Authorization: undefined } };
    const changed = caller.rpc('files/list_folder/longpoll', { cursor }, nobody);
    await arrival(standIn);
    standIn.files.write('/a', 'a');
    expect((await changed).json).toEqual({ changes: true });
    const { cursor: next } = await list(caller, { path: '' });
    const unchanged = caller.rpc('files/list_folder/longpoll', { cursor: next, timeout: 30 }, nobody);
    await arrival(standIn);
    standIn.clock.advance(31);
    expect((await unchanged).json).toEqual({ changes: false });
  });
});

describe('faults of listings', () => {
  test('a reset, an empty page with more to come, an entry that comes twice', async () => {
    const { standIn, caller } = await linked();
    for (const name of ['a', 'b', 'c']) standIn.files.write(`/${name}`, name);
    const first = await list(caller, { path: '', limit: 2 });
    const route = 'files/list_folder/continue';
    standIn.fault({ route, action: { kind: 'cursorReset' } });
    standIn.fault({ route, nth: 2, action: { kind: 'emptyPage' } });
    standIn.fault({ route, nth: 3, action: { kind: 'pageDuplicate' } });
    expect(tagsOf(await caller.rpc(route, { cursor: first.cursor }))).toBe('reset');
    const empty = await goOn(caller, first.cursor);
    expect(empty).toMatchObject({ entries: [], has_more: true });
    expect(shown(await goOn(caller, empty.cursor))).toEqual(['file /c', 'file /c']);
  });

  test('reads that do not see the latest change yet', async () => {
    const { standIn, caller } = await linked();
    standIn.files.write('/a', 'old');
    standIn.files.write('/deep/b', 'b');
    standIn.fault({ route: /get_metadata|list_folder$/, times: 2, action: { kind: 'staleRead' } });
    expect(tagsOf(await caller.rpc('files/get_metadata', { path: '/deep/b' }))).toBe('path/not_found');
    const stale = await list(caller, { path: '', recursive: true });
    expect(shown(stale)).toEqual(['file /a']);
    expect(shown(await goOn(caller, stale.cursor))).toEqual(['folder /deep', 'file /deep/b']);
    expect(await caller.rpc('files/get_metadata', { path: '/deep/b' })).toMatchObject({ status: 200 });
  });
});

/** Returns when the next longpoll has arrived. */
async function arrival(standIn: DropboxStandIn): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  standIn.fault({ route: /longpoll/, action: { kind: 'run', run: () => resolve() } });
  await promise;
}
