// A master as its readers meet it over HTTP: who is let in, what is refused, and a client of before that comes to the end.
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openOwn } from '../../../lib/sqlite/open.ts';
import { fixedClock } from '../../support/fixed-clock.ts';
import { scratch } from '../../support/scratch.ts';
import { readerKey, startMaster, type SyncMasterOptions } from '../../support/sync-master.ts';
import { herdlinxClient } from '../../stand-ins/herdlinx/client.ts';

async function master(options: SyncMasterOptions = {}) {
  const started = await startMaster(scratch(), options);
  onTestFinished(() => started[Symbol.asyncDispose]());
  const ask = async (
    path: string,
    headers: Record<string, string> = { 'x-api-key': readerKey },
    init = {},
  ) => {
    const response = await fetch(started.url + path, { headers, ...init });
    return { status: response.status, body: (await response.json()) as Record<string, unknown>, response };
  };
  return { ...started, url: started.url, master: started, ask };
}

test.each([
  ['no key', {}],
  ['an empty key', { 'x-api-key': '' }],
  ['another key', { 'x-api-key': `hxb_${'z'.repeat(40)}` }],
  ['the hash of the key', { 'x-api-key': 'a'.repeat(64) }],
  ['a token of nobody', { authorization: 'Bearer e30.e30.e30' }],
  ['an unsigned token', { authorization: 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.' }],
  ['another scheme', { authorization: `Basic ${readerKey}` }],
])('with %s nobody gets rows, and everybody an envelope', async (_, headers) => {
  const { ask } = await master();
  for (const path of ['/api/sync/full-export', '/api/sync/changes?since=2024-01-01', '/api/remote/status'])
    expect(await ask(path, headers)).toMatchObject({
      status: 401,
      body: { success: false, message: expect.any(String) },
    });
  expect(await ask('/api/remote/health', headers)).toMatchObject({
    status: 200,
    body: { status: 'healthy' },
  });
  expect(await ask('/api/sync/schema', headers)).toMatchObject({ status: 200, body: { success: true } });
});

describe('who guesses keys', () => {
  const guess = { 'x-api-key': `hxb_${'z'.repeat(40)}` };
  const waysIn: [string, string, Record<string, string>, object][] = [
    ['a key', '/api/sync/changes?since=2024-01-01', guess, {}],
    ['a token', '/api/remote/status', { authorization: 'Bearer e30.e30.e30' }, {}],
    ['nothing', '/api/sync/full-export', {}, {}],
    ['a key for a token', '/api/remote/auth/token', guess, { method: 'POST' }],
  ];

  test.each(waysIn)('with %s is slowed, and nobody with a key is', async (_, path, headers, init) => {
    const clock = fixedClock('2026-11-20T12:00:00Z');
    const { ask } = await master({ clock });
    const statuses: number[] = [];
    for (let time = 0; time < 31; time += 1) statuses.push((await ask(path, headers, init)).status);
    expect(statuses).toEqual([...Array<number>(30).fill(401), 429]);
    const { response, body } = await ask(path, headers, init);
    expect(body).toMatchObject({ success: false, message: expect.any(String) });
    expect(response.headers.get('retry-after')).toBe('30');
    expect(response.headers.get('connection')).toBe('close');
    expect((await ask('/api/remote/status')).status).toBe(200);
    expect((await ask('/api/remote/health', headers)).status).toBe(200);
    clock.advance(1000);
    expect((await ask(path, headers, init)).status).toBe(401);
    expect((await ask(path, headers, init)).status).toBe(429);
  });

  test('as one who listens is slowed as well', async () => {
    const { master: started } = await master();
    const upgrade = async () => {
      const headers = { connection: 'upgrade', upgrade: 'websocket', ...guess };
      const asking = request(`${started.url}/api/sync/announcements`, { headers, agent: false }).end();
      const [response] = (await once(asking, 'response')) as [IncomingMessage];
      response.resume();
      return response.statusCode;
    };
    const statuses: unknown[] = [];
    for (let time = 0; time < 31; time += 1) statuses.push(await upgrade());
    expect(statuses).toEqual([...Array<number>(30).fill(401), 429]);
  });

  test('cannot take all connections of a master', async () => {
    const { ask, master: started } = await master();
    const sockets = Array.from({ length: 80 }, () => connect(Number(new URL(started.url).port), '127.0.0.1'));
    onTestFinished(() => sockets.forEach((socket) => socket.destroy()));
    const closed = sockets.map((socket) => once(socket.on('error', () => undefined).resume(), 'close'));
    await Promise.all(closed.slice(50));
    expect(sockets.filter(({ destroyed }) => destroyed)).toHaveLength(30);
    sockets[0]?.destroy();
    await closed[0];
    expect((await ask('/api/remote/status')).status).toBe(200);
  });
});

test('a token counts for a day, also after a restart of the clock’s hour, and dies with its key', async () => {
  const clock = fixedClock('2026-11-20T12:00:00Z');
  const { ask, names } = await master({ clock });
  const given = await ask('/api/remote/auth/token', { 'x-api-key': readerKey }, { method: 'POST' });
  expect(given.body).toMatchObject({ success: true, token_type: 'Bearer', expires_in: 86_400 });
  const headers = { authorization: `Bearer ${String(given.body.token)}` };
  const status = async () => (await ask('/api/remote/status', headers)).status;
  expect(await status()).toBe(200);
  clock.advance(86_399_000);
  expect(await status()).toBe(200);
  const [kept] = names.entries();
  names.clear();
  expect(await status()).toBe(401);
  if (kept !== undefined) names.set(...kept);
  clock.advance(2000);
  expect(await status()).toBe(401);
});

test.each([
  ['', 400],
  ['?since=yesterday', 400],
  ['?since=2024-01-01&limit=0', 400],
  ['?since=2024-01-01&limit=-1', 400],
  ['?since=2024-01-01&limit=many', 400],
  ['?since=2024-01-01&exact=1', 400],
  ['?since=2024-01-01&limit=999999', 200],
  ['?since=2024-01-01T00:00:00%2B00:00', 200],
  ['?since=2024-01-01T00:00:00+00:00', 200],
])('changes%s is answered with %i', async (query, status) => {
  const { ask } = await master();
  const answered = await ask(`/api/sync/changes${query}`);
  expect([answered.status, answered.body.success]).toEqual([status, status === 200]);
});

test.each(['nothing', '1.0', `5.${'a'.repeat(32)}`, '-1.-1', "1' OR 1=1"])(
  'the cursor %j is answered with a way to begin anew',
  async (cursor) => {
    const { ask } = await master();
    for (const exact of ['', '&exact=1']) {
      const { status, body } = await ask(`/api/sync/changes?cursor=${encodeURIComponent(cursor)}${exact}`);
      expect([status, body.success, body.full_export_required]).toEqual([200, true, true]);
    }
  },
);

test.each(['/api/sync', '/api/sync/full-export/../../etc', '/office/api/sync-status', '/'])(
  'at %s there is nothing, in an envelope',
  async (path) => {
    const { ask } = await master();
    expect(await ask(path)).toMatchObject({ status: 404, body: { success: false } });
  },
);

test('an app that keeps its database locked is waited for by the reader, not by the app', async () => {
  const { ask, herd, run } = await master();
  run('INSERT INTO batches (id) VALUES (1)');
  const writer = openOwn(herd.path);
  writer.exec('BEGIN IMMEDIATE');
  const answered = await ask('/api/sync/full-export');
  writer.exec('ROLLBACK');
  writer.close();
  expect([answered.status, answered.response.headers.get('retry-after')]).toEqual([503, '5']);
  expect((await ask('/api/sync/full-export')).status).toBe(200);
});

test('a client of before reads every envelope, and ends with what there is', async () => {
  const { master: started, run } = await master();
  const client = herdlinxClient(started.url, readerKey);
  run(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
    INSERT INTO cattle SELECT i, 1, i / 4.0, 'n', '2024-01-15 10:30:00.000000' FROM n`);
  await client.fullSync();
  expect(client.rows('cattle')).toHaveLength(3000);
  run("UPDATE cattle SET weight = 7777.0, updated_at = '2026-11-20 02:00:00.000001' WHERE id > 1000");
  run(
    "DELETE FROM cattle WHERE id = 3; INSERT INTO batches VALUES (1, 'B1', '2024-01-15', '2026-11-20 02:00:00.5')",
  );
  await client.syncChanges(500);
  expect(client.rows('cattle').filter(({ weight }) => weight === 7777)).toHaveLength(2000);
  expect(client.rows('batches')).toEqual([
    { id: 1, batch_number: 'B1', induction_date: '2024-01-15', updated_at: '2026-11-20T02:00:00.5' },
  ]);
  expect(client.rows('cattle').some(({ id }) => id === 3)).toBe(false);
});

test('a client that knows no pages, and asks with its own clock, is told all there is', async () => {
  const { master: started, run } = await master();
  const client = herdlinxClient(started.url, readerKey);
  await client.fullSync();
  const now = new Date('2026-11-20T02:05:13Z');
  await client.syncAsTheirs(now);
  run(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 7000)
    INSERT INTO cattle SELECT i, 1, 1.0, 'n', datetime('2026-11-20 02:05:14', '+' || i || ' seconds') FROM n`);
  // What was committed while the last answer was on its way, by a clock that is a little behind.
  run("INSERT INTO batches VALUES (1, 'B1', NULL, '2026-11-20 02:04:20.000001')");
  await client.syncAsTheirs(now);
  expect([client.rows('cattle').length, client.rows('batches').length]).toEqual([7000, 1]);
});

test('an export is one instant, whatever is written while it is sent, and JSON of any size', async () => {
  const { ask, run } = await master();
  run(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000)
    INSERT INTO cattle SELECT i, 1, 1.0, hex(randomblob(400)), NULL FROM n`);
  const exporting = ask('/api/sync/full-export');
  run('DELETE FROM cattle');
  const { body } = await exporting;
  const { counts, data } = body as { counts: { cattle: number }; data: { cattle: unknown[] } };
  expect([0, 4000]).toContain(counts.cattle);
  expect(data.cattle).toHaveLength(counts.cattle);
});

test('JSON keeps what it can: digits, points, ISO, bytes', async () => {
  const { ask, run } = await master();
  run("INSERT INTO cattle VALUES (9007199254740993, NULL, 2.0, x'00ff', '2024-01-15 10:30:00.000001')");
  const response = await fetch(
    `${(await ask('/api/remote/health')).response.url.replace('/api/remote/health', '')}/api/sync/full-export`,
    {
      headers: { 'x-api-key': readerKey },
    },
  );
  expect(await response.text()).toContain(
    '{"id":9007199254740993,"batch_id":null,"weight":2.0,"notes":"AP8=","updated_at":"2024-01-15T10:30:00.000001"}',
  );
});
