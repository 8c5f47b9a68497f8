// What a write does to what is there: the WriteMode matrix, names, parents, and a full account.
import { describe, expect, test } from 'vitest';
import { linked, tagsOf } from './linked.ts';

const upload = 'files/upload';
const old = Buffer.from('old contents');
const other = Buffer.from('other contents');

type Outcome = 'written' | 'no-op' | 'conflict';
type Mode = 'add' | 'overwrite' | 'right rev' | 'wrong rev';

/** Mode, strict, and what happens to: nothing there, the same contents, other contents, a deleted file. */
const matrix: [Mode, boolean, Outcome, Outcome, Outcome, Outcome][] = [
  ['add', false, 'written', 'no-op', 'conflict', 'written'],
  ['add', true, 'written', 'conflict', 'conflict', 'written'],
  ['overwrite', false, 'written', 'no-op', 'written', 'written'],
  ['overwrite', true, 'written', 'no-op', 'written', 'written'],
  ['right rev', false, 'written', 'no-op', 'written', 'written'],
  ['right rev', true, 'conflict', 'no-op', 'written', 'conflict'],
  ['wrong rev', false, 'written', 'no-op', 'conflict', 'written'],
  ['wrong rev', true, 'conflict', 'conflict', 'conflict', 'conflict'],
];
const cases = matrix.flatMap(([mode, strict, ...outcomes]) =>
  (['nothing', 'the same', 'other contents', 'a deleted file'] as const).map(
    (there, index) => [mode, strict, there, outcomes[index]] as const,
  ),
);

describe('a write', () => {
  test.each(cases)('in mode %s (strict: %s) where there is %s: %s', async (mode, strict, there, outcome) => {
    const { standIn, caller } = await linked();
    let rev = '0123456789';
    if (there !== 'nothing')
      rev = standIn.files.write('/Folder/a.db', there === 'the same' ? other : old).rev;
    if (there === 'a deleted file') standIn.files.remove('/folder/a.db');
    const update = { '.tag': 'update', update: mode === 'wrong rev' ? 'fedcba987' : rev };
    const argument = {
      path: '/folder/A.db',
      mode: mode.endsWith('rev') ? update : mode,
      strict_conflict: strict,
    };
    const before = standIn.files.revisions('/folder/a.db').length;
    const answer = await caller.upload(upload, argument, other);
    const written = standIn.files.revisions('/folder/a.db').length - before;
    const got = answer.status === 409 ? 'conflict' : written === 1 ? 'written' : 'no-op';
    expect(got).toBe(outcome);
    if (outcome === 'conflict') {
      expect(answer.json.error).toMatchObject({
        '.tag': 'path',
        reason: { '.tag': 'conflict', conflict: { '.tag': 'file' } },
      });
    } else {
      expect(answer.json.path_lower).toBe('/folder/a.db');
      expect(standIn.files.bytes('/folder/a.db')).toEqual(other);
    }
    if (outcome === 'no-op') expect(answer.json.rev).toBe(rev);
  });

  test('that is refused keeps its data in an upload session, which finish can commit elsewhere', async () => {
    const { standIn, caller } = await linked();
    standIn.files.write('/a.db', old);
    const refused = await caller.upload(upload, { path: '/a.db' }, other);
    expect(tagsOf(refused)).toBe('path/conflict/file');
    const { upload_session_id: session_id } = refused.json.error as { upload_session_id: string };
    const cursor = { session_id, offset: other.length };
    const finished = await caller.upload('files/upload_session/finish', {
      cursor,
      commit: { path: '/b.db' },
    });
    expect(finished).toMatchObject({ status: 200, json: { path_lower: '/b.db' } });
    expect(standIn.files.bytes('/b.db')).toEqual(other);
  });

  test.each([
    ['add', 'a (2).db'],
    ['overwrite', 'a (2).db'],
    [{ '.tag': 'update', update: 'fedcba987' }, 'a (conflicted copy).db'],
  ])('with autorename goes elsewhere: %j', async (mode, name) => {
    const { standIn, caller } = await linked();
    // Overwriting only meets a conflict where a folder is.
    if (mode === 'overwrite') standIn.files.write('/a.db/file', old);
    else standIn.files.write('/a.db', old);
    const answer = await caller.upload(upload, { path: '/a.db', mode, autorename: true }, other);
    expect(answer).toMatchObject({ status: 200, json: { name } });
    expect(standIn.violations).toMatchObject([{ kind: 'autorename', request: 1 }]);
  });

  test('makes the folders above it, and keeps the case of what is there', async () => {
    const { standIn, caller } = await linked();
    await caller.upload(upload, { path: '/Backups/Deep/a.db' }, old);
    const { json } = await caller.upload(upload, { path: '/backups/deep/B.db' }, old);
    expect(json).toMatchObject({
      path_display: '/Backups/Deep/B.db',
      path_lower: '/backups/deep/b.db',
      name: 'B.db',
    });
    expect(standIn.files.folders()).toEqual(['/Backups', '/Backups/Deep']);
  });

  test.each([
    ['/file/a.db', 'path/conflict/file_ancestor'],
    ['/file/deep/a.db', 'path/conflict/file_ancestor'],
    ['/folder', 'path/conflict/folder'],
    ['/a/', 'path/malformed_path'],
    ['//a', 'path/malformed_path'],
    ['/a//b', 'path/malformed_path'],
    ['/', 'path/malformed_path'],
    ['/a/../b', 'path/malformed_path'],
    [String.raw`/a\b`, 'path/malformed_path'],
    [`/${'a'.repeat(256)}`, 'path/malformed_path'],
    ['/a'.repeat(301), 'path/malformed_path'],
    ['/Desktop.ini', 'path/disallowed_name'],
    ['/.dropbox.cache/a', 'path/disallowed_name'],
    ['/~$a.doc', 'path/disallowed_name'],
    ['/.~a', 'path/disallowed_name'],
    ['/~a.tmp', 'path/disallowed_name'],
  ])('to %s is refused: %s', async (path, tags) => {
    const { standIn, caller } = await linked();
    standIn.files.write('/file', old);
    standIn.files.write('/folder/file', old);
    expect(tagsOf(await caller.upload(upload, { path, mode: 'overwrite' }, other))).toBe(tags);
    expect(standIn.files.list()).toHaveLength(2);
  });

  test('keeps the time that the client gives, and 2001 for the year 1', async () => {
    const { caller } = await linked();
    const at = (path: string, client_modified?: string) =>
      caller.upload(upload, { path, client_modified }, old);
    expect((await at('/a', '2020-01-02T03:04:05Z')).json.client_modified).toBe('2020-01-02T03:04:05Z');
    expect((await at('/b', '0001-01-01T00:00:00Z')).json.client_modified).toBe('2001-01-01T00:00:00Z');
    const { json } = await at('/c');
    expect(json.client_modified).toBe(json.server_modified);
    expect(json.server_modified).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  });
});

describe('a full account', () => {
  test('refuses what does not fit, also at finish; deleting frees, and replacing counts the difference', async () => {
    const { standIn, caller } = await linked({ quotaBytes: 100 });
    await caller.upload(upload, { path: '/a' }, Buffer.alloc(60));
    expect(tagsOf(await caller.upload(upload, { path: '/b' }, Buffer.alloc(41)))).toBe(
      'path/insufficient_space',
    );
    const cursor = await caller.session(Buffer.alloc(41));
    const finish = () => caller.upload('files/upload_session/finish', { cursor, commit: { path: '/b' } });
    expect(tagsOf(await finish())).toBe('path/insufficient_space');
    expect(await caller.upload(upload, { path: '/a', mode: 'overwrite' }, Buffer.alloc(100))).toMatchObject({
      status: 200,
    });
    expect((await caller.rpc('users/get_space_usage', null)).json).toEqual({
      used: 100,
      allocation: { '.tag': 'individual', allocated: 100 },
    });
    expect(await caller.rpc('files/delete_v2', { path: '/a' })).toMatchObject({ status: 200 });
    expect(await finish()).toMatchObject({ status: 200 });
    standIn.setQuota(10);
    expect(tagsOf(await caller.rpc('files/copy_v2', { from_path: '/b', to_path: '/c' }))).toBe(
      'to/insufficient_space',
    );
    expect((await caller.rpc('users/get_space_usage', null)).json).toMatchObject({
      used: 41,
      allocation: { allocated: 10 },
    });
  });
});
