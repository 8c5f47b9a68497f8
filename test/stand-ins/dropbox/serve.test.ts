// The stand-in as a process: scripted over HTTP, killed, and started again over the same directory.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { scratch } from '../../support/scratch.ts';
import { someBytes } from '../../support/some-bytes.ts';
import { spawnLines, type LineProcess } from '../../support/spawn-lines.ts';
import { contentHashOf } from './content-hash.ts';

interface Ready {
  url: string;
  environment: Record<string, string>;
}

/** Killed at the end of its scope. */
async function serve(...args: string[]): Promise<{ child: LineProcess; ready: Ready } & AsyncDisposable> {
  const child = spawnLines(process.execPath, [join(import.meta.dirname, 'serve.ts'), ...args]);
  const ready = JSON.parse(await child.line(/^\{/)) as Ready;
  return { child, ready, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
}

async function ask<Result = unknown>(url: string, command: string, body?: object): Promise<Result> {
  const post = { method: 'POST', body: JSON.stringify(body) };
  const response = await fetch(`${url}/stand-in/${command}`, body === undefined ? {} : post);
  expect(response.status).toBe(200);
  return (await response.json()) as Result;
}

async function call(url: string, route: string, argument: object, body?: Buffer): Promise<Response> {
  const { accessToken } = await ask<{ accessToken: string }>(url, 'access-token', {});
  const hashed = body === undefined ? argument : { ...argument, content_hash: contentHashOf(body) };
  const isContent = /upload|append|finish/.test(route);
  return fetch(`${url}/2/${route}`, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${accessToken}`,
      'Content-Type': isContent ? 'application/octet-stream' : 'application/json',
      ...(isContent ? { 'Dropbox-API-Arg': JSON.stringify(hashed) } : {}),
    },
    body: isContent ? (body ?? Buffer.alloc(0)) : JSON.stringify(argument),
  });
}

describe('the process', () => {
  test('keeps files and upload sessions when it is killed', async () => {
    const directory = scratch();
    const bytes = someBytes(1_000_000);
    await using first = await serve('--directory', directory);
    const { url } = first.ready;
    expect((await call(url, 'files/upload', { path: '/a.db' }, bytes)).status).toBe(200);
    const started = await call(url, 'files/upload_session/start', {});
    const { session_id } = (await started.json()) as { session_id: string };
    await call(url, 'files/upload_session/append_v2', { cursor: { session_id, offset: 0 } }, bytes);
    await first.child.kill('SIGKILL');

    await using second = await serve('--directory', directory, '--port', new URL(url).port);
    expect(second.ready).toEqual(first.ready);
    const finish = { cursor: { session_id, offset: bytes.length }, commit: { path: '/b.db' } };
    expect((await call(url, 'files/upload_session/finish', finish)).status).toBe(200);
    const state = await ask<{ files: object[] }>(url, 'state');
    const contentHash = contentHashOf(bytes);
    expect(state.files).toMatchObject([
      { path: '/a.db', contentHash },
      { path: '/b.db', contentHash },
    ]);
  });

  test('takes faults, switches, time and quota over HTTP, and tells what it saw', async () => {
    await using served = await serve('--quota', '1000', '--latency', '1', '--bandwidth', '800 Mbit/s');
    const { url } = served.ready;
    const upload = async () => (await call(url, 'files/upload', { path: '/a' }, Buffer.from('a'))).status;
    await ask(url, 'fault', { route: '/^files/', times: -1, action: { kind: 'reply', status: 503 } });
    expect([await upload(), await upload()]).toEqual([503, 503]);
    await ask(url, 'clear-faults', {});
    await ask(url, 'quota', { bytes: 0 });
    expect(await upload()).toBe(409);
    await ask(url, 'quota', { bytes: 10 });
    expect(await upload()).toBe(200);
    await ask(url, 'switches', { unknownRouteStatus: 404 });
    expect((await call(url, 'files/nothing', {})).status).toBe(404);
    const state = await ask<{ requests: object[]; violations: object[] }>(url, 'state');
    expect(state.requests).toHaveLength(5);
    expect(state.requests[0]).toMatchObject({ route: 'files/upload', status: 503, faults: ['reply'] });
    expect(state.violations).toEqual([]);
  });

  test('ends at a signal', async () => {
    await using served = await serve();
    await served.child.kill('SIGTERM');
    expect(await served.child.ended).toBe(0);
  });
});
