// Linking and refreshing.
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Answer, Caller, Sent } from './caller.ts';
import { linked } from './linked.ts';

const verifier = 'v'.repeat(43);
const challenge = createHash('sha256').update(verifier).digest('base64url');

async function authorize(caller: Caller, more: Record<string, string> = {}): Promise<Answer> {
  const { DROPBOX_APP_KEY: client_id = '' } = caller.standIn.environment;
  const query = { client_id, response_type: 'code', token_access_type: 'offline', ...more };
  const pkce = { code_challenge: challenge, code_challenge_method: 'S256' };
  const text = new URLSearchParams({ ...pkce, ...query }).toString();
  return caller.send(`/oauth2/authorize?${text}`, { method: 'GET', headers: { Authorization: undefined } });
}

function token(caller: Caller, form: Record<string, string>, sent: Sent = {}): Promise<Answer> {
  const headers = {
    Authorization: undefined,
    'Content-Type': 'application/x-www-form-urlencoded',
    ...sent.headers,
  };
  return caller.send('/oauth2/token', { body: new URLSearchParams(form).toString(), ...sent, headers });
}

const wrong = (description: string, error = 'invalid_grant') => ({
  status: 400,
  json: { error, error_description: description },
  headers: { 'content-type': 'application/json' },
});

describe('linking', () => {
  test('with PKCE gives tokens that work, once', async () => {
    const { standIn, caller } = await linked();
    const { DROPBOX_APP_KEY: client_id = '' } = standIn.environment;
    const { code } = (await authorize(caller)).json as { code: string };
    const form = { grant_type: 'authorization_code', code, client_id };
    expect(await token(caller, { ...form, code_verifier: 'w'.repeat(43) })).toMatchObject(
      wrong('invalid code verifier'),
    );
    const answer = await token(caller, { ...form, code_verifier: verifier });
    expect(answer).toMatchObject({
      status: 200,
      json: {
        access_token: expect.stringMatching(/^sl\./),
        token_type: 'bearer',
        expires_in: 14_400,
        refresh_token: expect.any(String),
        scope: 'account_info.read files.metadata.read files.content.read files.content.write',
        uid: expect.any(String),
        account_id: expect.stringMatching(/^dbid:/),
      },
    });
    const { access_token } = answer.json as { access_token: string };
    const listed = await caller.rpc('files/list_folder', { path: '' }, { token: access_token });
    expect(listed).toMatchObject({ status: 200 });
    const again = await token(caller, { ...form, code_verifier: verifier });
    expect(again).toMatchObject(wrong("code doesn't exist or has expired"));
    expect(standIn.requests.find(({ route }) => route === 'oauth2/token')?.argument).toEqual({
      grant_type: 'authorization_code',
      client_id,
    });
  });

  test('without PKCE needs the secret, in the form or as Basic', async () => {
    const { standIn, caller } = await linked();
    const { DROPBOX_APP_KEY: client_id = '', DROPBOX_APP_SECRET: secret = '' } = standIn.environment;
    const plain = `/oauth2/authorize?client_id=${client_id}&response_type=code`;
    const code = async () => ((await caller.send(plain, { method: 'GET' })).json as { code: string }).code;
    const form = async () => ({ grant_type: 'authorization_code', code: await code() });
    const refused = await token(caller, { ...(await form()), client_id, client_secret: 'x' });
    expect(refused).toMatchObject({ status: 400, json: { error: 'invalid_client' } });
    const basic = { Authorization: `Basic ${Buffer.from(`${client_id}:${secret}`).toString('base64')}` };
    const online = await token(caller, await form(), { headers: basic });
    expect(online.status).toBe(200);
    expect(online.json).not.toHaveProperty('refresh_token');
  });

  test('shows a page to a browser, redirects where it is told to, and refuses strangers', async () => {
    const { standIn, caller } = await linked();
    const { DROPBOX_APP_KEY: client_id = '' } = standIn.environment;
    const url = `/oauth2/authorize?client_id=${client_id}&response_type=code`;
    const page = await caller.send(url, { method: 'GET', headers: { Accept: 'text/html' } });
    expect(page.text).toMatch(/value="[\w-]{43}"/);
    const redirected = await authorize(caller, { redirect_uri: 'http://localhost:1/back', state: 's' });
    expect(redirected.status).toBe(302);
    expect(redirected.headers.location).toMatch(/^http:\/\/localhost:1\/back\?code=[\w-]{43}&state=s$/);
    expect(await authorize(caller, { client_id: 'x' })).toMatchObject({ status: 400 });
    expect(await authorize(caller, { scope: 'team.everything' })).toMatchObject({ status: 400 });
  });

  test('with fewer scopes gives fewer', async () => {
    const { standIn, caller } = await linked();
    const { DROPBOX_APP_KEY: client_id = '' } = standIn.environment;
    const { code } = (await authorize(caller, { scope: 'files.content.read' })).json as { code: string };
    const { json } = await token(caller, {
      grant_type: 'authorization_code',
      code,
      client_id,
      code_verifier: verifier,
    });
    const refused = await caller.rpc('files/list_folder', { path: '' }, { token: json.access_token });
    expect(refused).toMatchObject({ status: 401, json: { error: { '.tag': 'missing_scope' } } });
  });
});

describe('refreshing', () => {
  test('gives a new access token and no new refresh token, as often as one likes', async () => {
    const { standIn, caller } = await linked();
    const { DROPBOX_APP_KEY: client_id = '', DROPBOX_REFRESH_TOKEN: refresh_token = '' } =
      standIn.environment;
    const form = { grant_type: 'refresh_token', refresh_token, client_id };
    for (let i = 0; i < 2; i += 1) {
      const { status, json } = await token(caller, form);
      expect(status).toBe(200);
      expect(json).toEqual({ access_token: expect.any(String), token_type: 'bearer', expires_in: 14_400 });
      const call = await caller.rpc('check/user', { query: 'x' }, { token: json.access_token });
      expect(call).toMatchObject({ status: 200, json: { result: 'x' } });
    }
    expect(standIn.violations).toEqual([]);
  });

  test('works with everything in the query, as the SDK does it, and that is noted', async () => {
    const { standIn, caller } = await linked();
    const { DROPBOX_APP_KEY: client_id = '', DROPBOX_REFRESH_TOKEN: refresh_token = '' } =
      standIn.environment;
    const query = new URLSearchParams({ grant_type: 'refresh_token', refresh_token, client_id }).toString();
    const headers = { Authorization: undefined, 'Content-Type': 'application/json' };
    expect(await caller.send(`/oauth2/token?${query}`, { headers })).toMatchObject({ status: 200 });
    expect(standIn.violations).toMatchObject([{ kind: 'secret-in-url', request: 1 }]);
  });

  test('fails for ever where it must', async () => {
    const { standIn, caller } = await linked();
    const { DROPBOX_APP_KEY: client_id = '', DROPBOX_REFRESH_TOKEN: refresh_token = '' } =
      standIn.environment;
    const form = { grant_type: 'refresh_token', refresh_token, client_id };
    expect(await token(caller, { ...form, refresh_token: '?' })).toMatchObject(
      wrong('refresh token is malformed'),
    );
    const unknown = { ...form, refresh_token: 'x'.repeat(64) };
    expect(await token(caller, unknown)).toMatchObject(wrong('refresh token is invalid or revoked'));
    const secret = { ...form, client_secret: 'wrong' };
    expect(await token(caller, secret)).toMatchObject({ status: 400, json: { error: 'invalid_client' } });
    expect(await token(caller, { ...form, grant_type: 'password' })).toMatchObject({ status: 400 });
    standIn.revokeRefreshToken();
    expect(await token(caller, form)).toMatchObject(wrong('refresh token is invalid or revoked'));
  });

  test('does not outlive a revocation', async () => {
    const { standIn, caller } = await linked();
    const { DROPBOX_APP_KEY: client_id = '', DROPBOX_REFRESH_TOKEN: refresh_token = '' } =
      standIn.environment;
    expect(await caller.rpc('auth/token/revoke', null)).toMatchObject({ status: 200, text: 'null' });
    const form = { grant_type: 'refresh_token', refresh_token, client_id };
    expect(await token(caller, form)).toMatchObject(wrong('refresh token is invalid or revoked'));
    expect(await caller.rpc('check/user', {})).toMatchObject({ status: 401 });
  });
});
