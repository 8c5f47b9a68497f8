// Access tokens: one refresh for all who wait, one more when Dropbox rejects it, and never a loop.
import { describe, expect, test } from 'vitest';
import { endpointAt } from '../../../../lib/store/dropbox/endpoint.ts';
import { createTokens, type DropboxCredentials, requestToken } from '../../../../lib/store/dropbox/tokens.ts';
import { noTraffic, Transport } from '../../../../lib/store/dropbox/transport.ts';
import { openOn, startStandIn } from '../../../contract/dropbox-world.ts';
import type { DropboxStandIn } from '../../../stand-ins/dropbox/stand-in.ts';
import { fixedClock } from '../../../support/fixed-clock.ts';

const { signal } = new AbortController();

function transportTo(standIn: DropboxStandIn): Transport {
  return new Transport({
    endpoint: endpointAt(standIn.url),
    timeoutMs: 30_000,
    pace: () => Promise.resolve(),
    traffic: noTraffic(),
  });
}

function credentialsOf({ environment }: DropboxStandIn): DropboxCredentials {
  return {
    appKey: environment.DROPBOX_APP_KEY,
    appSecret: environment.DROPBOX_APP_SECRET,
    refreshToken: environment.DROPBOX_REFRESH_TOKEN,
    accessToken: undefined,
  };
}

function refreshes(standIn: DropboxStandIn): number {
  return standIn.requests.filter(({ route }) => route === 'oauth2/token').length;
}

async function tokensOn(standIn: DropboxStandIn, change: Partial<DropboxCredentials> = {}) {
  const clock = fixedClock();
  const tokens = createTokens({ ...credentialsOf(standIn), ...change }, transportTo(standIn), clock);
  return { clock, tokens };
}

describe('a refresh token', () => {
  test('is used once for all who ask at the same time', async () => {
    const standIn = await startStandIn();
    const { tokens } = await tokensOn(standIn);
    const given = await Promise.all(Array.from({ length: 12 }, () => tokens.current(signal)));
    expect(new Set(given).size).toBe(1);
    expect(refreshes(standIn)).toBe(1);
  });

  test('needs no app secret', async () => {
    const standIn = await startStandIn();
    const { tokens } = await tokensOn(standIn, { appSecret: undefined });
    expect(await tokens.current(signal)).toMatch(/^sl\./);
  });

  test('is used again when nine tenths of the life of the access token are over', async () => {
    const standIn = await startStandIn();
    const { tokens, clock } = await tokensOn(standIn);
    const first = await tokens.current(signal);
    clock.advance(14_400_000 * 0.9 - 1);
    expect(await tokens.current(signal)).toBe(first);
    clock.advance(1);
    expect(await tokens.current(signal)).not.toBe(first);
    expect(refreshes(standIn)).toBe(2);
  });

  test('is used once when many learn at the same time that their token was rejected', async () => {
    const standIn = await startStandIn();
    const { tokens } = await tokensOn(standIn);
    const old = await tokens.current(signal);
    const renewed = await Promise.all(
      Array.from({ length: 8 }, async () => {
        tokens.reject(old);
        return tokens.current(signal);
      }),
    );
    expect(new Set(renewed).size).toBe(1);
    expect(renewed[0]).not.toBe(old);
    // News of the token before comes late: the new one stays.
    tokens.reject(old);
    expect(await tokens.current(signal)).toBe(renewed[0]);
    expect(refreshes(standIn)).toBe(2);
  });

  test('that failed to be used is used again by the next who asks', async () => {
    const standIn = await startStandIn();
    const { tokens } = await tokensOn(standIn);
    standIn.fault({ route: 'oauth2/token', action: { kind: 'reply', status: 503 } });
    await expect(tokens.current(signal)).rejects.toMatchObject({ kind: 'server' });
    expect(await tokens.current(signal)).toMatch(/^sl\./);
  });

  test.each([[0], [-1], [1], ['14400'], ['soon'], [null], [1e308], [{}], [undefined]])(
    'that is said to live %j seconds serves many calls, and not for longer than any token lives',
    async (expires_in) => {
      const standIn = await startStandIn();
      const { tokens, clock } = await tokensOn(standIn);
      const alter = (answer: object) => ({ ...answer, expires_in });
      standIn.fault({ route: 'oauth2/token', times: Infinity, action: { kind: 'alter', alter } });
      for (let i = 0; i < 20; i += 1) await tokens.current(signal);
      expect(refreshes(standIn)).toBe(1);
      clock.advance(14_400_000);
      await tokens.current(signal);
      expect(refreshes(standIn)).toBe(2);
    },
  );

  test.each(['', 'two words', 'line\nend', 'ümlaut', 'x'.repeat(10_000), 7, null, ['a']])(
    'gets nothing of use for it: %j is no token, and shown nowhere',
    async (access_token) => {
      const standIn = await startStandIn();
      const { tokens } = await tokensOn(standIn);
      const alter = (answer: object) => ({ ...answer, access_token });
      standIn.fault({ route: 'oauth2/token', action: { kind: 'alter', alter } });
      const failure: unknown = await tokens.current(signal).catch((error: unknown) => error);
      expect(failure).toMatchObject({ kind: 'stranger' });
      expect(String(failure)).not.toMatch(/two words|line|xxxx|ümlaut/);
      expect(await tokens.current(signal)).toMatch(/^sl\./);
    },
  );

  test.each(['temporarily_unavailable', 'server_error'])(
    'refused with %s is no refusal for good',
    async (error) => {
      const standIn = await startStandIn();
      standIn.fault({ route: 'oauth2/token', action: { kind: 'reply', status: 400, body: { error } } });
      expect(await openOn(standIn).list('')).toEqual([]);
      expect(refreshes(standIn)).toBe(2);
    },
  );

  test('that gets tokens which are never accepted is given up after the second', async () => {
    const standIn = await startStandIn();
    standIn.fault({ route: /^files/, times: Infinity, action: { kind: 'reply', status: 401, body: '' } });
    await expect(openOn(standIn).list('')).rejects.toMatchObject({ kind: 'denied' });
    expect(standIn.requests).toHaveLength(4);
  });

  test('never stands in an address', async () => {
    const standIn = await startStandIn();
    const { tokens } = await tokensOn(standIn);
    await tokens.current(signal);
    expect(standIn.violations).toEqual([]);
  });

  test.each([
    [
      'revoked',
      {},
      (standIn: DropboxStandIn) => standIn.revokeRefreshToken(),
      /invalid or revoked/,
      /db-backup link/,
    ],
    ['malformed', { refreshToken: 'short' }, () => undefined, /malformed/, /db-backup link/],
    [
      'of an app with another secret',
      { appSecret: 'wrong' },
      () => undefined,
      /key and secret/,
      /DROPBOX_APP_SECRET/,
    ],
  ] as const)('%s: denied', async (_, change, prepare, message, hint) => {
    const standIn = await startStandIn();
    const { tokens } = await tokensOn(standIn, change);
    prepare(standIn);
    await expect(tokens.current(signal)).rejects.toMatchObject({
      kind: 'denied',
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    });
    expect(refreshes(standIn)).toBe(1);
  });

  test('without the key of its app is a mistake of the configuration', async () => {
    const standIn = await startStandIn();
    await expect(tokensOn(standIn, { appKey: undefined })).rejects.toMatchObject({ kind: 'config' });
  });
});

describe('an access token alone', () => {
  test('is used as it is, and cannot be renewed', async () => {
    const standIn = await startStandIn();
    const { tokens } = await tokensOn(standIn, { refreshToken: undefined, accessToken: 'sl.given' });
    expect(await tokens.current(signal)).toBe('sl.given');
    expect(() => tokens.reject('sl.given')).toThrow(/DROPBOX_ACCESS_TOKEN is not accepted/);
    expect(refreshes(standIn)).toBe(0);
  });

  test('nothing at all is denied', async () => {
    const standIn = await startStandIn();
    await expect(tokensOn(standIn, { refreshToken: undefined })).rejects.toMatchObject({ kind: 'denied' });
  });
});

describe('through the store', () => {
  test('a 401 is answered by one refresh, and every call is made again', async () => {
    const standIn = await startStandIn();
    const store = openOn(standIn);
    await store.stat('a.db');
    standIn.expireTokensNow();
    await Promise.all(['b.db', 'c.db', 'd.db', 'e.db'].map((name) => store.stat(name)));
    expect(refreshes(standIn)).toBe(2);
    const accepted = standIn.requests.filter(({ error }) => error?.startsWith('path/not_found') === true);
    expect(accepted).toHaveLength(5);
  });

  test('a token that is rejected right after it was given out: denied, no loop', async () => {
    const standIn = await startStandIn();
    const store = openOn(standIn);
    const body = { error_summary: 'invalid_access_token/..', error: { '.tag': 'invalid_access_token' } };
    standIn.fault({
      route: 'files/get_metadata',
      times: Infinity,
      action: { kind: 'reply', status: 401, body },
    });
    await expect(store.stat('a.db')).rejects.toMatchObject({
      kind: 'denied',
      message: expect.stringMatching(/does not accept the token it just gave out/),
      hint: expect.stringMatching(/db-backup link/),
    });
    expect(refreshes(standIn)).toBe(2);
  });
});

describe('the token endpoint', () => {
  test.each([
    ['no token', { token_type: 'bearer' }],
    ['an empty token', { access_token: '' }],
    ['a token that is none', { access_token: 7 }],
    ['text', 'ok'],
    ['nothing', 'null'],
  ])('a reply with %s is not believed', async (_, body) => {
    const standIn = await startStandIn();
    standIn.fault({ route: 'oauth2/token', action: { kind: 'reply', status: 200, body } });
    await expect(requestToken(transportTo(standIn), { grant_type: 'x' }, signal)).rejects.toMatchObject({
      kind: 'stranger',
    });
  });

  test('a refusal that quotes what was sent does not make us show it', async () => {
    const standIn = await startStandIn();
    const form = { grant_type: 'refresh_token', refresh_token: 'secret-token-123', client_id: 'key' };
    const body = { error: 'invalid_grant', error_description: 'bad token "secret-token-123"' };
    standIn.fault({ route: 'oauth2/token', action: { kind: 'reply', status: 400, body } });
    const refused = await requestToken(transportTo(standIn), form, signal).catch((error: unknown) => error);
    expect(refused).toMatchObject({ kind: 'denied' });
    expect(String(refused)).not.toContain('secret-token-123');
  });
});
