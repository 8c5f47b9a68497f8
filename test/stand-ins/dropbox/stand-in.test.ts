// The way of a backup through the stand-in: link, upload, list, read back, delete; and what is left after a restart.
import { createHash, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { scratch } from '../../support/scratch.ts';
import { someBytes } from '../../support/some-bytes.ts';
import { Caller } from './caller.ts';
import { contentHashOf } from './content-hash.ts';
import { DropboxStandIn } from './stand-in.ts';

test('a client links with PKCE, uploads in an upload session, reads back and deletes', async () => {
  await using standIn = await DropboxStandIn.start();
  const { DROPBOX_APP_KEY: client_id = '' } = standIn.environment;
  const verifier = randomBytes(48).toString('base64url');
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const query = new URLSearchParams({
    client_id,
    response_type: 'code',
    token_access_type: 'offline',
    code_challenge: challenge,
    code_challenge_method: 'S256',
  });
  const { code } = (await (await fetch(`${standIn.url}/oauth2/authorize?${query.toString()}`)).json()) as {
    code: string;
  };
  const form = new URLSearchParams({
    grant_type: 'authorization_code',
    code,
    client_id,
    code_verifier: verifier,
  });
  const linked = await fetch(`${standIn.url}/oauth2/token`, { method: 'POST', body: form });
  const { access_token: token } = (await linked.json()) as { access_token: string };

  const caller = new Caller(standIn);
  const bytes = someBytes(5 * 1024 * 1024);
  const cursor = await caller.session(bytes);
  const commit = { path: '/Backups/a.db', mode: 'add' };
  const finished = await caller.upload('files/upload_session/finish', { cursor, commit }, undefined, {
    token,
  });
  expect(finished).toMatchObject({
    status: 200,
    json: { path_lower: '/backups/a.db', size: bytes.length, content_hash: contentHashOf(bytes) },
  });

  const listed = await caller.rpc('files/list_folder', { path: '', recursive: true });
  expect(listed.json).toMatchObject({
    entries: [
      { '.tag': 'folder', name: 'Backups' },
      { '.tag': 'file', name: 'a.db' },
    ],
    has_more: false,
  });
  expect((await caller.download({ path: '/backups/A.DB' })).bytes.equals(bytes)).toBe(true);
  expect(await caller.rpc('files/delete_v2', { path: '/backups/a.db' })).toMatchObject({ status: 200 });
  expect(standIn.files.list()).toEqual([]);
  expect(standIn.violations).toEqual([]);
});

test('files, upload sessions and tokens are there after a restart at the same port', async () => {
  const directory = scratch();
  await using standIn = await DropboxStandIn.start({ directory });
  const caller = new Caller(standIn);
  const bytes = someBytes(3000);
  const { url } = standIn;
  standIn.files.write('/a.db', bytes);
  const cursor = await caller.session(bytes);
  await standIn.restart();
  expect(standIn.url).toBe(url);
  expect(standIn.files.bytes('/a.db').equals(bytes)).toBe(true);
  const finished = await caller.upload('files/upload_session/finish', { cursor, commit: { path: '/b.db' } });
  expect(finished).toMatchObject({ status: 200, json: { size: 3000, content_hash: contentHashOf(bytes) } });
});
