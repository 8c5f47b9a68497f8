// A full disk, before the work begins and at every step of it. What was stored before stays, and what is stored is whole.
import { rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  backUpIn,
  contents,
  entriesBelow,
  expectNothingLeft,
  expectRefusal,
  expectWords,
  secrets,
} from '../../support/bad-input.ts';
import { type Operation, runWithFault, traceOperations } from '../../support/faults/run-with-faults.ts';
import { isRoot, withMounts } from '../../support/other-runners.ts';
import { onlyObject } from '../../support/printed.ts';
import { makeBookings, readBookings, World } from '../../support/world.ts';

const dbBackup = resolve(import.meta.dirname, '../../../bin/db-backup');

describe.skipIf(!isRoot)('a disk that is too small (skipped unless the tests run as root)', () => {
  test('for the copies is told with both numbers before anything is copied', async () => {
    await using world = await backUpIn(new World());
    const saved = entriesBelow(world.store);
    const run = withMounts(
      world,
      'cp -a "$STORE" "$HOME_DIRECTORY/saved"\nmount -t tmpfs -o size=8m tmpfs "$STORE"\ncp -a "$HOME_DIRECTORY/saved/." "$STORE"',
      'mkdir "$HOME_DIRECTORY/after"\ncp -a "$STORE" "$HOME_DIRECTORY/after"',
    );
    const ended = await run('db-backup', ['run', '--json'], secrets);
    expectWords(ended, {
      kind: 'io',
      says: [/cannot back up bookings/, /needs 17 MB, \d\.\d MB are free in .*store/],
      hint: /df -h .*store/,
    });
    expect(entriesBelow(`${world.home}/after/store`)).toEqual(saved);
    expectNothingLeft(world);
  });

  test('for a restore is told before the database is touched', async () => {
    await using world = await backUpIn(new World(), { rows: 20_000 });
    await expectRefusal(
      world,
      'restore',
      ['run', 'latest', '--yes'],
      { kind: 'io', says: [/cannot fetch .*bookings-.*\.db/, /are free in .*app/], hint: /df -h/ },
      withMounts(world, 'mount -t tmpfs -o size=1m tmpfs "$APP"'),
    );
  });
});

describe.skipIf(!isRoot)(
  'a disk on which few files more can be made (skipped unless the tests run as root)',
  () => {
    // Free bytes in plenty, so that no look ahead sees it coming.
    test.each([0, 1, 2, 3, 4, 5, 6])('%i of them: what is not whole is not there', async (filesMore) => {
      await using world = await backUpIn(new World());
      const saved = entriesBelow(world.store);
      const files = Object.keys(saved).length + 1 + filesMore;
      const run = withMounts(
        world,
        `cp -a "$STORE" "$HOME_DIRECTORY/saved"\nmount -t tmpfs -o size=64m,nr_inodes=${files} tmpfs "$STORE"\ncp -a "$HOME_DIRECTORY/saved/." "$STORE"`,
        'mkdir "$HOME_DIRECTORY/after"\ncp -a "$STORE" "$HOME_DIRECTORY/after"',
      );
      const ended = await run('db-backup', ['run', '--json'], secrets);
      const { ok } = onlyObject(ended);
      if (!ok) expectWords(ended, { kind: 'io', says: [/cannot/, /no space left/], hint: /df -h/ });
      const after = entriesBelow(`${world.home}/after/store`);
      const added = Object.keys(after).filter((name) => saved[name] === undefined);
      expect(added.filter((name) => name.endsWith('.db'))).toHaveLength(added.length / 2);
      if (filesMore < 3) expect(added).toEqual([]);
      expect(after).toMatchObject(saved);
      expectNothingLeft(world);
    });
  },
);

describe('a disk that is full at one step', () => {
  let world: World;
  beforeAll(async () => {
    world = await backUpIn(new World());
    return () => world[Symbol.asyncDispose]();
  });
  // Without a channel for alerts: the record that is left for them never fails a run, also on a full disk.
  const environment = () => ({ ...secrets, SLACK_WEBHOOK_URL: '', HOLDFAST_CONFIG: world.config });

  /** Steps that need space: what makes a file, writes it, or gives it its name; and the flush of a directory. */
  async function steps(args: readonly string[], directory: string): Promise<Operation[]> {
    const operations = await traceOperations(dbBackup, args, environment());
    const first = operations.findIndex(({ name, file }) => name === 'mkdir' && file.startsWith('.holdfast-'));
    // When the note of what was begun goes, all is there, and its folder may stay.
    const done = operations.findIndex(({ file }) => file === 'note.json');
    return operations
      .slice(first, done < 0 ? undefined : done)
      .filter(({ name, file }) => isSpender(name) || (name === 'sync' && file === directory));
  }

  test('of db-backup backup leaves the whole backup or nothing', async () => {
    const operations = await steps(['backup', 'traced'], 'bookings');
    expect(operations.length).toBeGreaterThan(10);
    const problems: string[] = [];
    for (const [index, { number, name, file }] of operations.entries()) {
      const label = `step-${index}`;
      const before = contents(world);
      const fault = { at: number, kind: 'enospc' } as const;
      const ended = await runWithFault(dbBackup, ['backup', label, '--json'], environment(), fault);
      expectWords(ended, { kind: 'io', says: [/cannot/, /no space left/] });
      const added = Object.keys(contents(world)).filter((path) => before[path] === undefined);
      if (added.length > 0) problems.push(`${name} ${file} (${number}): ${added.join(', ')}`);
      expect(contents(world)).toMatchObject(before);
      expectNothingLeft(world);
    }
    expect(problems).toEqual([]);
    expect(await world.run('db-backup', ['verify', '--all'])).toMatchObject({ exitCode: 0 });
  });

  test('of db-backup upload leaves the latest copy as it was, or whole and new', async () => {
    const latest = 'store/latest/bookings.db';
    for (const { number, name } of await steps(['upload'], 'latest')) {
      rmSync(world.database);
      makeBookings(world.database, { journalMode: 'delete', label: `before step ${number}` });
      const before = contents(world);
      const fault = { at: number, kind: 'enospc' } as const;
      const ended = await runWithFault(dbBackup, ['upload', '--json'], environment(), fault);
      expectWords(ended, { kind: 'io', says: [/cannot/, /no space left/] });
      const after = contents(world);
      // Once it has its name it is there, flushed or not.
      if (name !== 'sync') expect(after).toEqual(before);
      else expect(readBookings(`${world.store}/latest/bookings.db`)[0]?.guest).toContain(`step ${number}`);
      expect({ ...after, [latest]: before[latest] }).toEqual(before);
      expectNothingLeft(world);
    }
  });

  test('with a file where the folder of the backups should be, nothing is overwritten', async () => {
    await using other = await backUpIn(new World());
    rmSync(`${other.store}/backups`, { recursive: true });
    writeFileSync(`${other.store}/backups`, 'a note\n');
    await expectRefusal(other, 'db-backup', ['run'], {
      kind: 'refused',
      says: [/backups\/bookings/, /backups is a file/],
    });
  });
});

function isSpender(name: string): boolean {
  return ['mkdir', 'open', 'write', 'writeFile', 'link', 'rename'].includes(name);
}
