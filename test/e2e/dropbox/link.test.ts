// db-backup link, as a person over SSH uses it: an address is shown, a code is typed, a token is kept.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DropboxWorld } from '../../support/dropbox-world.ts';
import { type Ended, filesBelow, makeBookings } from '../../support/world.ts';

const program = resolve(import.meta.dirname, '../../../bin/db-backup');
const refreshTokenShape = /^[\w-]{40,}$/;

/** A machine that knows the key of its app, and nothing else. */
async function newMachine(): Promise<DropboxWorld> {
  const world = await DropboxWorld.start();
  makeBookings(world.database, { journalMode: 'delete' });
  world.configureDropbox();
  const { DROPBOX_APP_KEY = '', HOLDFAST_DROPBOX_URL = '' } = world.environment;
  world.environment = { DROPBOX_APP_KEY, HOLDFAST_DROPBOX_URL };
  return world;
}

/** Runs the command, and types what `answer` finds at the address it shows; undefined closes its input. */
async function link(
  world: DropboxWorld,
  args: readonly string[],
  answer: (address: string) => Promise<string | undefined>,
): Promise<Ended> {
  const child = spawn(program, ['link', ...args], {
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
    const address = /^ +(http\S+)\n\nCode: $/m.exec(output.stderr)?.[1];
    if (address === undefined || answered) return;
    answered = true;
    void answer(address).then((code) => child.stdin.end(code === undefined ? '' : `${code}\n`));
  });
  child.on('close', (exitCode, signal) => done({ exitCode, signal, ...output }));
  return promise;
}

/** The person allows access, and copies the code. */
async function allow(address: string): Promise<string> {
  const reply = await fetch(address, { headers: { accept: 'application/json' } });
  const { code } = (await reply.json()) as { code: string };
  return code;
}

describe('db-backup link', () => {
  test('keeps the token for this user alone, and tests the connection; then backups work', async () => {
    await using world = await newMachine();
    const ended = await link(world, [], allow);
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

  test('asks for offline access with a challenge, exactly the permissions it needs, and no redirection', async () => {
    await using world = await newMachine();
    let shown = '';
    await link(world, ['--print'], async (address) => {
      shown = address;
      return allow(address);
    });
    const { searchParams } = new URL(shown);
    expect(Object.fromEntries(searchParams)).toMatchObject({
      response_type: 'code',
      token_access_type: 'offline',
      code_challenge_method: 'S256',
      scope: 'account_info.read files.metadata.read files.content.read files.content.write',
    });
    expect(searchParams.has('redirect_uri')).toBe(false);
    expect(searchParams.get('code_challenge')).toMatch(/^[\w-]{43}$/);
  });

  test('--print prints the token and writes it nowhere', async () => {
    await using world = await newMachine();
    const ended = await link(world, ['--print'], allow);
    expect(ended).toMatchObject({ exitCode: 0 });
    const token = ended.stdout.trim();
    expect(token).toMatch(refreshTokenShape);
    expect(ended.stderr).not.toContain(token);
    const telling = filesBelow(world.home).filter((name) =>
      readFileSync(join(world.home, name), 'latin1').includes(token),
    );
    expect(telling).toEqual([]);
    expect(existsSync(join(world.state, 'secrets'))).toBe(false);
  });

  test('a wrong code: denied, and no file', async () => {
    await using world = await newMachine();
    const ended = await link(world, [], async () => 'not-the-code-that-was-shown');
    expect(ended).toMatchObject({ exitCode: 77, stdout: '' });
    expect(ended.stderr).toMatch(/code doesn't exist or has expired/);
    expect(ended.stderr).toMatch(/hint: .*db-backup link/);
    expect(existsSync(join(world.state, 'secrets'))).toBe(false);
    expect(world.calls('oauth2/token')).toBe(1);
  });

  test('a code that was meant for another link: denied, and no file', async () => {
    await using world = await newMachine();
    let stolen = '';
    await link(world, ['--print'], async (address) => {
      stolen = await allow(address);
      return undefined;
    });
    const ended = await link(world, [], async () => stolen);
    expect(ended).toMatchObject({ exitCode: 77, stdout: '' });
    expect(ended.stderr).toMatch(/code verifier/);
    expect(existsSync(join(world.state, 'secrets'))).toBe(false);
  });

  test('no code: says how it is given', async () => {
    await using world = await newMachine();
    const ended = await link(world, [], async () => undefined);
    expect(ended).toMatchObject({ exitCode: 64, stdout: '' });
    expect(ended.stderr).toMatch(/no code was given/);
    expect(world.calls('oauth2/token')).toBe(0);
  });

  test('without the key of an app: says where to get one', async () => {
    await using world = await newMachine();
    const { HOLDFAST_DROPBOX_URL = '' } = world.environment;
    world.environment = { HOLDFAST_DROPBOX_URL };
    const ended = await link(world, [], allow);
    expect(ended).toMatchObject({ exitCode: 78, stdout: '' });
    expect(ended.stderr).toMatch(/the key of the app is missing/);
    expect(ended.stderr).toMatch(/hint: .*https:\/\/www\.dropbox\.com\/developers\/apps.*DROPBOX_APP_KEY/);
  });

  test('where copies go to a directory: says what to change', async () => {
    await using world = await newMachine();
    world.configure();
    const ended = await link(world, [], allow);
    expect(ended).toMatchObject({ exitCode: 78, stdout: '' });
    expect(ended.stderr).toMatch(/keeps copies in a directory/);
  });
});
