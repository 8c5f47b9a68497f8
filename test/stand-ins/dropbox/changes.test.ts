// Deleting, copying, moving, making folders.
import { describe, expect, test } from 'vitest';
import { someBytes } from '../../support/some-bytes.ts';
import { linked, tagsOf } from './linked.ts';

const copy = 'files/copy_v2';
const move = 'files/move_v2';

describe('a deletion', () => {
  test('answers with what was there, tagged, and takes a folder with everything in it', async () => {
    const { standIn, caller } = await linked();
    standIn.files.write('/Folder/a', 'a');
    standIn.files.write('/b', 'b');
    const { json } = await caller.rpc('files/delete_v2', { path: '/folder' });
    expect(json).toMatchObject({ metadata: { '.tag': 'folder', path_display: '/Folder' } });
    expect(standIn.files.list().map(({ path }) => path)).toEqual(['/b']);
    expect(tagsOf(await caller.rpc('files/delete_v2', { path: '/folder' }))).toBe('path_lookup/not_found');
    expect(tagsOf(await caller.rpc('files/delete_v2', { path: '/b/' }))).toBe('path_lookup/malformed_path');
  });

  test('can depend on the revision', async () => {
    const { standIn, caller } = await linked();
    const { rev } = standIn.files.write('/a', 'a');
    standIn.files.write('/a', 'b');
    const stale = await caller.rpc('files/delete_v2', { path: '/a', parent_rev: rev });
    expect(tagsOf(stale)).toBe('path_write/conflict/file');
    const current = standIn.files.list()[0]?.rev;
    expect(await caller.rpc('files/delete_v2', { path: '/a', parent_rev: current })).toMatchObject({
      status: 200,
    });
  });

  test('of several files has a result for each', async () => {
    const { standIn, caller } = await linked();
    standIn.files.write('/a', 'a');
    const { json } = await caller.rpc('files/delete_batch', { entries: [{ path: '/a' }, { path: '/b' }] });
    expect(json).toMatchObject({
      '.tag': 'complete',
      entries: [
        { '.tag': 'success', metadata: { '.tag': 'file', path_lower: '/a' } },
        { '.tag': 'failure', failure: { '.tag': 'path_lookup', path_lookup: { '.tag': 'not_found' } } },
      ],
    });
  });

  test('of more than ten thousand files is too much at once', async () => {
    const { standIn, caller } = await linked();
    for (let i = 0; i <= 10_000; i += 1) standIn.files.write(`/many/${i}`, 'x');
    expect(tagsOf(await caller.rpc('files/delete_v2', { path: '/many' }))).toBe('too_many_files');
    expect(standIn.files.list()).toHaveLength(10_001);
  });
});

describe('a copy', () => {
  test('shares its contents, and is a file of its own', async () => {
    const { standIn, caller } = await linked();
    const bytes = someBytes(1_000_000);
    standIn.files.write('/a', bytes);
    const { json } = await caller.rpc(copy, { from_path: '/a', to_path: '/New/B' });
    const [a, b] = standIn.files.list();
    expect(json).toMatchObject({ metadata: { '.tag': 'file', path_display: '/New/B', id: b?.id } });
    expect(b).toMatchObject({ contentHash: a?.contentHash, clientModified: a?.clientModified });
    expect([b?.id, b?.rev]).not.toEqual([a?.id, a?.rev]);
    expect(standIn.partsOnDisk()).toHaveLength(1);
    standIn.files.remove('/a');
    expect(standIn.files.bytes('/new/b').equals(bytes)).toBe(true);
  });

  test('of a folder copies what is in it', async () => {
    const { standIn, caller } = await linked();
    for (const path of ['/From/Deep/a', '/From/b']) standIn.files.write(path, path);
    const { json } = await caller.rpc(copy, { from_path: '/from', to_path: '/To' });
    expect(json).toMatchObject({ metadata: { '.tag': 'folder', name: 'To' } });
    expect(standIn.files.list().map(({ path }) => path)).toEqual([
      '/From/b',
      '/From/Deep/a',
      '/To/b',
      '/To/Deep/a',
    ]);
  });

  test.each([
    [{ from_path: '/nothing', to_path: '/x' }, 'from_lookup/not_found'],
    [{ from_path: '/a', to_path: '/b' }, 'to/conflict/file'],
    [{ from_path: '/a', to_path: '/folder' }, 'to/conflict/folder'],
    [{ from_path: '/a', to_path: '/b/x' }, 'to/conflict/file_ancestor'],
    [{ from_path: '/a', to_path: '/x/' }, 'to/malformed_path'],
    [{ from_path: '/a', to_path: '/desktop.ini' }, 'to/disallowed_name'],
    [{ from_path: '/folder', to_path: '/folder/inside' }, 'cant_move_folder_into_itself'],
  ])('or a move as %j: %s', async (argument, tags) => {
    const { standIn, caller } = await linked();
    for (const path of ['/a', '/b', '/folder/c']) standIn.files.write(path, path);
    const before = standIn.files.list();
    expect(tagsOf(await caller.rpc(copy, argument))).toBe(tags);
    expect(tagsOf(await caller.rpc(move, argument))).toBe(tags);
    expect(standIn.files.list()).toEqual(before);
  });
});

test('a move keeps the id, never overwrites, and does not change only the case', async () => {
  const { standIn, caller } = await linked();
  const { id } = standIn.files.write('/Folder/a', 'a');
  expect(tagsOf(await caller.rpc(move, { from_path: '/folder/a', to_path: '/folder/A' }))).toBe(
    'to/conflict/file',
  );
  expect(await caller.rpc(move, { from_path: '/folder', to_path: '/Elsewhere' })).toMatchObject({
    status: 200,
  });
  expect(standIn.files.list()).toMatchObject([{ path: '/Elsewhere/a', id }]);
  expect((await caller.rpc('files/get_metadata', { path: id })).json).toMatchObject({
    path_lower: '/elsewhere/a',
  });
});

test('a folder is made with those above it, and only where nothing is', async () => {
  const { standIn, caller } = await linked();
  standIn.files.write('/file', 'x');
  const create = (path: string) => caller.rpc('files/create_folder_v2', { path });
  const made = await create('/Deep/er');
  expect(made).toMatchObject({ status: 200, json: { metadata: { name: 'er', path_lower: '/deep/er' } } });
  expect(made.json.metadata).not.toHaveProperty(['.tag']);
  expect(tagsOf(await create('/deep'))).toBe('path/conflict/folder');
  expect(tagsOf(await create('/file'))).toBe('path/conflict/file');
  expect(tagsOf(await create('/file/x'))).toBe('path/conflict/file_ancestor');
  expect(standIn.files.folders()).toEqual(['/Deep', '/Deep/er']);
});
