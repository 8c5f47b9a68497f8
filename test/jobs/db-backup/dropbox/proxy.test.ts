// A machine that gets out through a proxy alone: the one of the environment is used, but not for this machine itself.
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, getDefaultAutoSelectFamilyAttemptTimeout } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { TlsProxy } from '../../../stand-ins/dropbox/tls-proxy.ts';
import { DropboxWorld } from '../../../support/dropbox-world.ts';
import { makeBookings } from '../../../support/world.ts';

/** A world whose store is at Dropbox's own names, which only the proxy leads to the stand-in. */
async function worldBehindProxy() {
  const world = await DropboxWorld.start();
  onTestFinished(() => world[Symbol.asyncDispose]());
  const proxy = await TlsProxy.start(world.standIn);
  onTestFinished(() => proxy[Symbol.asyncDispose]());
  const authorities = getCACertificates();
  setDefaultCACertificates([...authorities, readFileSync(proxy.certificateAuthority, 'utf8')]);
  onTestFinished(() => setDefaultCACertificates(authorities));
  makeBookings(world.database, { journalMode: 'delete' });
  world.configureDropbox({ store: 'retries = 0' });
  world.environment = { ...world.environment, HOLDFAST_DROPBOX_URL: '' };
  return { world, proxy };
}

/** A proxy that has one answer to everything. */
async function refusingProxy(status: number): Promise<string> {
  const server: Server = createServer((_, response) => response.writeHead(status).end());
  server.on('connect', (_, socket) => socket.end(`HTTP/1.1 ${status} No\r\n\r\n`));
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  onTestFinished(() => void server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test.each(['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'HTTP_PROXY'])(
  '%s leads to Dropbox',
  async (variable) => {
    const { world, proxy } = await worldBehindProxy();
    const url = new URL(proxy.url);
    [url.username, url.password] = ['pi', 'proxy-password'];
    // Without a scheme it is one of HTTP, as other programs have it.
    const environment = { [variable]: url.href.slice('http://'.length), NO_PROXY: 'intranet.example, .lan' };
    let familyAttemptMs = 0;
    world.standIn.fault({
      route: 'files/upload',
      action: { kind: 'run', run: () => void (familyAttemptMs = getDefaultAutoSelectFamilyAttemptTimeout()) },
    });
    const ended = await world.run('db-backup', ['run', '--verbose'], { environment });
    expect(ended.stderr).not.toContain('error: ');
    expect(ended).toMatchObject({ exitCode: 0 });
    expect(Object.keys(world.remote())).toHaveLength(3);
    expect(ended.stdout + ended.stderr).not.toContain('proxy-password');
    // A packet that is lost at first comes after a second.
    expect(familyAttemptMs).toBeGreaterThan(1000);
  },
);

test.each(['407', '502', '403'])('a proxy that answers %s is what is told', async (status) => {
  const { world } = await worldBehindProxy();
  const address = await refusingProxy(Number(status));
  const environment = { HTTPS_PROXY: `http://pi:proxy-password@${address}` };
  const ended = await world.run('db-backup', ['run'], { environment });
  expect(ended.exitCode).toBe(69);
  expect(ended.stderr).toMatch(
    new RegExp(`no answer from api\\.dropboxapi\\.com \\(the proxy answers ${status}\\)`),
  );
  expect(ended.stderr).toMatch(/hint: .*HTTPS_PROXY/);
  expect(ended.stdout + ended.stderr).not.toContain('proxy-password');
});

test('a proxy that is not there is named', async () => {
  const { world } = await worldBehindProxy();
  const ended = await world.run('db-backup', ['run'], { environment: { HTTPS_PROXY: 'http://127.0.0.1:1' } });
  expect(ended.exitCode).toBe(69);
  expect(ended.stderr).toContain('ECONNREFUSED 127.0.0.1:1');
});

test('what is no proxy is told without what it holds, and keeps nobody from a backup', async () => {
  const { world } = await worldBehindProxy();
  world.environment = world.standIn.environment;
  const environment = { HTTPS_PROXY: 'socks5://pi:proxy-password@proxy.lan' };
  const ended = await world.run('db-backup', ['run'], { environment });
  expect(ended).toMatchObject({ exitCode: 0 });
  expect(ended.stderr).toMatch(/warning: cannot use HTTPS_PROXY: it is not the address of an HTTP proxy/);
  expect(ended.stdout + ended.stderr).not.toContain('proxy-password');
});

/** A part of it is longer than a name may be: asked directly, it leads nowhere, and nobody outside is asked where. */
const relay = `${'x'.repeat(64)}.example`;

test.each<[string, boolean]>([
  [`intranet.lan,api.${relay}`, true],
  [relay, true],
  [`.${relay}`, true],
  [`*.${relay}`, true],
  [`${relay}:443`, true],
  [`${relay.toUpperCase()} intranet.lan`, true],
  ['*', true],
  [`api.${relay}:8443`, false],
  [relay.slice(1), false],
  ['127.0.0.0', false],
])('NO_PROXY=%s: asked directly is %s', async (exempt, isDirect) => {
  const { world } = await worldBehindProxy();
  const address = await refusingProxy(407);
  for (const name of ['NO_PROXY', 'no_proxy']) {
    const ended = await world.run('db-backup', ['info'], {
      environment: {
        HOLDFAST_DROPBOX_URL: `https://api.${relay}`,
        HTTPS_PROXY: `http://${address}`,
        [name]: exempt,
      },
    });
    expect(ended.stderr).toContain(isDirect ? 'ENOTFOUND' : 'the proxy answers 407');
  }
});

test('this machine is asked directly, whatever is named', async () => {
  const { world } = await worldBehindProxy();
  world.environment = world.standIn.environment;
  const address = await refusingProxy(407);
  const environment = { HTTPS_PROXY: `http://${address}`, HTTP_PROXY: `http://${address}` };
  const ended = await world.run('db-backup', ['run'], { environment });
  expect(ended).toMatchObject({ exitCode: 0 });
});
