// Access control lists and extended attributes over a restore and its undo: carried, or told and nobody's rights raised.
// Skipped, visibly, without the programs of the packages acl and attr.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { CommandRunner } from '../../../lib/base/command.ts';
import { OpsError } from '../../../lib/base/errors.ts';
import { silentLog } from '../../../lib/base/log.ts';
import { giveAttributes, modeWithoutList, noAttributes } from '../../../lib/placement/attributes.ts';
import { runCommand } from '../../../lib/process/run-command.ts';
import { makeCrashedSet, makeDatabase } from '../../support/database-sets.ts';
import { fixedClock } from '../../support/fixed-clock.ts';
import { placeOnce, undoOnce } from '../../support/placements.ts';
import { scratch } from '../../support/scratch.ts';

const isThere = ['getfacl', 'setfacl', 'getfattr', 'setfattr'].every((program) => {
  try {
    execFileSync(program, ['--version']);
    return true;
  } catch {
    return false;
  }
});

const list = (path: string) => run('getfacl', '-cnp', path);
const note = (path: string) =>
  run('getfattr', '-d', '-m', '^user', '--absolute-names', path).replace(/^#.*\n/, '');
const modeOf = (path: string) => (statSync(path).mode & 0o7777).toString(8);

function run(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: 'utf8' });
}

/** A database whose group may read and whose user 1234 may write: the mode says 0660, and the group has less. */
async function guarded(kind: 'alone' | 'with a log' = 'alone'): Promise<{ target: string; next: string }> {
  const target = join(scratch(), 'app.db');
  if (kind === 'alone') makeDatabase(target, 'old', 10);
  else await makeCrashedSet(target, 'wal');
  chmodSync(target, 0o640);
  run('setfacl', '-m', 'u:1234:rw,g::r', target);
  run('setfattr', '-n', 'user.note', '-v', 'keep me', target);
  expect(modeOf(target)).toBe('660');
  const next = join(scratch(), 'next.db');
  makeDatabase(next, 'new', 20);
  return { target, next };
}

/** The real programs, without those that are named, or with some that fail. */
function programs({ missing = [], failing = [] }: { missing?: string[]; failing?: string[] }): CommandRunner {
  return async (command, args, options) => {
    if (missing.includes(command))
      throw new OpsError('missing', `cannot run ${command}: it is not installed`);
    if (failing.includes(command))
      throw new OpsError('io', `cannot run ${command}: exit code 1: not supported`);
    return runCommand(command, args, options);
  };
}

const context = (runner: CommandRunner = runCommand) => ({
  clock: fixedClock(),
  log: silentLog,
  runCommand: runner,
});

describe.runIf(isThere)('with getfacl and getfattr', () => {
  test.each(['alone', 'with a log'] as const)(
    'a database %s keeps them over a restore and its undo',
    async (kind) => {
      const { target, next } = await guarded(kind);
      const [entries, notes] = [list(target), note(target)];
      expect(entries).toContain('group::r--');
      const { notCarried } = await placeOnce(target, next, context());
      expect({ notCarried, list: list(target), note: note(target), mode: modeOf(target) }).toEqual({
        notCarried: [],
        list: entries,
        note: notes,
        mode: '660',
      });
      run('setfacl', '-b', target);
      await undoOnce(target, context());
      expect([list(target), note(target)]).toEqual([entries, notes]);
    },
  );

  test('a database without a list gets none from its directory', async () => {
    const target = join(scratch(), 'app.db');
    makeDatabase(target, 'old', 10);
    chmodSync(target, 0o660);
    const before = list(target);
    run('setfacl', '-d', '-m', 'u:1234:rw', dirname(target));
    const next = join(scratch(), 'next.db');
    makeDatabase(next, 'new', 20);
    await placeOnce(target, next, context());
    expect(list(target)).toBe(before);
  });

  test('what a file has of its own goes, where that is not wanted', async () => {
    const path = join(scratch(), 'of-the-share.db');
    makeDatabase(path, 'new', 10);
    chmodSync(path, 0o660);
    const before = list(path);
    run('setfattr', '-n', 'user.other', '-v', 'x', path);
    run('setfacl', '-m', 'u:4321:rw', path);
    const wanted = { ...noAttributes, values: new Map([['user.note', '0x6b656570']]) };
    expect(await giveAttributes(path, path, wanted, runCommand)).toEqual([]);
    expect({ list: list(path), note: note(path) }).toEqual({ list: before, note: 'user.note="keep"\n\n' });
  });

  test('no right to execute comes back', async () => {
    const { target, next } = await guarded();
    run('setfacl', '-m', 'u:1234:rwx,o::r-x', target);
    await placeOnce(target, next, context());
    expect(list(target)).not.toContain('x');
  });

  test.each([
    ['setfacl fails', { failing: ['setfacl'] }, '640', 'access control list'],
    ['getfacl is not there', { missing: ['getfacl', 'setfacl'] }, '600', 'access control list'],
    [
      'no program but ls is there',
      { missing: ['getfacl', 'setfacl', 'getfattr', 'setfattr'] },
      '600',
      'access control list',
    ],
    ['setfattr fails', { failing: ['setfattr'] }, '660', 'user.note'],
  ])('where %s, it is told, and the group has no more than it had', async (_, faults, mode, told) => {
    const { target, next } = await guarded();
    const { notCarried } = await placeOnce(target, next, context(programs(faults)));
    expect(notCarried.join()).toContain(told);
    expect(modeOf(target)).toBe(mode);
  });

  test('a database that is gone gives the group no more than its directory does', async () => {
    const directory = join(scratch(), 'app');
    mkdirSync(directory, { mode: 0o750 });
    run('setfacl', '-m', 'u:1234:rwx,g::r-x', directory);
    expect(modeOf(directory)).toBe('770');
    const next = join(scratch(), 'next.db');
    makeDatabase(next, 'new', 20);
    await placeOnce(join(directory, 'app.db'), next, context());
    expect(modeOf(join(directory, 'app.db'))).toBe('640');
    expect(readdirSync(directory)).toEqual(['app.db']);
  });

  test.runIf(process.geteuid?.() === 0)('what is not for a restored file is told (needs root)', async () => {
    const { target, next } = await guarded();
    run('setfattr', '-n', 'trusted.stamp', '-v', 'x', target);
    const { notCarried } = await placeOnce(target, next, context());
    expect(notCarried).toEqual(['the attribute trusted.stamp']);
  });
});

test.each([
  ['user::rw-\nuser:1:rw-\ngroup::r--\nmask::rw-\nother::---\n', 0o660, 0o640],
  ['user::rw-\ngroup::rw-\nmask::r--\nother::r--\n', 0o644, 0o644],
  ['user::rw-\nuser:1:rw-\ngroup::---\nmask::rw-\nother::---\n', 0o660, 0o600],
])('%j: the group has what is its own (%#)', (accessList, mode, own) => {
  expect(modeWithoutList(mode, { ...noAttributes, accessList })).toBe(own);
});
