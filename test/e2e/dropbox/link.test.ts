// db-backup link, as a person over SSH uses it: an address is shown, a code is typed, a token is kept.
import { spawn } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { addressIn, allow, newMachine, refreshTokenShape } from '../../support/dropbox-link.ts';
import type { DropboxWorld } from '../../support/dropbox-world.ts';
import type { Ended } from '../../support/world.ts';

const program = resolve(import.meta.dirname, '../../../bin/db-backup');

/** Runs the command as a process, and types what `answer` finds at the address it shows; undefined closes its input. */
async function link(
  world: DropboxWorld,
  answer: (address: string) => Promise<string | undefined>,
): Promise<Ended> {
  world.comeToNow();
  const child = spawn(program, ['link'], {
    cwd: '/',
    env: { PATH: process.env.PATH, HOME: tmpdir(), HOLDFAST_CONFIG: world.config, ...world.environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  const { promise, resolve: done } = Promise.withResolvers<Ended>();
  let answered = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
    const address = addressIn(output.stderr);
    if (address === undefined || answered) return;
    answered = true;
    void answer(address).then((code) => child.stdin.end(code === undefined ? '' : `${code}\n`));
  });
  child.on('close', (exitCode, signal) => done({ exitCode, signal, ...output }));
  return promise;
}

describe('db-backup link', () => {
  test('keeps the token for this user alone, and tests the connection; then backups work', async () => {
    await using world = await newMachine();
    const ended = await link(world, allow);
    const path = join(world.state, 'secrets', 'dropbox-refresh-token');
    expect(ended.stderr).not.toContain('error: ');
    expect(ended).toMatchObject({ exitCode: 0 });
    expect(ended.stdout).toContain(`linked; the refresh token is in ${path}, readable by this user only`);
    expect(ended.stdout).toMatch(/ok +Dropbox permissions/);
    const token = readFileSync(path, 'utf8').trim();
    expect(token).toMatch(refreshTokenShape);
    expect(statSync(path).mode & 0o7777).toBe(0o600);
    expect(statSync(join(world.state, 'secrets')).mode & 0o7777).toBe(0o700);
    expect(ended.stdout + ended.stderr).not.toContain(token);
    expect(world.standIn.violations).toEqual([]);
    expect(await world.run('db-backup', ['run'])).toMatchObject({ exitCode: 0 });
    expect(world.standIn.files.has('/latest/bookings.db')).toBe(true);
  });

  test('no code: says how it is given', async () => {
    await using world = await newMachine();
    const ended = await link(world, async () => undefined);
    expect(ended).toMatchObject({ exitCode: 64, stdout: '' });
    expect(ended.stderr).toMatch(/no code was given/);
    expect(world.calls('oauth2/token')).toBe(0);
  });
});
