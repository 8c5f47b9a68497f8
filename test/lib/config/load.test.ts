// The configuration: where it is looked for, what it means, and how every mistake in it is named.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { type Config, type FileApp, guardedApps } from '../../../lib/config/config.ts';
import { loadConfig } from '../../../lib/config/load.ts';
import type { OpsError } from '../../../lib/base/errors.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-config-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'holdfast.toml');
const environment = { HOLDFAST_STATE: '/state', HOLDFAST_RUN: '/run/here' };

afterEach(() => rmSync(path, { force: true }));

const minimal = `
[store]
kind = "directory"
path = "/srv/backups"
[apps.ctv]
database = "/srv/ctv.db"
`;

describe('a file', () => {
  test('needs little, and has a default for the rest', () => {
    expect(load(minimal)).toMatchObject({
      source: path,
      store: { kind: 'directory', path: '/srv/backups' },
      stateDirectory: '/state',
      runDirectory: '/run/here',
      clock: 'auto',
      apps: [
        {
          name: 'ctv',
          database: '/srv/ctv.db',
          layout: 'app',
          latest: 'latest/ctv.db',
          keep: { last: 7, hourly: 0, daily: 7, weekly: 4, monthly: 12 },
          services: { units: [], timeoutMs: 120_000 },
        },
      ],
    });
  });

  test('may turn the latest copy off, or name it with a slash in front', () => {
    expect(guarded(load(`${minimal}latest = false`))?.latest).toBeUndefined();
    expect(guarded(load(`${minimal}latest = "/database.db"`))?.latest).toBe('database.db');
  });

  test.each([
    ['"plain"', { last: 7, hourly: 0, daily: 7, weekly: 4, monthly: 12 }],
    ['"pages"', { last: 7, hourly: 48, daily: 14, weekly: 8, monthly: 12 }],
    // A plain file beside increments costs what it always did.
    ['["plain", "pages"]', { last: 7, hourly: 48, daily: 7, weekly: 4, monthly: 12 }],
  ])('keeps what is usual where the format is %s', (format, keep) => {
    expect(guarded(load(`${minimal}format = ${format}`))?.keep).toEqual(keep);
  });

  test('keeps only what a given policy says', () => {
    expect(guarded(load(`${minimal}keep = { daily = 3 }`))?.keep).toEqual({
      last: 0,
      hourly: 0,
      daily: 3,
      weekly: 0,
      monthly: 0,
    });
  });

  test('may have an app without a database, which has no latest copy that another could replace', () => {
    const config = load(`${minimal}latest = "latest/mirror.db"\n[apps.mirror]`);
    expect(config.apps[1]).toEqual({ name: 'mirror', engine: undefined });
    expect(guardedApps(config).map(({ name }) => name)).toEqual(['ctv']);
  });

  test('cannot be changed by anybody who reads it', () => {
    const config = load(minimal);
    expect(() => {
      (config.apps[0] as { -readonly [Key in keyof FileApp]: FileApp[Key] }).database = '/other';
    }).toThrow(TypeError);
  });

  test.each<[string, string, RegExp]>([
    [
      'an unknown key, with the one that was meant',
      `${minimal}keeep = { last = 3 }`,
      /apps\.ctv\.keeep: unknown key; did you mean keep\?/,
    ],
    ['an unknown key at the top', `state_dir = "/x"\n${minimal}`, /state_dir: unknown key/],
    [
      'an unknown key inside a table',
      `${minimal}keep = { lats = 3 }`,
      /apps\.ctv\.keep\.lats: unknown key; did you mean last\?/,
    ],
    ['a wrong type', `${minimal}keep = "7"`, /apps\.ctv\.keep: .*expected object/],
    [
      'a number that is no count',
      `${minimal}keep = { last = -1 }`,
      /apps\.ctv\.keep\.last: must not be negative/,
    ],
    [
      'an expectation that is none',
      `${minimal}expect = { backup_hours = 0 }`,
      /backup_hours: must be more than 0/,
    ],
    [
      'expectations in the wrong order',
      `${minimal}expect = { backup_hours = 48, backup_critical_hours = 24 }`,
      /apps\.ctv\.expect: backup_critical_hours must not be less than backup_hours/,
    ],
    ['a policy that keeps nothing', `${minimal}keep = { last = 0 }`, /must keep at least one backup/],
    [
      'a relative path',
      minimal.replace('/srv/ctv.db', 'ctv.db'),
      /apps\.ctv\.database: must be an absolute path/,
    ],
    [
      'what needs a database, where there is none',
      minimal.replace(
        'database = "/srv/ctv.db"',
        'latest = "ctv.db"\nservices = []\nhealth = { command = "true" }',
      ),
      /apps\.ctv\.latest: needs database beside it, .*\n.*\.services: needs database.*\n.*\.health: needs database/,
    ],
    ['no app at all', '[store]\nkind = "directory"\npath = "/srv"\n[apps]', /needs at least one app/],
    [
      'an app that could leave its folder',
      minimal.replace('[apps.ctv]', '[apps."../ctv"]'),
      /as the name of an app/,
    ],
    [
      'a store that is not known',
      minimal.replace('"directory"', '"ftp"'),
      /store\.kind: must be "directory"/,
    ],
    [
      'a zone that does not exist',
      `time_zone = "Europe/Atlantis"\n${minimal}`,
      /time_zone: must be a time zone/,
    ],
    ['stop without start', `${minimal}stop = "true"`, /stop and start belong together/],
    [
      'services beside stop and start',
      `${minimal}services = ["a.service"]\nstop = "true"\nstart = "true"`,
      /not both/,
    ],
    ['a health check that asks nothing', `${minimal}health = {}`, /needs either command or url/],
    [
      'a health check of another protocol',
      `${minimal}health = { url = "ftp://x" }`,
      /apps\.ctv\.health\.url/,
    ],
    [
      'a latest copy outside the store',
      `${minimal}latest = "../x.db"`,
      /apps\.ctv\.latest: must be a plain name/,
    ],
    ['TOML that is none, with line and column', `${minimal}latest = `, /line 7, column \d+/],
  ])('names %s', (_, text, message) => {
    const error = failure(() => load(text));
    expect(error.kind).toBe('config');
    expect(error.message).toMatch(message);
    expect(error.message).toContain(path);
    expect(error.hint).toBeTruthy();
  });

  test('names all problems at once', () => {
    const { message } = failure(() =>
      load(`time_zone = "x"\n${minimal.replace('/srv/ctv.db', 'ctv.db')}colour = "red"`),
    );
    expect(message).toMatch(/time_zone/);
    expect(message).toMatch(/apps\.ctv\.database/);
    expect(message).toMatch(/apps\.ctv\.colour/);
  });

  test('that is not there is an error when it was named, and passed over when it was not', () => {
    expect(failure(() => loadConfig({ path: '/nowhere.toml', environment })).message).toContain(
      'it is not there',
    );
    expect(
      failure(() => loadConfig({ environment: { ...environment, HOLDFAST_CONFIG: '/nowhere.toml' } })).kind,
    ).toBe('config');
  });
});

describe('the environment alone', () => {
  const database = { DATABASE_PATH: '/srv/My App.v2.db', ...environment };

  test('is enough for one app, with the names of earlier scripts', () => {
    expect(loadConfig({ environment: database })).toMatchObject({
      source: 'the environment',
      store: { kind: 'directory', path: '/state/store' },
      apps: [{ name: 'My-App.v2', layout: 'classic', latest: 'database.db', keep: { last: 7, daily: 0 } }],
    });
  });

  test('has the defaults of a file in all that it does not say', () => {
    const alone = loadConfig({ environment: database });
    const file = load(
      '[apps."My-App.v2"]\ndatabase = "/srv/My App.v2.db"\nlatest = "/database.db"\nkeep = { last = 7 }',
    );
    expect({ ...alone, source: path, named: file.named }).toEqual({
      ...file,
      apps: [{ ...file.apps[0], layout: 'classic' }],
    });
  });

  test('names the latest copy and the store', () => {
    const config = loadConfig({
      environment: { ...database, DROPBOX_DB_PATH: '/ctv/production.db', HOLDFAST_STORE: '/mnt/b' },
    });
    expect(guarded(config)?.latest).toBe('ctv/production.db');
    expect(config.store).toEqual({ kind: 'directory', path: '/mnt/b' });
  });

  test.each<[string, Record<string, string>, RegExp]>([
    ['no database', { DATABASE_PATH: '' }, /DATABASE_PATH is not set/],
    [
      'a latest copy among the backups',
      { DROPBOX_DB_PATH: '/backups/x.db' },
      /must not lie in the folder of the backups/,
    ],
    ['a relative store', { HOLDFAST_STORE: 'store' }, /HOLDFAST_STORE=store: it must be an absolute path/],
    [
      'Dropbox at an address in the clear',
      { DROPBOX_REFRESH_TOKEN: 'secret-token-123', HOLDFAST_DROPBOX_URL: 'http://example.org' },
      /HOLDFAST_DROPBOX_URL: it must be an origin/,
    ],
  ])('with %s is refused', (_, change, message) => {
    const error = failure(() => loadConfig({ environment: { ...database, ...change } }));
    expect(error.kind).toBe('config');
    expect(error.message).toMatch(message);
    expect(`${error.message}${error.hint}`).not.toContain('secret-token-123');
  });
});

function guarded(config: Config) {
  return guardedApps(config)[0];
}

function load(text: string) {
  writeFileSync(path, text);
  return loadConfig({ path, environment });
}

function failure(work: () => unknown): OpsError {
  try {
    work();
  } catch (error) {
    return error as OpsError;
  }
  throw new Error('it did not fail');
}
