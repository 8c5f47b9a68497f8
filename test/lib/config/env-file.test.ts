// Environment files as settings: the one that is named, and the known ones, which are taken only where nobody else may have
// written them.
import { chmodSync, chownSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { OpsError } from '../../../lib/base/errors.ts';
import { knownEnvFile, olderLock, withEnvFile } from '../../../lib/config/env-file.ts';
import { loadConfig } from '../../../lib/config/load.ts';
import { asNobody } from '../../support/as-nobody.ts';
import { scratch } from '../../support/scratch.ts';

const isRoot = process.geteuid?.() === 0;

/** A machine with these files below its root directory. */
function machine(files: Record<string, string>): string {
  const root = scratch();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text, { mode: 0o600 });
  }
  return root;
}

function refusal(work: () => unknown): Pick<OpsError, 'kind' | 'message' | 'hint'> {
  try {
    work();
  } catch (error) {
    if (error instanceof OpsError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

test.each<[files: Record<string, string>, path: string | undefined, variables: Record<string, string>]>([
  [{ 'etc/fstab': '' }, undefined, {}],
  [{ 'etc/ctv-db-sync.env': 'A=1' }, 'etc/ctv-db-sync.env', { HOLDFAST_APP: 'ctv', A: '1' }],
  [{ 'opt/spotops/.env': 'A=1' }, 'opt/spotops/.env', { A: '1' }],
  [
    { 'etc/a-db-sync.env': 'HOLDFAST_APP=b', 'opt/spotops/.env': 'A=1' },
    'etc/a-db-sync.env',
    { HOLDFAST_APP: 'b' },
  ],
  [{ 'etc/-db-sync.env': 'A=1', 'etc/a b-db-sync.env': '', 'etc/ctv-db-sync.env.bak': '' }, undefined, {}],
  [{ 'opt/spotops/.env': '\uFEFFA=1\r\n' }, 'opt/spotops/.env', { A: '1' }],
])('of %j the known one is %s', (files, path, variables) => {
  const root = machine(files);
  const found = knownEnvFile({ B: '2' }, root);
  expect(found).toEqual(path && { path: join(root, path), environment: { B: '2', ...variables } });
});

test('of several none is guessed, and each can be named', () => {
  const root = machine({ 'etc/a-db-sync.env': '', 'etc/b-db-sync.env': '' });
  const { kind, message, hint } = refusal(() => knownEnvFile({}, root));
  expect({ kind, hint }).toEqual({
    kind: 'config',
    hint: `name one of them: --env-file ${root}/etc/a-db-sync.env`,
  });
  expect(message).toMatch(/a-db-sync\.env, .*b-db-sync\.env/);
});

test.each<[flaw: string, spoil: (path: string) => void]>([
  ['others may write it', (path) => chmodSync(path, 0o666)],
  ['others may write it', (path) => chmodSync(path, 0o620)],
  ['it is a symbolic link', linkAway],
  ...(isRoot
    ? [
        ['it belongs to user 1234', (path: string) => chownSync(path, 1234, 0)] as [
          string,
          (path: string) => void,
        ],
      ]
    : []),
])('a known file is not taken unasked where %s, and is where it is named', (flaw, spoil) => {
  const root = machine({ 'opt/spotops/.env': 'DATABASE_PATH=/srv/app.db\nNTFY_TOKEN=secret' });
  const path = join(root, 'opt/spotops/.env');
  spoil(path);
  const { kind, message, hint } = refusal(() => knownEnvFile({}, root));
  expect({ kind, message }).toEqual({
    kind: 'refused',
    message: `cannot take the settings in ${path} unasked: ${flaw}`,
  });
  expect(hint).toContain(`--env-file ${path}`);
  expect(withEnvFile({}, path)).toMatchObject({ DATABASE_PATH: '/srv/app.db' });
});

function linkAway(path: string): void {
  renameSync(path, `${path}.real`);
  symlinkSync(`${path}.real`, path);
}

test.skipIf(!isRoot)('one that this user may not read is there all the same: sudo', async () => {
  const root = machine({ 'etc/ctv-db-sync.env': 'A=1' });
  chmodSync(root, 0o755);
  await asNobody(async () => {
    expect(refusal(() => knownEnvFile({}, root))).toMatchObject({ kind: 'denied', hint: 'run it with sudo' });
  });
});

test.each([
  ['export DATABASE_PATH=/srv/app.db', /line 2 begins with "export"/, /sed -i/],
  ['DATABASE_PATH /srv/secret', /line 2 is not NAME=value/, /correct line 2/],
  ['NTFY_TOKEN: secret', /line 2 is not NAME=value/, /correct line 2/],
  ['DROPBOX_APP_KEY=secret # of our app', /line 2 has a comment behind the value/, /a line of its own/],
  ['DROPBOX_APP_KEY="secret" # of our app', /line 2 has a comment behind the value/, /a line of its own/],
  ["DATABASE_PATH='/srv/secret.db'\t# live", /line 2 has a comment behind the value/, /a line of its own/],
  ['DATABASE_PATH=${secret}/production.db', /line 2 has a variable in the value/, /single quotes/],
  ['DROPBOX_REFRESH_TOKEN="$(cat /etc/secret)"', /line 2 has a variable in the value/, /single quotes/],
])('a line that was to be a setting of ours and is none is told: %s', (line, says, helps) => {
  const root = machine({ 'x.env': `A=1\n${line}\nB=2` });
  const { kind, message, hint } = refusal(() => withEnvFile({}, join(root, 'x.env')));
  expect(kind).toBe('config');
  expect(message).toMatch(says);
  expect(hint).toMatch(helps);
  expect(`${message} ${hint}`).not.toContain('secret');
});

test('what is none of our business may be written anyhow', () => {
  const root = machine({
    'x.env': 'export PATH=/x\nwhatever\nDATABASE_PATH=/srv/app.db\nSECRET_KEY=${RANDOM} # of Flask\n',
  });
  expect(withEnvFile({}, join(root, 'x.env'))).toEqual({
    DATABASE_PATH: '/srv/app.db',
    SECRET_KEY: '${RANDOM} # of Flask',
  });
});

test.each([
  ['NTFY_TOPIC=a#b', 'a#b'],
  ['NTFY_TOPIC="a # b"', 'a # b'],
  ["NTFY_TOPIC='a # ${b}'", 'a # ${b}'],
  ['NTFY_TOPIC=a$b', 'a$b'],
])('%s is taken as every reader takes it', (line, value) => {
  const root = machine({ 'x.env': `${line}\r\n` });
  expect(withEnvFile({}, join(root, 'x.env'))).toEqual({ NTFY_TOPIC: value });
});

test.each([
  ['/etc/ctv-db-sync.env', '/tmp/ctv-db-sync.lock'],
  ['/etc/other-db-sync.env', '/tmp/other-db-sync.lock'],
  ['/opt/spotops/.env', '/tmp/ctv-db-sync.lock'],
  ['/home/pi/ctv-db-sync.env', undefined],
  ['/etc/holdfast/.env', undefined],
])('the script whose settings are in %s locks %s', (path, lock) => {
  expect(olderLock(path)).toBe(lock);
});

test('the environment and a file say which lock of another program it is, the file first', () => {
  const root = machine({ 'x.env': 'HOLDFAST_LOCK_FILE=/tmp/file.lock\n', 'y.env': '' });
  const given = { DATABASE_PATH: '/srv/app.db', HOLDFAST_LOCK_FILE: '/tmp/given.lock' };
  for (const [name, lockFile] of [
    ['x.env', '/tmp/file.lock'],
    ['y.env', '/tmp/given.lock'],
  ] as const)
    expect(loadConfig({ envFile: join(root, name), environment: given }).apps).toMatchObject([{ lockFile }]);
  const relative = { ...given, HOLDFAST_LOCK_FILE: 'x.lock' };
  expect(refusal(() => loadConfig({ environment: relative })).message).toMatch(/HOLDFAST_LOCK_FILE=x\.lock/);
});

test('a named file goes before the environment, and completes a configuration file as well', () => {
  const root = machine({
    'x.env': 'DATABASE_PATH=/srv/file.db\r\nHOLDFAST_STATE="/srv/my state"\r\nTZ=Asia/Tokyo\r\n',
    'holdfast.toml': '[apps.ctv]\ndatabase = "/srv/toml.db"\n',
  });
  const envFile = join(root, 'x.env');
  const environment = { DATABASE_PATH: '/srv/environment.db', HOLDFAST_RUN: '/run/x', HOME: '/root' };
  expect(loadConfig({ envFile, environment })).toMatchObject({
    source: envFile,
    named: { config: undefined, envFile },
    apps: [{ name: 'file', database: '/srv/file.db' }],
    stateDirectory: '/srv/my state',
    runDirectory: '/run/x',
    timeZone: 'Asia/Tokyo',
  });
  const path = join(root, 'holdfast.toml');
  expect(loadConfig({ path, envFile, environment })).toMatchObject({
    source: path,
    named: { config: path, envFile },
    apps: [{ name: 'ctv', database: '/srv/toml.db' }],
    stateDirectory: '/srv/my state',
  });
});

test.each([
  ['', 'UTC'],
  ['Europe/Berlin', 'Europe/Berlin'],
  [':Europe/Berlin', 'Europe/Berlin'],
  ['/usr/share/zoneinfo/America/Halifax', 'America/Halifax'],
  [':/usr/share/zoneinfo/posix/Asia/Tokyo', 'Asia/Tokyo'],
])('TZ=%s is %s', (TZ, zone) => {
  const environment = { DATABASE_PATH: '/srv/x.db', HOME: '/root', TZ };
  expect(loadConfig({ environment }).timeZone).toBe(zone);
});

test.each(['Nonsense', 'CET-1CEST', 'Europe/Nowhere'])('TZ=%s is a mistake in the configuration', (TZ) => {
  const environment = { DATABASE_PATH: '/srv/x.db', HOME: '/root', TZ };
  expect(refusal(() => loadConfig({ environment }))).toMatchObject({
    kind: 'config',
    hint: expect.stringContaining('TZ=Europe/Berlin'),
  });
});
