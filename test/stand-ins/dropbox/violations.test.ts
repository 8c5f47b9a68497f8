// What a client must not do: each is noted, and a client that behaves leaves no note.
import { request } from 'node:http';
import { describe, expect, test } from 'vitest';
import { someBytes } from '../../support/some-bytes.ts';
import { linked, type Linked } from './linked.ts';

const bytes = someBytes(100);
const kinds = ({ standIn }: Pick<Linked, 'standIn'>) => standIn.violations.map(({ kind }) => kind);

describe('after a 429', () => {
  test('no request with the same token may come early; the time is the virtual clock’s', async () => {
    const { standIn, caller } = await linked();
    standIn.fault({ route: 'check/user', action: { kind: 'tooManyRequests', retryAfterSeconds: 300 } });
    await caller.rpc('check/user', { query: '1' });
    standIn.clock.advance(299);
    await caller.rpc('check/user', { query: '1' });
    expect(standIn.violations).toMatchObject([{ kind: 'early-after-429', request: 2 }]);
    await caller.rpc('check/user', { query: '1' }, { token: standIn.newAccessToken() });
    standIn.clock.advance(1);
    await caller.rpc('check/user', { query: '1' });
    expect(standIn.violations).toHaveLength(1);
  });

  test('another request that was on its way is none, unless it comes too late for that', async () => {
    const { standIn, caller } = await linked();
    standIn.switches.underwayMs = Infinity;
    standIn.fault({ route: 'check/user', action: { kind: 'tooManyRequests', retryAfterSeconds: 300 } });
    await caller.rpc('check/user', { query: '1' });
    await caller.rpc('users/get_space_usage', null);
    expect(standIn.violations).toEqual([]);
    standIn.switches.underwayMs = 0;
    await caller.rpc('users/get_space_usage', null);
    expect(kinds({ standIn })).toEqual(['early-after-429']);
  });

  test('of lock contention the same', async () => {
    const { standIn, caller } = await linked();
    standIn.fault({
      route: 'files/upload',
      action: { kind: 'tooManyWrites', as: '429', retryAfterSeconds: 2 },
    });
    await caller.upload('files/upload', { path: '/a' }, bytes);
    await caller.upload('files/upload', { path: '/a' }, bytes);
    expect(kinds({ standIn })).toEqual(['early-after-429']);
  });
});

test('a token must not be used again when a 401 said that it is expired', async () => {
  const { standIn, caller } = await linked();
  standIn.expireTokensNow();
  await caller.rpc('check/user', {});
  expect(standIn.violations).toEqual([]);
  await caller.rpc('check/user', {});
  expect(kinds({ standIn })).toEqual(['expired-token-reused']);
});

test('data needs a hash, and belongs into append_v2', async () => {
  const { standIn, caller } = await linked();
  const { json } = await caller.raw('files/upload_session/start', {}, bytes);
  const cursor = { session_id: (json as { session_id: string }).session_id, offset: bytes.length };
  await caller.raw('files/upload_session/append_v2', { cursor }, bytes);
  const end = { cursor: { ...cursor, offset: 200 }, commit: { path: '/a' } };
  await caller.upload('files/upload_session/finish', end, bytes);
  expect(standIn.violations.map(({ kind, request: number }) => [kind, number])).toEqual([
    ['no-content-hash', 1],
    ['data-outside-append', 1],
    ['no-content-hash', 2],
    ['data-outside-append', 3],
  ]);
});

describe('two changes of the namespace at the same time', () => {
  test.each([
    ['none', 200, ''],
    ['429', 429, 'too_many_write_operations'],
    ['409', 409, 'too_many_write_operations'],
  ] as const)('are noted; with the switch at %s the second one gets %i', async (contention, status, text) => {
    const { standIn, caller } = await linked();
    standIn.switches.contention = contention;
    const first = await caller.session(bytes);
    const second = await caller.session(bytes);
    const arrived = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    const hold = () => {
      arrived.resolve();
      return released.promise;
    };
    standIn.fault({ route: /finish/, action: { kind: 'run', when: 'after-body', run: hold } });
    const finish = (cursor: object, path: string) =>
      caller.upload('files/upload_session/finish', { cursor, commit: { path } });
    const held = finish(first, '/a');
    await arrived.promise;
    const racing = await finish(second, '/b');
    released.resolve();
    expect([racing.status, racing.text]).toEqual([status, expect.stringContaining(text)]);
    expect(await held).toMatchObject({ status: 200 });
    const races = () => kinds({ standIn }).filter((kind) => kind === 'racing-commit');
    expect(races()).toHaveLength(1);
    await finish(await caller.session(bytes), '/c');
    // On a slow machine this last one may come too early after a 429, which is another violation.
    expect(races()).toHaveLength(1);
  });

  test('are no violation one after the other, also on a slow line', async () => {
    const { standIn, caller } = await linked({ latencyMs: 20 });
    for (const path of ['/a', '/b', '/c']) await caller.upload('files/upload', { path }, bytes);
    expect(standIn.violations).toEqual([]);
  });
});

test('more open requests than allowed are noted, and the most of them is known', async () => {
  const { standIn, caller } = await linked();
  standIn.switches.openRequestsAllowed = 3;
  standIn.fault({ route: 'check/user', times: 5, action: { kind: 'hang' } });
  const { promise: allHere, resolve } = Promise.withResolvers<void>();
  standIn.fault({ route: 'check/user', nth: 5, action: { kind: 'run', run: () => resolve() } });
  const calls = Array.from({ length: 5 }, () => caller.rpc('check/user', {}).catch(() => undefined));
  await allHere;
  standIn.clearFaults();
  await Promise.all(calls);
  expect(standIn.maximumOpenRequests).toBe(5);
  expect(kinds({ standIn })).toEqual(['too-many-open-requests', 'too-many-open-requests']);
});

test('a secret in the address, and a host that is not ours', async () => {
  const { standIn, caller } = await linked();
  const token = standIn.newAccessToken();
  const headers = { Authorization: undefined, 'Content-Type': 'application/json' };
  const url = `/2/check/user?authorization=Bearer%20${token}`;
  expect(await caller.send(url, { headers, body: '{}' })).toMatchObject({ status: 200 });
  const { promise, resolve } = Promise.withResolvers<void>();
  request(`${standIn.url}/2/check/user`, { headers: { Host: 'api.dropboxapi.com' } }, (response) => {
    response.resume().on('end', () => resolve());
  }).end();
  await promise;
  expect(kinds({ standIn })).toEqual(['secret-in-url', 'foreign-host']);
});
