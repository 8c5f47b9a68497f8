import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { probeHealth, type HealthProbe } from '../../../lib/process/health-probe.ts';
import { scratch } from '../../support/scratch.ts';

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A probe whose waiting takes no time: only the clock moves. */
function probe(options: Partial<HealthProbe>): Parameters<typeof probeHealth>[0] & { waits: number[] } {
  let nowMs = 0;
  const waits: number[] = [];
  return {
    timeoutMs: 10_000,
    signal: new AbortController().signal,
    clock: { now: () => new Date(nowMs), monotonicMs: () => nowMs },
    wait: async (ms, signal) => {
      signal.throwIfAborted();
      waits.push(ms);
      nowMs += ms;
    },
    waits,
    ...options,
  };
}

test('a command that exits 0 is well at the first try', async () => {
  expect(await probeHealth(probe({ command: 'true' }))).toEqual({
    ok: true,
    attempts: 1,
    detail: 'the health command exits 0',
  });
});

test('an app that takes a while is asked again until it is well', async () => {
  const path = join(scratch(), 'tries');
  const command = `echo x >> ${path}; [ "$(wc -l < ${path})" -eq 3 ]`;
  const asked = probe({ command });
  expect(await probeHealth(asked)).toMatchObject({ ok: true, attempts: 3 });
  expect(asked.waits).toEqual([1000, 1000]);
});

test('an app that stays unwell is given up at the deadline, with what it said', async () => {
  const asked = probe({ command: 'echo database is locked; exit 1' });
  expect(await probeHealth(asked)).toEqual({
    ok: false,
    attempts: 10,
    detail: 'cannot run "echo database is locked; exit 1": exit code 1: database is locked (asked for 10 s)',
  });
});

test('an app without any time left is asked once', async () => {
  expect(await probeHealth(probe({ command: 'true', timeoutMs: 0 }))).toMatchObject({ attempts: 1 });
});

test('a command that hangs counts as a failed try', async () => {
  const answer = await probeHealth(probe({ command: 'sleep 600', timeoutMs: 200 }));
  expect(answer).toMatchObject({ ok: false, attempts: 1 });
  expect(answer.detail).toContain('it took longer than 200 ms');
});

test('a URL that answers 2xx is well', async () => {
  const url = await serve((_request, response) => response.writeHead(204).end());
  expect(await probeHealth(probe({ url: `${url}/health?token=x` }))).toEqual({
    ok: true,
    attempts: 1,
    detail: `${url}/health answers 204`,
  });
});

test('a URL that answers 503 at first is asked again', async () => {
  let requests = 0;
  const url = await serve((_request, response) => {
    requests += 1;
    response.writeHead(requests < 3 ? 503 : 200).end('body');
  });
  expect(await probeHealth(probe({ url }))).toMatchObject({ ok: true, attempts: 3 });
});

test('an answer that is not 2xx is named', async () => {
  const url = await serve((_request, response) => response.writeHead(500).end());
  expect((await probeHealth(probe({ url, timeoutMs: 900 }))).detail).toBe(
    `cannot get ${url}/: it answers 500 (asked for 900 ms)`,
  );
});

test('a port where nobody listens says so', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const answer = await probeHealth(probe({ url: `http://127.0.0.1:${port}`, timeoutMs: 900 }));
  expect(answer).toMatchObject({ ok: false, attempts: 1 });
  expect(answer.detail).toContain('connection refused');
});

test('a server that never answers counts as a failed try', async () => {
  const url = await serve(() => undefined);
  const answer = await probeHealth(probe({ url, timeoutMs: 200 }));
  expect(answer.detail).toContain('no answer within 200 ms');
});

test('a redirect on the same host is followed', async () => {
  const url = await serve((request, response) => {
    if (request.url === '/well') response.end('ok');
    else response.writeHead(302, { location: '/well' }).end();
  });
  expect((await probeHealth(probe({ url }))).detail).toBe(`${url}/well answers 200`);
});

test('a redirect to another host is not followed', async () => {
  let asked = false;
  const elsewhere = await serve((_request, response) => {
    asked = true;
    response.end();
  });
  const target = elsewhere.replace('127.0.0.1', 'localhost');
  const url = await serve((_request, response) => response.writeHead(302, { location: target }).end());
  const answer = await probeHealth(probe({ url, timeoutMs: 900 }));
  expect(answer.ok).toBe(false);
  expect(answer.detail).toContain('it redirects to another host, localhost:');
  expect(asked).toBe(false);
});

test('redirects in a circle end', async () => {
  const url = await serve((_request, response) => response.writeHead(302, { location: '/' }).end());
  expect((await probeHealth(probe({ url, timeoutMs: 900 }))).detail).toContain('too many redirects');
});

test('a body without an end is not read to its end', async () => {
  const url = await serve((_request, response) => {
    const more = () => {
      while (response.write('x'.repeat(65_536)));
    };
    response.on('drain', more);
    more();
  });
  expect(await probeHealth(probe({ url }))).toMatchObject({ ok: true, attempts: 1 });
});

test('a password in the URL is refused and not shown', async () => {
  const answer = await probeHealth(probe({ url: 'http://me:secret@127.0.0.1:1/', timeoutMs: 1 }));
  expect(answer.ok).toBe(false);
  expect(answer.detail).toContain('the URL holds a user name or password');
  expect(answer.detail).not.toContain('secret');
});

test('with a command and a URL both have to agree', async () => {
  const url = await serve((_request, response) => response.writeHead(500).end());
  const answer = await probeHealth(probe({ command: 'true', url, timeoutMs: 900 }));
  expect(answer.ok).toBe(false);
});

test('an abort while waiting throws the reason', async () => {
  const stop = new AbortController();
  const reason = new Error('stopped by the test');
  const asked = probe({
    command: 'false',
    signal: stop.signal,
    wait: async (_ms, signal) => {
      stop.abort(reason);
      signal.throwIfAborted();
    },
  });
  await expect(probeHealth(asked)).rejects.toBe(reason);
});

test('an abort during a request throws the reason', async () => {
  const stop = new AbortController();
  const reason = new Error('stopped by the test');
  const url = await serve(() => stop.abort(reason));
  await expect(probeHealth(probe({ url, signal: stop.signal }))).rejects.toBe(reason);
});

test('asking nothing is a mistake of the caller', async () => {
  await expect(probeHealth(probe({}))).rejects.toThrow('needs a command or a url');
});
