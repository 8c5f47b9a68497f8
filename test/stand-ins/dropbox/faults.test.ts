// Scripted faults: each does what it says, to the calls it was meant for, and leaves the account as it should be.
import { describe, expect, test } from 'vitest';
import { someBytes } from '../../support/some-bytes.ts';
import { linked } from './linked.ts';

const append = 'files/upload_session/append_v2';
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
