import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { open, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { silentLog } from '../../../lib/base/log.ts';
import { runShell, shown } from '../../../lib/process/shell.ts';
import { withFault } from '../../support/faults/fail-in-process.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { lives } from '../../support/lives.ts';
import { scratch } from '../../support/scratch.ts';

const calm = { timeoutMs: 60_000, log: silentLog };

function fifo(name: string): string {
  const path = join(scratch(), name);
  execFileSync('mkfifo', [path]);
  return path;
}

test('a command line is shell text that runs in the root directory', async () => {
  const path = join(scratch(), 'out');
  await runShell(`for word in a b; do echo "$word"; done > ${path}; pwd >> ${path}`, calm);
  expect(readFileSync(path, 'utf8')).toBe('a\nb\n/\n');
});

test('a failing command is an error with its exit code and the last line it printed', async () => {
  await expect(runShell('echo trying; echo "no such app." >&2; exit 3', calm)).rejects.toMatchObject({
    kind: 'io',
    message: 'cannot run "echo trying; echo "no such app." >&2; exit 3": exit code 3: no such app',
  });
});

test('of endless output only the end is read', async () => {
  await expect(runShell('yes line | head -c 3000000; echo the end; exit 1', calm)).rejects.toThrow(
    'exit code 1: the end',
  );
});

test('an abort ends what the command has started', async () => {
  const path = fifo('pid');
  const stop = new AbortController();
  const reason = new Error('stopped by the test');
  const running = runShell(`sleep 600 & echo $! > ${path}; wait`, { ...calm, signal: stop.signal });
  const pid = Number(await readFile(path, 'utf8'));
  stop.abort(reason);
  await expect(running).rejects.toBe(reason);
  await expect.poll(() => lives(pid), { timeout: 60_000 }).toBe(false);
});

test('a program left in the background is not waited for and lives on, also when it prints', async () => {
  const [go, said] = [fifo('go'), fifo('said')];
  await runShell(`(read word < ${go}; echo late; echo "$word lives" > ${said}) &`, calm);
  await writeFile(go, 'app\n');
  expect(await readFile(said, 'utf8')).toBe('app lives\n');
});

test('a command runs also when there is no room for its output', async () => {
  const before = process.env['TMPDIR'];
  onTestFinished(() => {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  });
  const path = join(scratch(), 'made');
  process.env['TMPDIR'] = join(path, 'nowhere');
  const log = recordingLog();
  await runShell(`touch ${path}`, { ...calm, log });
  await (await open(path)).close();
  expect(log.lines.filter(({ level }) => level === 'warn').map(({ message }) => message)).toEqual([
    'the output of a command is lost',
  ]);
});

test('a command line is shown on one line and cut', () => {
  expect(shown(' docker compose \n  stop ')).toBe('"docker compose stop"');
  expect(shown('x'.repeat(200))).toHaveLength(82);
});

test('a command whose output cannot be kept runs all the same, and no file stays open for it', async () => {
  const log = recordingLog();
  const path = join(scratch(), 'out');
  const { operations } = await withFault({ at: 2, kind: 'enospc' }, () =>
    runShell(`echo ran > ${path}`, { ...calm, log }),
  );
  expect(readFileSync(path, 'utf8')).toBe('ran\n');
  expect(log.lines.map(({ message }) => message)).toContain('the output of a command is lost');
  expect(operations.map(({ name }) => name)).toEqual(['open', 'rm']);
  const left = join(tmpdir(), operations[0]?.file ?? '');
  onTestFinished(() => rmSync(left));
  expect(existsSync(left)).toBe(true);
  const open = readdirSync('/proc/self/fd').flatMap((name) => {
    try {
      return [readlinkSync(`/proc/self/fd/${name}`)];
    } catch {
      return []; // the directory itself, which is closed by now
    }
  });
  expect(open).not.toContain(left);
});
