// Scripted faults: each does what it says, to the calls it was meant for, and leaves the account as it should be.
import { describe, expect, test } from 'vitest';
import { someBytes } from '../some-bytes.ts';
import { linked, tagsOf } from './linked.ts';

const append = 'files/upload_session/append_v2';
const finish = 'files/upload_session/finish';
const bytes = someBytes(1_000_000);

describe('a fault hits', () => {
  test('the nth call of its route from now on, as often as it says', async () => {
    const { standIn, caller } = await linked();
    const call = async () => (await caller.rpc('check/user', { query: 'x' })).status;
    await call();
    standIn.fault({ route: 'check/user', nth: 2, times: 2, action: { kind: 'reply', status: 503 } });
    expect([await call(), await call(), await call(), await call()]).toEqual([200, 503, 503, 200]);
    expect(standIn.waitingFaults).toEqual([]);
    expect(standIn.requests.map(({ faults }) => faults.length)).toEqual([0, 0, 1, 1, 0]);
  });

  test('every call of a pattern, and only those that match', async () => {
    const { standIn, caller } = await linked();
    standIn.fault({
      route: /^files\//,
      times: Infinity,
      matches: ({ argument }) => (argument as { path?: string }).path === '/b',
      action: { kind: 'reply', status: 500, headers: { 'Content-Type': 'application/grpc' } },
    });
    const upload = async (path: string) => (await caller.upload('files/upload', { path }, bytes)).status;
    expect([await upload('/a'), await upload('/b'), await upload('/b')]).toEqual([200, 500, 500]);
    standIn.clearFaults();
    expect(await upload('/b')).toBe(200);
  });
});

describe('a connection that breaks', () => {
  test.each([
    ['discard', 0],
    ['keep', 300_000],
  ] as const)(
    'in the body of an append; of it the service will %s: %i bytes',
    async (partialAppend, kept) => {
      const { standIn, caller } = await linked();
      standIn.switches.partialAppend = partialAppend;
      const { session_id } = await caller.session(Buffer.alloc(0));
      standIn.fault({ route: append, action: { kind: 'dropBefore', bytes: 300_000 } });
      const cursor = { session_id, offset: 0 };
      await expect(caller.upload(append, { cursor, close: true }, bytes)).rejects.toThrow(
        /hang up|ECONNRESET|EPIPE/,
      );
      expect(standIn.requests.at(-1)).toMatchObject({ bodyBytes: 300_000, outcome: 'dropped' });
      expect(standIn.sessions).toMatchObject([{ length: kept, closed: false }]);
      expect(standIn.partsOnDisk()).toHaveLength(kept === 0 ? 0 : 1);
    },
  );

  test('on arrival, or before the answer of a call that was applied', async () => {
    const { standIn, caller } = await linked();
    const upload = (path: string) => caller.upload('files/upload', { path }, bytes);
    standIn.fault({ route: 'files/upload', action: { kind: 'dropBefore' } });
    standIn.fault({ route: 'files/upload', nth: 2, action: { kind: 'dropAfterApply' } });
    await expect(upload('/a')).rejects.toThrow();
    expect(standIn.files.list()).toEqual([]);
    await expect(upload('/a')).rejects.toThrow();
    expect(standIn.files.list()).toHaveLength(1);
    standIn.fault({ route: 'files/delete_v2', action: { kind: 'dropBefore', bytes: 5 } });
    await expect(caller.rpc('files/delete_v2', { path: '/a' })).rejects.toThrow();
    expect(standIn.files.list()).toHaveLength(1);
  });

  test.each(['client', 'service'])('because the %s went away', async (who) => {
    const { standIn, caller } = await linked();
    const { session_id } = await caller.session(Buffer.alloc(0));
    const arrived = Promise.withResolvers<void>();
    const end = Promise.withResolvers<void>();
    standIn.fault({ route: append, action: { kind: 'run', afterBytes: 1, run: () => arrived.resolve() } });
    const broken = async function* () {
      yield bytes;
      await end.promise;
      throw new Error('the client breaks off');
    };
    const sent = caller.raw(append, { cursor: { session_id, offset: 0 } }, broken());
    const failed = expect(sent).rejects.toThrow();
    await arrived.promise;
    if (who === 'service') await standIn.restart();
    end.resolve();
    await failed;
    await standIn.idle();
    expect(standIn.requests.at(-1)).toMatchObject({ outcome: 'dropped' });
    expect(standIn.sessions).toMatchObject([{ length: 0 }]);
    expect(standIn.partsOnDisk()).toEqual([]);
  });
});

describe('an answer that lies', () => {
  test('about what was done: replyAfterApply, html200', async () => {
    const { standIn, caller } = await linked();
    const route = 'files/upload';
    standIn.fault({ route, action: { kind: 'replyAfterApply', status: 500 } });
    standIn.fault({ route, nth: 2, action: { kind: 'html200' } });
    standIn.fault({ route, nth: 3, action: { kind: 'html200', afterApply: true } });
    const put = (path: string) => caller.upload(route, { path }, bytes);
    expect(await put('/a')).toMatchObject({ status: 500, text: '' });
    expect(await put('/b')).toMatchObject({ status: 200, headers: { 'content-type': 'text/html' } });
    expect((await put('/c')).text).toContain('Hotel Wi-Fi');
    expect(standIn.files.list().map(({ path }) => path)).toEqual(['/a', '/c']);
  });

  test.each(['content_hash', 'size', 'path', 'rev'] as const)('about the metadata: %s', async (change) => {
    const { standIn, caller } = await linked();
    standIn.fault({ route: /./, times: 3, action: { kind: 'wrongMetadata', change } });
    const uploaded = await caller.upload('files/upload', { path: '/a' }, bytes);
    const [file] = standIn.files.list();
    const truth = { content_hash: file?.contentHash, size: file?.size, path: '/a', rev: file?.rev }[change];
    const field = change === 'path' ? 'path_lower' : change;
    expect(uploaded.json[field]).not.toBe(truth);
    expect((await caller.rpc('files/get_metadata', { path: '/a' })).json[field]).not.toBe(truth);
    const downloaded = await caller.download({ path: '/a' });
    expect(JSON.parse(String(downloaded.headers['dropbox-api-result']))[field]).not.toBe(truth);
  });

  test('about the place: another name though nothing was in the way', async () => {
    const { standIn, caller } = await linked();
    standIn.fault({ route: 'files/upload', action: { kind: 'autorenameSurprise' } });
    const { json } = await caller.upload('files/upload', { path: '/a.db' }, bytes);
    expect(json.path_lower).toBe('/a (2).db');
    expect(standIn.files.list().map(({ path }) => path)).toEqual(['/a (2).db']);
  });

  test('about the bytes: corrupt, truncated, the whole file, another file', async () => {
    const { standIn, caller } = await linked();
    const { rev } = standIn.files.write('/a', bytes);
    const get = async (...actions: Parameters<typeof standIn.fault>[0]['action'][]) => {
      for (const action of actions) standIn.fault({ route: 'files/download', action });
      return caller.download({ path: '/a' }, { Range: 'bytes=500000-' });
    };
    const rest = bytes.subarray(500_000);
    const corrupt = await get({ kind: 'corruptByte', at: 400_000 });
    expect([corrupt.bytes.length, corrupt.bytes.equals(rest)]).toEqual([rest.length, false]);
    expect(corrupt.bytes.subarray(0, 400_000).equals(rest.subarray(0, 400_000))).toBe(true);
    expect(corrupt.bytes.subarray(400_001).equals(rest.subarray(400_001))).toBe(true);
    await expect(get({ kind: 'truncateResponse', bytes: 100_000 })).rejects.toThrow('aborted');
    const short = await get({ kind: 'truncateResponse', bytes: 100_000, complete: true });
    expect(short).toMatchObject({ status: 206, headers: { 'content-length': '100000' } });
    const whole = await get({ kind: 'ignoreRange' }, { kind: 'missingResultHeader' });
    expect([whole.status, whole.bytes.length]).toEqual([200, bytes.length]);
    expect(whole.headers['dropbox-api-result']).toBeUndefined();
    const other = await get({ kind: 'changeFileBetweenRanges' });
    expect(other.bytes.equals(rest)).toBe(false);
    expect(other.bytes).toHaveLength(rest.length);
    const pinned = await caller.download({ path: `rev:${rev}` }, { Range: 'bytes=500000-' });
    expect(pinned.bytes.equals(rest)).toBe(true);
  });
});

describe('a service under load', () => {
  test.each([
    ['json', '7', { error: { reason: { '.tag': 'too_many_requests' }, retry_after: 7 } }],
    ['json-without-header', undefined, { error: { retry_after: 7 } }],
    ['plain', '7', undefined],
    ['plain-without-header', undefined, undefined],
  ] as const)('answers 429 as %s', async (form, header, json) => {
    const { standIn, caller } = await linked();
    standIn.fault({ route: 'files/upload', action: { kind: 'tooManyRequests', form, retryAfterSeconds: 7 } });
    const answer = await caller.upload('files/upload', { path: '/a' }, bytes);
    expect([answer.status, answer.headers['retry-after']]).toEqual([429, header]);
    if (json === undefined) expect(answer.json).toBeUndefined();
    else expect(answer.json).toMatchObject(json);
    expect(standIn.files.list()).toEqual([]);
    expect(standIn.partsOnDisk()).toEqual([]);
  });

  test('has too many write operations: as 429, as 409, in an entry', async () => {
    const { standIn, caller } = await linked();
    const cursor = await caller.session(bytes, { close: true });
    const commit = { path: '/a' };
    standIn.fault({ route: finish, action: { kind: 'tooManyWrites', as: '429' } });
    standIn.fault({ route: finish, nth: 2, action: { kind: 'tooManyWrites', as: '409' } });
    const limited = await caller.upload(finish, { cursor, commit });
    expect(limited).toMatchObject({
      status: 429,
      json: { error: { reason: { '.tag': 'too_many_write_operations' } } },
    });
    const refused = await caller.upload(finish, { cursor, commit });
    expect([refused.status, tagsOf(refused)]).toEqual([409, 'too_many_write_operations']);
    const batch = 'files/upload_session/finish_batch_v2';
    standIn.fault({ route: batch, action: { kind: 'tooManyWrites', as: 'entry', entries: [0] } });
    const second = await caller.session(bytes, { close: true });
    const { json } = await caller.rpc(batch, {
      entries: [
        { cursor, commit },
        { cursor: second, commit: { path: '/b' } },
      ],
    });
    expect(json.entries).toMatchObject([
      { '.tag': 'failure', failure: { '.tag': 'too_many_write_operations' } },
      { '.tag': 'success' },
    ]);
    expect(standIn.files.list().map(({ path }) => path)).toEqual(['/b']);
  });

  test('forgets an upload session', async () => {
    const { standIn, caller } = await linked();
    const cursor = await caller.session(bytes);
    standIn.fault({ route: append, action: { kind: 'sessionForget' } });
    expect(tagsOf(await caller.upload(append, { cursor }, bytes))).toBe('not_found');
    expect([standIn.sessions, standIn.partsOnDisk()]).toEqual([[], []]);
  });
});

describe('waiting', () => {
  test('a call that hangs has its body, is not applied, and ends when the faults are cleared', async () => {
    const { standIn, caller } = await linked();
    const { promise: arrived, resolve } = Promise.withResolvers<void>();
    const route = 'files/upload';
    standIn.fault({ route, action: { kind: 'run', when: 'after-body', run: () => resolve() } });
    standIn.fault({ route, action: { kind: 'hang' } });
    const hanging = expect(caller.upload(route, { path: '/a' }, bytes)).rejects.toThrow();
    await arrived;
    expect(standIn.requests[0]).toMatchObject({ bodyBytes: bytes.length, outcome: 'open' });
    standIn.clearFaults();
    await hanging;
    expect(standIn.files.list()).toEqual([]);
  });

  test('a call that hangs after it was applied was applied', async () => {
    const { standIn, caller } = await linked();
    const route = 'files/upload';
    const { promise: applied, resolve } = Promise.withResolvers<void>();
    standIn.fault({ route, action: { kind: 'run', when: 'after-apply', run: () => resolve() } });
    standIn.fault({ route, action: { kind: 'hang', when: 'after-apply' } });
    const hanging = expect(caller.upload(route, { path: '/a' }, bytes)).rejects.toThrow();
    await applied;
    expect(standIn.files.list()).toHaveLength(1);
    await standIn.stop();
    await hanging;
  });

  test('a delay and a slow answer only take their time', async () => {
    const { standIn, caller } = await linked();
    standIn.fault({ route: 'check/user', action: { kind: 'delay', milliseconds: 120 } });
    standIn.fault({ route: 'check/user', action: { kind: 'slowLoris', bytesPerSecond: 100 } });
    const begun = performance.now();
    const { json } = await caller.rpc('check/user', { query: 'abcde' });
    expect(json).toEqual({ result: 'abcde' });
    expect(performance.now() - begun).toBeGreaterThan(120 + 150);
  });

  test('a hook is called at its moment, and after so many bytes of the body', async () => {
    const { standIn, caller } = await linked();
    const seen: string[] = [];
    const route = 'files/upload';
    const note = (moment: string) => () =>
      void seen.push(`${moment}, ${standIn.requests[0]?.bodyBytes ?? 0}`);
    standIn.fault({ route, action: { kind: 'run', run: note('arrival') } });
    standIn.fault({ route, action: { kind: 'run', when: 'after-apply', run: note('after-apply') } });
    standIn.fault({
      route,
      action: { kind: 'run', afterBytes: 1, run: ({ request }) => void seen.push(request.route) },
    });
    await caller.upload(route, { path: '/a' }, bytes);
    expect(seen).toEqual(['arrival, 0', route, `after-apply, ${bytes.length}`]);
  });

  test('a hook may drop the connection', async () => {
    const { standIn, caller } = await linked();
    standIn.fault({ route: 'files/upload', action: { kind: 'run', run: ({ drop }) => drop() } });
    await expect(caller.upload('files/upload', { path: '/a' }, bytes)).rejects.toThrow();
    expect(standIn.files.list()).toEqual([]);
  });
});
