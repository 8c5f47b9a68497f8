// The launchers: where they start from, with which Node, and what they need of an installation.
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { makeBookings, runProgram, World } from '../support/world.ts';

const project = resolve(import.meta.dirname, '../..');
const bin = join(project, 'bin');
const isRoot = process.geteuid?.() === 0;

test('works from any directory and through symbolic links', async () => {
  await using world = new World();
  symlinkSync(join(bin, 'db-backup'), join(world.home, 'first'));
  symlinkSync(join(world.home, 'first'), join(world.home, 'second'));
  const { exitCode, stdout } = await runProgram(join(world.home, 'second'), ['--help'], { cwd: '/proc' });
  expect(exitCode).toBe(0);
  expect(stdout).toContain('Usage: db-backup');
});

test('uses the pinned Node, whatever Node is on the PATH', async () => {
  await using world = new World();
  makeBookings(world.database, { rows: 3 });
  world.configure();
  const { exitCode, stderr } = await world.run('db-backup', ['backup'], {
    environment: { PATH: pathWithNode(world, 'echo "this is Node 20" >&2; exit 1') },
  });
  expect(exitCode, stderr).toBe(0);
});

test('keeps compiled code out of shared temporary directories', async () => {
  await using world = new World();
  await runProgram(join(bin, 'db-backup'), ['--help'], { environment: { TMPDIR: world.home } });
  expect(readdirSync(world.home)).toEqual(['app']);
});

test.skipIf(!isRoot)(
  'without tsx, a home or a file that may be written, the pinned Node strips the types itself',
  async () => {
    await using world = new World();
    const copy = installedCopy(world, (name) => name !== 'tsx');
    chmodSync(world.home, 0o755);
    const stranger = ['--reuid=54321', '--regid=54321', '--clear-groups', 'env', '--unset=HOME'];
    const { exitCode, stdout, stderr } = await runProgram('setpriv', [
      ...stranger,
      join(copy, 'bin/db-backup'),
      '--help',
    ]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toContain('Usage: db-backup');
  },
);

test('a Node that cannot strip types is given tsx, in each thread', async () => {
  await using world = new World();
  makeBookings(world.database, { rows: 3 });
  world.configure();
  const copy = installedCopy(world, (name) => !name.startsWith('node-linux-'));
  const { exitCode, stdout, stderr } = await runProgram(join(copy, 'bin/db-backup'), ['backup'], {
    environment: {
      HOLDFAST_CONFIG: world.config,
      PATH: pathWithNode(world, `exec ${process.execPath} --no-strip-types "$@"`),
    },
  });
  expect(exitCode, stderr).toBe(0);
  expect(stdout).toContain('integrity ok');
});

test.each(['too old', 'not there'])(
  'a Node on the PATH that is %s is refused, with what to do',
  async (how) => {
    await using world = new World();
    const copy = installedCopy(world, (name) => !name.startsWith('node-linux-'));
    const { exitCode, stderr } = await runProgram(join(copy, 'bin/db-backup'), ['--help'], {
      environment: { PATH: how === 'too old' ? pathWithNode(world, 'exit 1') : world.home },
    });
    expect(exitCode).toBe(78);
    expect(stderr).toMatch(/older than 24\.2; run: cd \/.* && npm ci\n$/);
  },
);

test('says how to install what is not installed', async () => {
  await using world = new World();
  const copy = installedCopy(world, () => false);
  const { exitCode, stderr } = await runProgram(join(copy, 'bin/db-backup'), ['--help']);
  expect(exitCode).toBe(78);
  expect(stderr).toContain('not installed; run: cd ');
});

test('is readable: short, and says what it does', () => {
  expect(readFileSync(join(bin, 'db-backup'), 'utf8').split('\n').length).toBeLessThan(28);
});

/** A checkout of its own in which these packages are installed. */
function installedCopy(world: World, isInstalled: (name: string) => boolean): string {
  const copy = join(world.home, 'copy');
  for (const name of ['bin', 'jobs', 'lib', 'package.json'])
    cpSync(join(project, name), join(copy, name), { recursive: true });
  mkdirSync(join(copy, 'node_modules'));
  for (const name of readdirSync(join(project, 'node_modules')).filter(isInstalled))
    if (name !== '.cache') symlinkSync(join(project, 'node_modules', name), join(copy, 'node_modules', name));
  return copy;
}

/** A PATH on which `node` is this script. */
function pathWithNode(world: World, script: string): string {
  const folder = join(world.home, 'path');
  mkdirSync(folder);
  writeFileSync(join(folder, 'node'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, 'node'), 0o755);
  return `${folder}:/usr/bin:/bin`;
}
