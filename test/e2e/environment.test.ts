// The environment is not ours: whatever a command is started with, it works, or says why with an exit code that is listed.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { takeEnvironment } from '../../lib/config/environment.ts';
import { makeBookings, runProgram, World } from '../support/world.ts';

const project = join(import.meta.dirname, '../..');

async function worldWithBackup(app = ''): Promise<World> {
  const world = new World();
  onTestFinished(() => world[Symbol.asyncDispose]());
  world.configure({ app });
  makeBookings(world.database, { rows: 3000, journalMode: 'delete' });
  expect(await world.run('db-backup', ['run'])).toMatchObject({ exitCode: 0 });
  return world;
}

const gone = 'mkdir $W/gone; cd $W/gone; rmdir $W/gone';
const foreignNode =
  'NODE_OPTIONS="--nonsense --require /dev/null/nowhere.js" NODE_PATH=/x NODE_DEBUG=all NODE_CHANNEL_FD=7 NODE_V8_COVERAGE=/dev/null/nowhere ' +
  'NODE_REDIRECT_WARNINGS=/dev/null/nowhere/x NODE_ICU_DATA=/dev/null/nowhere NODE_TLS_REJECT_UNAUTHORIZED=0 NODE_COMPILE_CACHE=/dev/null/nowhere';

test('it works, or says why in a line and with a code that is listed', async () => {
  const world = await worldWithBackup();
  const rows: [line: string, code: number, says: RegExp][] = [
    [
      `${foreignNode} FORCE_COLOR=1 NO_COLOR=1 COLUMNS=0 TERM= LC_ALL=tlh_QO $B/db-backup list-backups`,
      0,
      /^$/,
    ],
    ['PATH= $B/db-backup run --quiet', 0, /^$/],
    ['exec env -i HOLDFAST_CONFIG=$HOLDFAST_CONFIG $B/db-backup run --quiet', 0, /^$/],
    ['HOME=/dev/null/nowhere TMPDIR=/dev/null/nowhere XDG_CACHE_HOME=x $B/db-backup verify --quiet', 0, /^$/],
    ['TZ= $B/db-backup run --quiet', 0, /^$/],
    ['TZ=Nonsense $B/db-backup run --quiet', 78, /cannot use TZ=Nonsense: .*\n.*hint/],
    ['ulimit -n 24; $B/db-backup run', 74, /too many open files/],
    ['ulimit -f 0; exec $B/db-backup run', 74, /^/],
    ['ulimit -f 40; exec $B/db-backup run 2>/dev/full', 74, /^$/],
    [`${gone}; $B/db-backup run --quiet`, 0, /warning: the directory that this was typed in is gone/],
    [`${gone}; $B/restore run latest --to x.db`, 66, /relative path leads nowhere\n.*error: cannot .*\/proc/],
    [
      `${gone}; $B/db-backup run --config x.toml`,
      78,
      /cannot read the configuration \/proc\/x\.toml: it is not there/,
    ],
  ];
  for (const [line, code, says] of rows) {
    const { exitCode, stderr } = await runProgram('bash', ['-c', line], {
      environment: { HOLDFAST_CONFIG: world.config, B: join(project, 'bin'), W: world.home },
    });
    const said = stderr.replace(/^.*getcwd.*\n/gm, ''); // the shell itself says it
    expect({ line, exitCode, said }).toEqual({ line, exitCode: code, said: expect.stringMatching(says) });
    expect(said).not.toMatch(/\n {4}at |mistake in Holdfast/);
  }
});

test('no umask takes our own files from us, and none gives strangers the right to write', async () => {
  const world = await worldWithBackup();
  for (const umask of ['0777', '000']) {
    const line = `umask ${umask}; $B/db-backup run && $B/restore run latest --yes --quiet`;
    expect(
      await runProgram('bash', ['-c', line], {
        environment: { HOLDFAST_CONFIG: world.config, B: join(project, 'bin') },
      }),
    ).toMatchObject({ exitCode: 0 });
  }
  for (const entry of readdirSync(world.home, { recursive: true, encoding: 'utf8' })) {
    const { mode } = statSync(join(world.home, entry));
    expect({ entry, mode: (mode & 0o002).toString(8) }).toEqual({ entry, mode: '0' });
    expect({ entry, mode: (mode & 0o400).toString(8) }).toEqual({ entry, mode: '400' });
  }
});

test('a checkout may have any name, and is started through a link from anywhere', async () => {
  const world = await worldWithBackup();
  const copy = join(world.home, 'a b\'"c#d%20?e;$(x)');
  mkdirSync(copy);
  for (const name of ['bin', 'jobs', 'lib'])
    cpSync(join(project, name), join(copy, name), { recursive: true });
  cpSync(join(project, 'package.json'), join(copy, 'package.json'));
  symlinkSync(join(project, 'node_modules'), join(copy, 'node_modules'));
  symlinkSync(copy, join(world.home, 'link'));
  execFileSync('mkdir', [join(world.home, 'elsewhere')]);
  symlinkSync('../link/bin/db-backup', join(world.home, 'elsewhere', 'db-backup'));
  const environment = { HOLDFAST_CONFIG: world.config };
  for (const program of [join(copy, 'bin/db-backup'), join(world.home, 'elsewhere/db-backup')])
    expect(await runProgram(program, ['run', '--quiet'], { environment })).toMatchObject({
      exitCode: 0,
      stderr: '',
    });
});

test('no program that is started finds a secret, whoever starts it', async () => {
  const world = await worldWithBackup();
  const seen = join(world.home, 'seen');
  world.configure({ app: `stop = "env >${seen}; cat /proc/$PPID/environ | wc -c"\nstart = "true"` });
  const secrets = {
    NTFY_TOPIC: 'a-secret-topic',
    DROPBOX_APP_SECRET: 'a-secret-word',
    SLACK_WEBHOOK_URL: 'https://a-secret',
  };
  expect(await world.run('restore', ['run', 'latest', '--yes'], { environment: secrets })).toMatchObject({
    exitCode: 0,
  });
  expect(readFileSync(seen, 'utf8')).not.toContain('a-secret');
  process.env.NTFY_TOKEN = 'a-secret-token';
  expect(takeEnvironment()).toMatchObject({ NTFY_TOKEN: 'a-secret-token' });
  expect(process.env.NTFY_TOKEN).toBeUndefined();
});
