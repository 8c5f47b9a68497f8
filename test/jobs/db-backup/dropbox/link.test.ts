// db-backup link: what is asked of Dropbox and of the person, and where the token goes.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { addressIn, allow, newMachine, refreshTokenShape } from '../../../support/dropbox-link.ts';
import type { DropboxWorld } from '../../../support/dropbox-world.ts';
import { type Ended, filesBelow } from '../../../support/world.ts';

/** Runs the command, and types what `answer` finds at the address it shows; undefined types nothing. */
function link(
  world: DropboxWorld,
  args: readonly string[],
  answer: (address: string) => Promise<string | undefined>,
): Promise<Ended> {
  return world.run('db-backup', ['link', ...args], { ask: (shown) => answer(addressIn(shown) ?? '') });
}

describe('db-backup link', () => {
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
