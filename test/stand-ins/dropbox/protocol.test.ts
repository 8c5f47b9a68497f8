// Who may call, and what every answer has; texts are to the letter.
import { describe, expect, test } from 'vitest';
import type { Answer } from './caller.ts';
import { linked } from './linked.ts';

const upload = 'files/upload';
const listFolder = 'files/list_folder';
const inBody = (route: string, problem: string) => `Error in call to API function "${route}": ${problem}`;

describe('authorization', () => {
  test('is required, and has to be a bearer token: plain text, 400', async () => {
    const { caller } = await linked();
    expect(
      await caller.rpc(listFolder, { path: '' }, { headers: { Authorization: undefined } }),
    ).toMatchObject({
      status: 400,
      text: inBody(listFolder, 'Must provide HTTP header "Authorization" or URL parameter "authorization".'),
      headers: { 'content-type': 'text/plain; charset=utf-8' },
    });
    expect(
      await caller.rpc(listFolder, { path: '' }, { headers: { Authorization: 'Basic x' } }),
    ).toMatchObject({
      status: 400,
      text: inBody(
        listFolder,
        'Invalid authorization value in HTTP header "Authorization": "Basic x".  Expecting "Bearer <oauth2-access-token>".',
      ),
    });
  });

  test('with a token that is not good (any more): JSON, 401', async () => {
    const { standIn, caller } = await linked();
    expect(await caller.rpc(listFolder, { path: '' }, { token: 'sl.x' })).toMatchObject({
      status: 401,
      json: { error: { '.tag': 'invalid_access_token' } },
      headers: { 'content-type': 'application/json', 'www-authenticate': 'Dropbox-API' },
    });
    const token = standIn.newAccessToken({ expiresInSeconds: 60 });
    standIn.clock.advance(61);
    const expired = await caller.upload(upload, { path: '/a' }, undefined, { token });
    expect(expired).toMatchObject({ status: 401, json: { error: { '.tag': 'expired_access_token' } } });
    expect(expired.json.error_summary).toMatch(/^expired_access_token\/\.+$/);
    expect(expired.reason).toBe(expired.json.error_summary);
    standIn.revokeAccessTokens();
    expect(await caller.rpc(listFolder, { path: '' })).toMatchObject({
      status: 401,
      json: { error: { '.tag': 'invalid_access_token' } },
    });
  });

  test('with a scope that the token, or the app, does not have', async () => {
    const { standIn, caller } = await linked({ scopes: ['files.content.read', 'files.metadata.read'] });
    const token = standIn.newAccessToken({ scopes: ['files.content.read'] });
    expect(await caller.rpc(listFolder, { path: '' }, { token })).toMatchObject({
      status: 401,
      json: { error: { '.tag': 'missing_scope', required_scope: 'files.metadata.read' } },
    });
    const refused = await caller.rpc('files/delete_v2', { path: '/a' });
    expect(refused.status).toBe(400);
    expect(refused.text).toMatch(
      /^Error in call to API function "files\/delete_v2": Your app \(ID: \d+\) is not permitted to access this endpoint because it does not have the required scope 'files\.content\.write'\. The owner of the app can enable the scope for the app using the Permissions tab on the App Console\.$/,
    );
  });

  test('of the app itself is Basic', async () => {
    const { standIn, caller } = await linked();
    const { DROPBOX_APP_KEY: key, DROPBOX_APP_SECRET: secret } = standIn.environment;
    const basic = (text: string) => ({
      headers: { Authorization: `Basic ${Buffer.from(text).toString('base64')}` },
    });
    expect(await caller.rpc('check/app', { query: 'hello' }, basic(`${key}:${secret}`))).toMatchObject({
      status: 200,
      json: { result: 'hello' },
    });
    expect(await caller.rpc('check/app', { query: 'hello' }, basic(`${key}:x`))).toMatchObject({
      status: 400,
    });
  });
});

describe('every answer', () => {
  test('names the request, and has the headers that clients look at', async () => {
    const { standIn, caller } = await linked();
    standIn.files.write('/a', 'x');
    const answers = [
      await caller.rpc('users/get_current_account', null),
      await caller.rpc('files/get_metadata', { path: '/b' }),
      await caller.rpc('files/nothing', {}),
    ];
    for (const { headers } of answers) {
      expect(headers).toMatchObject({
        server: 'envoy',
        'cache-control': 'no-cache',
        'x-content-type-options': 'nosniff',
      });
      expect(headers['x-dropbox-request-id']).toMatch(/^[0-9a-f]{32}$/);
    }
    expect(answers.map(({ status }) => status)).toEqual([200, 409, 400]);
    expect(answers[0]?.headers['content-type']).toBe('application/json');
    expect(answers[0]?.json.account_id).toHaveLength(40);
    expect(answers[2]?.text).toBe('Unknown API function: "files/nothing"');
  });

  test('that is an error of the endpoint is an envelope with a summary of the tags', async () => {
    const { caller } = await linked();
    const { status, json, reason } = await caller.download({ path: '/nothing' });
    expect({ status, error: json.error }).toEqual({
      status: 409,
      error: { '.tag': 'path', path: { '.tag': 'not_found' } },
    });
    expect(json.error_summary).toMatch(/^path\/not_found\/\.{1,3}$/);
    expect(reason).toBe(json.error_summary);
  });

  test('has the date of the clock, skewed or not', async () => {
    const { standIn, caller } = await linked();
    standIn.clock.skewSeconds = -86_400;
    const { headers } = await caller.rpc('check/user', {});
    expect(Date.parse(headers.date ?? '') - standIn.clock.now()).toBeLessThan(-86_000_000);
  });
});

test('an upload that is refused is read to its end: its sender reads no answer before', async () => {
  const { standIn, caller } = await linked();
  const answer: Answer = await caller.upload(upload, { path: 'no' }, Buffer.alloc(3_000_000));
  expect(answer.status).toBe(400);
  expect(standIn.bytesReceived).toBe(3_000_000);
});
