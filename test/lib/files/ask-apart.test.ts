import { describe, expect, test } from 'vitest';
import { askApart } from '../../../lib/files/ask-apart.ts';

const sh = (script: string, options: Parameters<typeof askApart>[2] = {}) =>
  askApart('sh', ['-c', script], { timeoutMs: 60_000, ...options });

describe('a program that is asked apart', () => {
  test('answers with what it wrote and how it ended', async () => {
    expect(await sh('echo yes; echo no >&2; exit 3')).toEqual({
      exitCode: 3,
      stdout: 'yes\n',
      stderr: 'no\n',
    });
    expect(await sh('kill -9 $$')).toMatchObject({ exitCode: undefined });
  });

  test('knows nothing of our environment, and is bounded in what it may say', async () => {
    process.env.NTFY_TOPIC = 'a secret';
    expect((await sh('env'))?.stdout).not.toContain('secret');
    delete process.env.NTFY_TOPIC;
    expect((await sh('head -c 200000 /dev/zero'))?.stdout.length).toBe(65_536);
  });

  test('is given up with all that it started, however it holds on', async () => {
    const holdsOn = 'trap "" TERM HUP INT; sleep 1000 & echo $$; while :; do sleep 1000; done';
    expect(await sh(holdsOn, { timeoutMs: 1 })).toBeUndefined();
    const reason = new Error('told to stop');
    const asked = sh(holdsOn, { signal: AbortSignal.abort(reason) });
    await expect(async () => asked).rejects.toBe(reason);
    const stop = new AbortController();
    const later = sh(holdsOn, { signal: stop.signal });
    stop.abort(reason);
    await expect(later).rejects.toBe(reason);
  });

  test('that is not there is an error of the system', async () => {
    await expect(askApart('no-such-program', [])).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
