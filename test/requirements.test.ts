// Where everything is required (HOLDFAST_REQUIRE_ALL=1, as in continuous integration), a component that is missing
// fails here. Elsewhere the tests that need it are visibly skipped.
import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { missingForExplorer } from './support/datasette.ts';
import { missingForMachines } from './support/machine/base-root.ts';
import { postgresPrograms } from './support/postgres.ts';
import { missingForTwoFamilies } from './support/two-families.ts';

describe.runIf(process.env.HOLDFAST_REQUIRE_ALL === '1')('what the whole suite needs', () => {
  test('root, for other users, mounts and ownership', () => {
    expect(process.geteuid?.()).toBe(0);
  });

  test('a mount namespace of our own, for a full disk and a read-only one', () => {
    expect(() => execFileSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/mnt'])).not.toThrow();
  });

  test('a Debian that boots beside this one', () => expect(missingForMachines()).toEqual([]));

  test('a PostgreSQL server of our own', () => expect(postgresPrograms()).toBeDefined());

  test('networks of our own, for a host with two address families', () =>
    expect(missingForTwoFamilies()).toBeUndefined());

  test('a place for Datasette', () => expect(missingForExplorer()).toEqual([]));

  test.each([
    ['chromium', '--version'],
    ['sqlite3', '--version'],
    ['flock', '--version'],
    ['sha256sum', '--version'],
    ['getfacl', '--version'],
    ['setfattr', '--version'],
    ['age', '--version'],
    ['rclone', 'version'],
    ['openssl', 'version'],
    ['rsync', '--version'],
    ['ls', '/usr/bin/rrsync'],
    ['python3', '--version'],
    ['/usr/bin/python3', '-cimport zstandard'],
    ['ssh', '-V'],
    ['/usr/sbin/sshd', '-V'],
    ['systemd-analyze', '--version'],
    ['setpriv', '--version'],
    ['prlimit', '--version'],
    ['script', '--version'],
    ['ls', '/usr/share/bash-completion/bash_completion'],
    ['zsh', '--version'],
    ['fish', '--version'],
    ['man', '--version'],
    ['which', 'mandoc'],
    ['perl', '--version'],
  ])('%s', (program, argument) => {
    expect(() => execFileSync(program, [argument])).not.toThrow();
  });
});
