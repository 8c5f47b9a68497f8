import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { scratch } from '../scratch.ts';
import { type Fault, runWithFault, traceOperations } from './run-with-faults.ts';

const program = fileURLToPath(new URL('../../fixtures/make-changes.ts', import.meta.url));
const withTsx = ['--import', 'tsx'];

async function trace(door: string, flags: string[] = withTsx): Promise<string[]> {
  const operations = await traceOperations(process.execPath, [...flags, program, scratch(), door], {});
  return operations.map(({ number, thread, name, file }) => `${number} ${thread} ${name} ${file}`);
}

async function runDoor(door: string, fault: Fault) {
  const directory = scratch();
  const ending = await runWithFault(process.execPath, [...withTsx, program, directory, door], {}, fault);
  return { ...ending, has: (name: string) => existsSync(join(directory, name)) };
}

test.each([
  ['promises', ['1 main writeFile a', '2 main rename a', '3 main mkdir c']],
  ['callbacks', ['1 main writeFile a', '2 main rename a', '3 main mkdir c']],
  ['sync', ['1 main writeFileSync a', '2 main renameSync a', '3 main mkdirSync c']],
  ['handle', ['1 main open a', '2 main write a', '3 main sync a']],
])(
  'calls through %s are counted once each, and neither reading nor printing is',
  async (door, operations) => {
    expect(await trace(door)).toEqual(operations);
  },
);

test('each thread counts for itself', async () => {
  const [first, second] = await trace('worker');
  expect(first).toMatch(/^1 worker-\d+ writeFileSync a$/);
  expect(second).toBe('1 main mkdirSync c');
});

test('it works without tsx too', async () => {
  expect(await trace('promises', [])).toHaveLength(3);
});

test.each(['promises', 'callbacks', 'sync'])(
  'a kill through %s comes before or after the call',
  async (door) => {
    const before = await runDoor(door, { at: 2, kind: 'kill-before' });
    expect(before).toMatchObject({ signal: 'SIGKILL', stdout: '', stderr: '' });
    expect([before.has('a'), before.has('b')]).toEqual([true, false]);

    const after = await runDoor(door, { at: 2, kind: 'kill-after' });
    expect(after.signal).toBe('SIGKILL');
    expect([after.has('b'), after.has('c')]).toEqual([true, false]);
  },
);

test.each(['promises', 'callbacks', 'sync'])(
  'a call through %s fails as the system would fail',
  async (door) => {
    const { exitCode, stdout, has } = await runDoor(door, { at: 2, kind: 'enospc' });
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      code: 'ENOSPC',
      errno: -constants.errno.ENOSPC,
      syscall: 'rename',
      message: expect.stringMatching(/^ENOSPC: no space left on device, rename '.*a'$/) as string,
    });
    expect([has('a'), has('b'), has('c')]).toEqual([true, false, false]);
  },
);

test('a signal is sent and the program goes on, or ends by it', async () => {
  const handled = await runDoor('promises', { at: 2, kind: 'int-before' });
  expect(handled).toMatchObject({ exitCode: 0, signal: null, stdout: 'interrupted\ndone\n' });
  const unhandled = await runDoor('promises', { at: 2, kind: 'term-before' });
  expect(unhandled.signal).toBe('SIGTERM');
});

test('a kill can come when a worker is about to post a message', async () => {
  const { signal, has } = await runDoor('messages', { atMessage: 2 });
  expect(signal).toBe('SIGKILL');
  expect(has('a')).toBe(true);
  expect(await runDoor('messages', { atMessage: 4 })).toMatchObject({ stdout: 'one\ntwo\nthree\ndone\n' });
});

test('a fault that comes too late never happens', async () => {
  expect(await runDoor('sync', { at: 4, kind: 'kill-before' })).toMatchObject({
    exitCode: 0,
    stdout: 'done\n',
  });
});
