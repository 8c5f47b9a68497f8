import { open, readFile } from 'node:fs/promises';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { systemClock } from '../../../lib/base/clock.ts';
import { silentLog } from '../../../lib/base/log.ts';
import { secretVariables } from '../../../lib/base/secret-variables.ts';
import { loadConfig } from '../../../lib/config/load.ts';
import { probeHealth } from '../../../lib/process/health-probe.ts';
import { runBriefly } from '../../../lib/process/run-briefly.ts';
import { runCommand } from '../../../lib/process/run-command.ts';
import { createServices } from '../../../lib/process/services.ts';
import { scratch } from '../../support/scratch.ts';

describe.each([
  ['runCommand', runCommand],
  ['runBriefly', runBriefly],
])('%s', (_, run) => {
  test('a program that ends well gives its output', async () => {
    const result = await run('sh', ['-c', 'echo out; echo err >&2']);
    expect(result).toEqual({ exitCode: 0, stdout: 'out\n', stderr: 'err\n' });
  });

  test('arguments reach the program as they are, without a shell', async () => {
    const { stdout } = await run('printf', ['%s|', '$HOME', 'a b', '"; rm x', '']);
    expect(stdout).toBe('$HOME|a b|"; rm x||');
  });

  test('a program finds on its standard input what it is given, and otherwise nothing', async () => {
    expect((await run('cat', [], { input: 'ö\n' })).stdout).toBe('ö\n');
    expect((await run('cat', [])).stdout).toBe('');
  });

  test('a program that does not read its input does not matter', async () => {
    expect((await run('true', [], { input: 'x'.repeat(1_000_000) })).exitCode).toBe(0);
  });

  test('a program runs in the root directory, whatever the current one is', async () => {
    expect((await run('pwd', [])).stdout).toBe('/\n');
  });

  test('a descriptor of ours is the descriptor 3 of the program', async () => {
    const path = join(scratch(), 'file');
    writeFileSync(path, 'before\n');
    // Opened many times first, so that the number differs from 3 on our side.
    const handles = await Promise.all(Array.from({ length: 12 }, () => open(path, 'r+')));
    await run('sh', ['-c', 'cat <&3; echo after >&3'], { inheritFd: handles.at(-1)?.fd ?? -1 });
    await Promise.all(handles.map((handle) => handle.close()));
    expect(readFileSync(path, 'utf8')).toBe('before\nafter\n');
  });

  test('of long output the last 8 KiB are kept, without half a character', async () => {
    const { stdout, stderr } = await run('sh', [
      '-c',
      'i=0; while [ $i -lt 3000 ]; do echo "öööö$i"; i=$((i+1)); done; echo end >&2',
    ]);
    expect(Buffer.byteLength(stdout)).toBeLessThanOrEqual(8192);
    expect(Buffer.byteLength(stdout)).toBeGreaterThan(8192 - 4);
    expect(stdout).not.toContain('\ufffd');
    expect(stdout.endsWith('öööö2999\n')).toBe(true);
    expect(stderr).toBe('end\n');
  });

  test('a program that is not there is missing, with the way out', async () => {
    const before = process.env['PATH'];
    onTestFinished(() => void (process.env['PATH'] = before));
    process.env['PATH'] = '/usr/bin:/bin'; // a folder on it that may not be entered would answer first
    await expect(run('holdfast-no-such-program', ['x'])).rejects.toMatchObject({
      name: 'OpsError',
      kind: 'missing',
      message: 'cannot run holdfast-no-such-program: it is not installed',
      hint: 'install the package that has holdfast-no-such-program, or check PATH',
    });
  });

  test('a file that may not be executed is denied', async () => {
    const path = join(scratch(), 'plain');
    writeFileSync(path, 'x', { mode: 0o600 });
    await expect(run(path, [])).rejects.toMatchObject({ kind: 'denied' });
  });

  test('an exit code that is not accepted is an error that quotes the last line', async () => {
    const failing = ['-c', 'echo first >&2; printf "\\033[31mDisk is gone.\\033[0m\\n\\n" >&2; exit 7'];
    await expect(run('sh', failing)).rejects.toMatchObject({
      kind: 'io',
      message: 'cannot run sh: exit code 7: Disk is gone',
    });
  });

  test('an exit code that is accepted is an answer', async () => {
    const { exitCode } = await run('sh', ['-c', 'exit 75'], { acceptExitCodes: [0, 75] });
    expect(exitCode).toBe(75);
  });

  test('zero is a failure too where it is not accepted', async () => {
    await expect(run('true', [], { acceptExitCodes: [1] })).rejects.toMatchObject({ kind: 'io' });
  });

  test('a program ended by a signal is an error that names the signal', async () => {
    await expect(run('sh', ['-c', 'kill -9 $$'])).rejects.toMatchObject({
      kind: 'io',
      message: 'cannot run sh: it was ended by SIGKILL',
    });
  });

  test('a program that takes too long is ended and unavailable', async () => {
    await expect(run('sleep', ['600'], { timeoutMs: 100 })).rejects.toMatchObject({
      kind: 'unavailable',
      message: 'cannot run sleep: it took longer than 100 ms',
    });
  });

  test('an aborted run ends the program and throws the reason', async () => {
    const fifo = join(scratch(), 'fifo');
    await run('mkfifo', [fifo]);
    const stop = new AbortController();
    const reason = new Error('stopped by the test');
    const running = run('sh', ['-c', 'echo $$ > "$0"; exec sleep 600', fifo], { signal: stop.signal });
    // The program tells its number when it runs; only then is it aborted.
    const pid = Number(await readFile(fifo, 'utf8'));
    stop.abort(reason);
    await expect(running).rejects.toBe(reason);
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });

  test('a run that is aborted before it starts does not start', async () => {
    const path = join(scratch(), 'made');
    const reason = new Error('too late');
    await expect(run('touch', [path], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(() => readFileSync(path)).toThrow('ENOENT');
  });
});

const secret = 'secret-token-123';

test.each(['a program', 'a brief program', 'a stop command', 'a health command'])(
  '%s has our environment, but none of our secrets',
  async (kind) => {
    vi.stubEnv('HOLDFAST_TEST', 'plain');
    for (const name of secretVariables) vi.stubEnv(name, secret);
    onTestFinished(() => void vi.unstubAllEnvs());
    const path = join(scratch(), 'environment');
    const command = `cat /proc/self/environ >${path}`;
    const { signal } = new AbortController();
    if (kind === 'a program') await runCommand('sh', ['-c', command]);
    else if (kind === 'a brief program') await runBriefly('sh', ['-c', command]);
    else if (kind === 'a stop command')
      await createServices({
        units: [],
        stop: command,
        start: 'true',
        run: runCommand,
        log: silentLog,
        timeoutMs: 5000,
      }).stop(signal);
    else
      await probeHealth({
        command,
        timeoutMs: 5000,
        signal,
        clock: systemClock,
        wait: async () => undefined,
      });
    const environment = readFileSync(path, 'utf8').split('\0');
    expect(environment).toContain('HOLDFAST_TEST=plain');
    expect(environment.filter((one) => one.includes(secret))).toEqual([]);
  },
);

test('every variable from which the configuration reads a secret is known as one', () => {
  const asked = new Set<string>();
  const environment = new Proxy<Record<string, string>>(
    { HOLDFAST_STATE: '/s', HOLDFAST_RUN: '/r', DATABASE_URL: 'postgresql://app:x@localhost/bags' },
    {
      get(set, name) {
        if (typeof name === 'string') asked.add(name);
        return Reflect.get(set, name) as string | undefined;
      },
    },
  );
  const path = join(scratch(), 'holdfast.toml');
  const text =
    '[store]\nkind = "dropbox"\n[apps.ctv]\ndatabase = "/a.db"\n[apps.ctv.export]\ndirectory = "/d"\n[apps.ctv.export.ship]\nto = "rsync://a@b/c"\n[apps.ctv.delta]\nto = "https://b"\n[pulls.herd]\nfrom = "https://m"\nreplica = "/r.db"\n[alerts.ntfy]\n[alerts.slack]\n[alerts.ping]\n';
  writeFileSync(path, text);
  const config = loadConfig({ path, environment });
  asked.clear();
  readAll(config);
  asked.delete('CREDENTIALS_DIRECTORY');
  expect([...asked].sort()).toEqual([...secretVariables].sort());
});

test('the sections of the configuration name no variable of a secret that is not known as one', () => {
  const folder = join(import.meta.dirname, '../../../lib/config/sections');
  const named = readdirSync(folder).flatMap((name) =>
    [...readFileSync(join(folder, name), 'utf8').matchAll(/variable: '([A-Z_]+)'/g)].map(
      ([, found]) => found,
    ),
  );
  expect([...new Set(named)].sort()).toEqual([...secretVariables].sort());
});

/** Calls whatever reads a secret, wherever it stands in the configuration. */
function readAll(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (typeof inner === 'function' && key.startsWith('read')) (inner as () => unknown)();
    else readAll(inner);
  }
}

test('loading the runner does not load execa, running a program does', async () => {
  const runner = join(import.meta.dirname, '../../../lib/process/run-command.ts');
  const { stdout } = await runCommand(process.execPath, [
    '--input-type=module',
    '-e',
    `import { registerHooks } from 'node:module';
     registerHooks({ resolve: (name, context, next) => { if (name === 'execa') console.log(name); return next(name, context); } });
     const { runCommand } = await import(${JSON.stringify(runner)});
     console.log('loaded');
     await runCommand('true', []);`,
  ]);
  expect(stdout).toBe('loaded\nexeca\n');
});
