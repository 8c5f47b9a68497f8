// The Dropbox store's settings: from the file, from the environment, and what is refused.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { DropboxStoreConfig } from '../../../../lib/config/config.ts';
import { loadConfig } from '../../../../lib/config/load.ts';
import { scratch } from '../../../support/scratch.ts';

const environment = { DATABASE_PATH: '/srv/app/production.db', HOLDFAST_STATE: '/srv/state' };

function fromEnvironment(more: Record<string, string>): DropboxStoreConfig {
  const { store } = loadConfig({ environment: { ...environment, ...more } });
  if (store.kind !== 'dropbox') throw new Error(`it is a ${store.kind}`);
  return store;
}

function fromFile(lines: string, more: Record<string, string> = {}): DropboxStoreConfig {
  const path = join(scratch(), 'holdfast.toml');
  writeFileSync(path, `[store]\nkind = "dropbox"\n${lines}\n[apps.shop]\ndatabase = "/srv/shop.db"\n`);
  const { store } = loadConfig({ path, environment: { HOLDFAST_STATE: '/srv/state', ...more } });
  if (store.kind !== 'dropbox') throw new Error(`it is a ${store.kind}`);
  return store;
}

describe('the environment alone', () => {
  test.each(['DROPBOX_REFRESH_TOKEN', 'DROPBOX_ACCESS_TOKEN', 'DROPBOX_APP_KEY'])(
    '%s asks for Dropbox',
    (name) => {
      expect(fromEnvironment({ [name]: 'value' }).kind).toBe('dropbox');
    },
  );

  test('none of them does not, and neither does one that is empty', () => {
    expect(loadConfig({ environment }).store.kind).toBe('directory');
    expect(loadConfig({ environment: { ...environment, DROPBOX_APP_KEY: '' } }).store.kind).toBe('directory');
  });

  test('a directory that was named is what was asked for', () => {
    const given = { ...environment, DROPBOX_REFRESH_TOKEN: 'value', HOLDFAST_STORE: '/srv/store' };
    expect(loadConfig({ environment: given }).store).toEqual({ kind: 'directory', path: '/srv/store' });
  });

  test('has the defaults, and its credentials', () => {
    const store = fromEnvironment({
      DROPBOX_APP_KEY: 'key',
      DROPBOX_APP_SECRET: 'hidden',
      DROPBOX_REFRESH_TOKEN: 'refresh',
      DROPBOX_ACCESS_TOKEN: 'access',
    });
    expect(store).toMatchObject({
      origin: undefined,
      folder: '',
      timeoutMs: 60_000,
      deadlineMs: 6 * 3_600_000,
      retriesMax: 8,
      limitBytesPerSecond: undefined,
      refreshTokenFile: '/srv/state/secrets/dropbox-refresh-token',
    });
    expect(store.readCredentials()).toEqual({
      appKey: 'key',
      appSecret: 'hidden',
      refreshToken: 'refresh',
      accessToken: 'access',
    });
  });

  test('is not shown by what is printed of a configuration', () => {
    const config = loadConfig({ environment: { ...environment, DROPBOX_REFRESH_TOKEN: 'secret-token-123' } });
    expect(JSON.stringify(config)).not.toContain('secret-token-123');
  });
});

describe('the file', () => {
  test('says all of it', () => {
    const store = fromFile(
      'folder = "/backups of the pi"\napp_key = "from-the-file"\nlimit = "2 MB/s"\ntimeout_seconds = 5\n' +
        'deadline_minutes = 0.5\nretries = 0\nrefresh_token_file = "/srv/token"',
      { DROPBOX_APP_KEY: 'from-the-environment' },
    );
    expect(store).toMatchObject({
      folder: '/backups of the pi',
      timeoutMs: 5000,
      deadlineMs: 30_000,
      retriesMax: 0,
      limitBytesPerSecond: 2e6,
      refreshTokenFile: '/srv/token',
    });
    expect(() => store.readCredentials()).toThrow(expect.objectContaining({ kind: 'missing' }));
  });

  test.each([
    ['1 kB/s', 1000],
    ['1.5 MiB/s', 1.5 * 1024 ** 2],
    ['1GB/s', 1e9],
  ])('limit %s', (limit, bytes) => {
    expect(fromFile(`limit = "${limit}"`).limitBytesPerSecond).toBe(bytes);
  });

  test.each([
    'limit = "fast"',
    'limit = "999 kB"',
    'limit = "0 MB/s"',
    'folder = "pi"',
    'folder = "/pi/"',
    'folder = "/"',
    'folder = "/a/../b"',
    'folder = "/pi "',
    'folder = "/pi\\\\x"',
    'timeout_seconds = 0',
    'deadline_minutes = 0',
    'retries = -1',
    'retries = 1.5',
    'refresh_token_file = "relative"',
    'refresh_token = "secret-token-123"',
  ])('%s is refused', (line) => {
    let thrown: unknown;
    try {
      fromFile(line);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ kind: 'config' });
    expect(String(thrown)).not.toContain('secret-token-123');
  });
});

describe('HOLDFAST_DROPBOX_URL', () => {
  const withUrl = (url: string) =>
    fromEnvironment({ DROPBOX_APP_KEY: 'key', HOLDFAST_DROPBOX_URL: url }).origin;

  test.each([
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
    ['http://localhost:8080/', 'http://localhost:8080'],
    ['http://[::1]:8080', 'http://[::1]:8080'],
    ['https://relay.example', 'https://relay.example'],
  ])('%s is taken', (url, origin) => expect(withUrl(url)).toBe(origin));

  test.each([
    'http://relay.example',
    'http://127.0.0.1.example',
    'https://relay.example/path',
    'https://user:password@relay.example',
    'ftp://127.0.0.1',
    'nonsense',
  ])('%s is refused', (url) => {
    expect(() => withUrl(url)).toThrow(expect.objectContaining({ kind: 'config' }));
  });
});
