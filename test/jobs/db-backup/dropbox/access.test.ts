// Who may in, and who answers: credentials of every kind, missing permissions, a full Dropbox, and answers that are
// not Dropbox's.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { DropboxWorld } from '../../../support/dropbox-world.ts';
import { grownWorld } from '../../../support/dropbox-world-grown.ts';
import { addBallast } from '../../../support/dropbox-world-rows.ts';
import { expectNextRun } from '../../../support/dropbox-world-checks.ts';
import { makeBookings } from '../../../support/world.ts';

describe('credentials', () => {
  test('DROPBOX_ACCESS_TOKEN alone works, with a warning', async () => {
    await using world = await accessTokenWorld();
    const ended = await expectNextRun(world);
    expect(ended.stderr).toMatch(/warning: DROPBOX_ACCESS_TOKEN works for four hours only.*db-backup link/);
    expect(world.calls('oauth2/token')).toBe(0);
  });

  test('DROPBOX_ACCESS_TOKEN alone, expired: denied at once, and names db-backup link', async () => {
    await using world = await accessTokenWorld();
    world.standIn.expireTokensNow();
    const ended = await world.run('db-backup', ['run']);
    expect(ended).toMatchObject({ exitCode: 77, stdout: '' });
    expect(ended.stderr).toMatch(/DROPBOX_ACCESS_TOKEN is not accepted; such a token lives four hours/);
    expect(ended.stderr).toMatch(/hint: link this machine for good: db-backup link/);
    expect(world.standIn.requests).toHaveLength(1);
    expect(world.remote()).toEqual({});
  });

  test('none at all: denied, and names db-backup link', async () => {
    await using world = await smallWorld();
    const { DROPBOX_APP_KEY = '', HOLDFAST_DROPBOX_URL = '' } = world.environment;
    world.environment = { DROPBOX_APP_KEY, HOLDFAST_DROPBOX_URL };
    const ended = await world.run('db-backup', ['run']);
    expect(ended).toMatchObject({ exitCode: 77, stdout: '' });
    expect(ended.stderr).toMatch(/not linked/);
    expect(ended.stderr).toMatch(/hint: .*db-backup link/);
    expect(world.standIn.requests).toEqual([]);
  });

  test('a refresh token without the key of its app: says which setting is missing', async () => {
    await using world = await smallWorld();
    const { DROPBOX_APP_KEY: unused, ...others } = world.environment;
    void unused;
    world.environment = others;
    const ended = await world.run('db-backup', ['run']);
    expect(ended).toMatchObject({ exitCode: 78, stdout: '' });
    expect(ended.stderr).toMatch(/key of the app it belongs to is missing/);
    expect(ended.stderr).toMatch(/hint: set DROPBOX_APP_KEY, or app_key under \[store\]/);
  });

  test('a wrong app secret: denied, and shown nowhere', async () => {
    await using world = await smallWorld();
    world.environment = { ...world.environment, DROPBOX_APP_SECRET: 'wrong-secret-wrong-secret' };
    const ended = await world.run('db-backup', ['run']);
    expect(ended).toMatchObject({ exitCode: 77, stdout: '' });
    expect(ended.stderr).toMatch(/does not accept the app's key and secret/);
    expect(ended.stderr).not.toContain('wrong-secret');
    expect(world.calls('oauth2/token')).toBe(1);
  });

  test('a file of secrets that others may read: refused with the command that helps; then it works', async () => {
    await using world = await smallWorld();
    const { DROPBOX_REFRESH_TOKEN = '', ...others } = world.environment;
    world.environment = others;
    const path = join(world.home, 'token');
    writeFileSync(path, `${DROPBOX_REFRESH_TOKEN}\n`, { mode: 0o644 });
    world.configureDropbox({ store: `refresh_token_file = ${JSON.stringify(path)}` });
    const ended = await world.run('db-backup', ['run']);
    expect(ended).toMatchObject({ exitCode: 77, stdout: '' });
    expect(ended.stderr).toContain(`cannot use the secret in ${path}: others may read it`);
    expect(ended.stderr).toContain(`hint: chmod 600 ${path}`);
    expect(ended.stderr).not.toContain(DROPBOX_REFRESH_TOKEN);
    expect(world.standIn.requests).toEqual([]);
    chmodSync(path, 0o600);
    expect(await world.run('db-backup', ['run'])).toMatchObject({ exitCode: 0 });
  });

  test("systemd's credentials directory is enough, whatever the modes", async () => {
    await using world = await smallWorld();
    const { DROPBOX_REFRESH_TOKEN = '', ...others } = world.environment;
    const directory = join(world.home, 'credentials');
    mkdirSync(directory);
    writeFileSync(join(directory, 'dropbox-refresh-token'), DROPBOX_REFRESH_TOKEN, { mode: 0o444 });
    world.environment = { ...others, CREDENTIALS_DIRECTORY: directory };
    expect(await world.run('db-backup', ['run'])).toMatchObject({ exitCode: 0 });
  });
});

describe('missing permissions', () => {
  for (const scope of [
    'account_info.read',
    'files.metadata.read',
    'files.content.read',
    'files.content.write',
  ]) {
    test(`${scope}, which the app was never given: named by db-backup test`, async () => {
      const scopes = [
        'account_info.read',
        'files.metadata.read',
        'files.content.read',
        'files.content.write',
      ].filter((one) => one !== scope);
      await using world = await DropboxWorld.start({ scopes });
      makeBookings(world.database, { journalMode: 'delete' });
      world.configureDropbox();
      const ended = await world.run('db-backup', ['test']);
      expect(ended.exitCode).toBe(1);
      const named = new RegExp(
        `FAILED +Dropbox permissions.*lacks the permission ${scope.replaceAll('.', '\\.')}`,
      );
      expect(ended.stdout).toMatch(named);
      expect(ended.stdout).toMatch(
        /hint for (.*, )?Dropbox permissions(, .*)?: allow it under Permissions.*db-backup link/,
      );
      expect(world.remote()).toEqual({});
      expect(world.standIn.violations).toEqual([]);
    });
  }
});

describe('a full Dropbox', () => {
  test('is found out before the upload, with the numbers; old backups stay, and prune still works', async () => {
    await using world = await grownWorld({ mebibytes: 0 });
    await expectNextRun(world);
    addBallast(world.database, 12);
    const { standIn } = world;
    standIn.setQuota(15_000_000);
    const [before, last] = [world.remote(), standIn.requests.length];
    const ended = await world.run('db-backup', ['run']);
    expect(ended).toMatchObject({ exitCode: 69, stdout: '' });
    expect(ended.stderr).toMatch(/it is full: \d+ MB are needed, [\d.]+ MB of 15 MB are free/);
    expect(ended.stderr).toMatch(/hint: free some space there.*db-backup prune still works/);
    expect(world.remote()).toEqual(before);
    expect(world.calls('files/upload_session/start', last)).toBe(0);
    standIn.setQuota(0);
    world.configureDropbox({ app: 'keep = { last = 1 }' });
    expect(await world.run('db-backup', ['prune'])).toMatchObject({ exitCode: 0 });
    expect(Object.keys(world.remote()).filter((path) => path.startsWith('/backups/'))).toHaveLength(2);
    expect(standIn.violations).toEqual([]);
  });
});

describe('somebody else answers', () => {
  const page = '<!DOCTYPE html><html><body>Welcome to Hotel Wi-Fi</body></html>';
  for (const [what, answer] of [
    ['200 with a page', (to: ServerResponse) => to.writeHead(200, { 'Content-Type': 'text/html' }).end(page)],
    [
      '302 to a login page',
      (to: ServerResponse) => to.writeHead(302, { Location: 'http://login.example/' }).end(),
    ],
    ['511 with a page', (to: ServerResponse) => to.writeHead(511, { 'Content-Type': 'text/html' }).end(page)],
    ['403 with a page', (to: ServerResponse) => to.writeHead(403, { 'Content-Type': 'text/html' }).end(page)],
    ['404 with a page', (to: ServerResponse) => to.writeHead(404, { 'Content-Type': 'text/html' }).end(page)],
  ] as const) {
    test(`${what}: says that this is not Dropbox, and sends it no data`, async () => {
      await using world = await grownWorld({ store: 'retries = 1' });
      const before = world.remote();
      const asked: string[] = [];
      const server = createServer((request, response) => {
        asked.push(request.url ?? '');
        request.resume().on('end', () => answer(response));
      });
      const { promise, resolve } = Promise.withResolvers<void>();
      server.listen(0, '127.0.0.1', resolve);
      await promise;
      onTestFinished(() => void server.close());
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const ended = await world.run('db-backup', ['run'], { environment: { HOLDFAST_DROPBOX_URL: url } });
      expect(ended).toMatchObject({ exitCode: 69, stdout: '' });
      expect(ended.stderr).toMatch(/this is not Dropbox answering: HTTP \d+/);
      expect(ended.stderr).toMatch(/hint: a login page of this network, or a proxy/);
      expect(asked.every((path) => path === '/oauth2/token')).toBe(true);
      expect(world.remote()).toEqual(before);
      await expectNextRun(world);
    });
  }

  test('nobody: a clear failure that names the network', async () => {
    await using world = await grownWorld({ store: 'retries = 1' });
    const ended = await world.run('db-backup', ['run'], {
      environment: { HOLDFAST_DROPBOX_URL: 'http://127.0.0.1:9' },
    });
    expect(ended).toMatchObject({ exitCode: 69, stdout: '' });
    expect(ended.stderr).toMatch(/no answer from 127\.0\.0\.1:9/);
    expect(ended.stderr).toMatch(/hint: check the network/);
    await expectNextRun(world);
  });

  for (const address of [
    'http://dropbox.example',
    'https://dropbox.example/path',
    'ftp://127.0.0.1',
    'nonsense',
  ]) {
    test(`HOLDFAST_DROPBOX_URL=${address} is refused: tokens go there`, async () => {
      await using world = await smallWorld();
      const ended = await world.run('db-backup', ['run'], { environment: { HOLDFAST_DROPBOX_URL: address } });
      expect(ended).toMatchObject({ exitCode: 78, stdout: '' });
      expect(ended.stderr).toMatch(/cannot use HOLDFAST_DROPBOX_URL/);
    });
  }
});

async function smallWorld(): Promise<DropboxWorld> {
  const world = await DropboxWorld.start();
  makeBookings(world.database, { journalMode: 'delete' });
  world.configureDropbox();
  return world;
}

async function accessTokenWorld(): Promise<DropboxWorld> {
  const world = await smallWorld();
  const { HOLDFAST_DROPBOX_URL = '' } = world.environment;
  world.environment = { HOLDFAST_DROPBOX_URL, DROPBOX_ACCESS_TOKEN: world.standIn.newAccessToken() };
  return world;
}
