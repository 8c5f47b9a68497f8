import { execFileSync } from 'node:child_process';
import { constants, openSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { OpsError } from '../../../lib/base/errors.ts';
import { runWorker, type WorkOptions } from '../../../lib/sqlite/work.ts';
import { scratch } from '../../support/scratch.ts';

const run = (end: string, options: Partial<WorkOptions> = {}) =>
  runWorker<string>('../../test/lib/sqlite/some-worker.ts', { end }, { waitForEnd: true, ...options });

test('the result comes after all of the progress', async () => {
  const told: [number, number][] = [];
  expect(await run('well', { onProgress: (...progress) => told.push(progress) })).toBe('done');
  expect(told).toEqual([
    [1, 2],
    [2, 2],
  ]);
});

test('a reason crosses with its kind and its hint', async () => {
  const error = await run('with a reason').catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(OpsError);
  expect(error).toMatchObject({
    kind: 'denied',
    message: 'cannot read app.db: permission denied',
    hint: 'ls -l app.db',
  });
  await expect(run('with a reason but no hint')).rejects.toMatchObject({ kind: 'io', hint: undefined });
});

test('a bug stays one, with the stack of the thread in which it happened', async () => {
  const error = await run('with a bug').catch((reason: unknown) => reason);
  expect(error).not.toBeInstanceOf(OpsError);
  expect(error).toMatchObject({
    message: 'TypeError: x is not a function',
    stack: expect.stringContaining('some-worker.ts') as string,
  });
  await expect(run('with something odd')).rejects.toThrow('a string');
});

test('a thread that ends without a result is an error, not a wait', async () => {
  await expect(run('without a word')).rejects.toThrow(/ended without a result/);
});

test('a module that is not there is an error', async () => {
  await expect(runWorker('./no-such-worker.ts', {}, { waitForEnd: true })).rejects.toThrow(/no-such-worker/);
});

test('an abort ends the thread and gives its own reason', async () => {
  const stop = new AbortController();
  const reason = new Error('stopped by SIGTERM');
  const work = run('never', { signal: stop.signal, onProgress: () => stop.abort(reason) });
  await expect(work).rejects.toBe(reason);
});

test('an abort does not wait for ever for a thread that waits in a pipe', async () => {
  const pipe = join(scratch(), 'pipe');
  execFileSync('mkfifo', [pipe]);
  const stop = new AbortController();
  const reason = new Error('stopped by SIGTERM');
  const work = runWorker<string>(
    '../../test/lib/sqlite/some-worker.ts',
    { end: 'in a pipe', pipe },
    { waitForEnd: true, endWaitMs: 1, signal: stop.signal, onProgress: () => stop.abort(reason) },
  );
  await expect(work).rejects.toBe(reason);
  // Lets the thread go, now or when it comes to the pipe; open until this process ends.
  openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
});

test('after an abort no work is begun', async () => {
  const told: number[] = [];
  const signal = AbortSignal.abort(new Error('too late'));
  await expect(run('well', { signal, onProgress: (done) => told.push(done) })).rejects.toThrow('too late');
  expect(told).toEqual([]);
});

test('an abort after the end changes nothing', async () => {
  const stop = new AbortController();
  expect(await run('well', { signal: stop.signal })).toBe('done');
  stop.abort(new Error('too late'));
});
