// The directory of the database is gone, with all that was in it: every command says so and leads to the restore, and
// one restore brings it back.
import {
  chmodSync,
  chownSync,
  existsSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { restore } from '../../../jobs/restore.ts';
import { backedUpWorld, expectRefusal } from '../../support/bad-input.ts';
import { fixedClock } from '../../support/fixed-clock.ts';
import { runInProcess } from '../../support/in-process.ts';
import type { TypedWorld } from '../../support/typed-world.ts';
import { type Ended, readBookings } from '../../support/world.ts';

const isRoot = process.geteuid?.() === 0;
const owner = isRoot ? '1234:4321' : `${process.geteuid?.()}:${process.getegid?.()}`;

let world: TypedWorld;
const directory = () => `${world.home}/app`;
beforeEach(async () => {
  world = await backedUpWorld({ journalMode: 'wal' });
  chmodSync(world.database, 0o660);
  if (isRoot) chownSync(world.database, 1234, 4321);
  await world.run('db-backup', ['run']);
  rmSync(directory(), { recursive: true });
  return () => world[Symbol.asyncDispose]();
});

describe('with the directory of the database gone', () => {
  test('a restore says which, what it has to be and what to type, and makes nothing unasked', async () => {
    const { stderr } = await expectRefusal(world, 'restore', ['run', 'latest', '--yes'], {
      kind: 'missing',
      says: [/cannot restore to .*bookings\.db/, /its directory .*\/app is not there/, /mode 2770/],
      hint: /findmnt.*--make-directory \S+:\S+/,
    });
    expect(existsSync(directory())).toBe(false);
    const typed = /restore (run .*--make-directory \S+)/.exec(stderr)?.[1]?.split(' ') ?? [];
    expect(await world.run('restore', [...typed, '--yes'])).toMatchObject({ exitCode: 0 });
    expectBack();
  });

  test('it is made for whom --make-directory names', async () => {
    const restored = await world.run('restore', ['run', 'latest', '--yes', '--make-directory', owner]);
    expect(restored).toMatchObject({ exitCode: 0 });
    expectBack();
  });

  test('it is made with those above it', async () => {
    rmSync(`${world.home}/app`, { recursive: true, force: true });
    const deep = `${world.home}/srv/apps/app/bookings.db`;
    const config = `${world.home}/other.toml`;
    writeFileSync(config, readFileSync(world.config, 'utf8').replace(world.database, deep));
    const args = ['run', 'latest', '--yes', '--config', config, '--make-directory', owner];
    expect(await world.run('restore', args)).toMatchObject({ exitCode: 0 });
    expect(statSync(`${world.home}/srv/apps`).mode & 0o777).toBe(0o755);
    expect(readBookings(deep)).toHaveLength(200);
  });

  test.each([
    ['yes', 0],
    ['no', 1],
  ] as const)('a person who is asked says %s', async (said, exitCode) => {
    const asked: string[] = [];
    const confirm = async (question: string) => {
      asked.push(question);
      return said === 'yes';
    };
    const environment = { HOLDFAST_CONFIG: world.config };
    const clock = fixedClock(world.clock.now().toISOString());
    const ended: Ended = await runInProcess(restore, ['run', 'latest'], { confirm, environment, clock });
    expect(ended.exitCode).toBe(exitCode);
    expect(asked[0]).toMatch(/Make it for .*:/);
    if (said === 'yes') expectBack();
    else expect(existsSync(directory())).toBe(false);
  });

  test.each(['nobody-of-the-kind:root', 'root', '0:0:0', ':', '99999999999:0'])(
    'it is made for nobody called %j',
    async (text) => {
      await expectRefusal(world, 'restore', ['run', 'latest', '--yes', '--make-directory', text], {
        kind: 'usage',
        says: [/no user and group/],
        hint: /--make-directory app:app/,
      });
    },
  );

  test('what only looks tells of it, and ends well', async () => {
    const status = await world.run('restore', ['status']);
    expect(status).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('restore plan latest') });
    expect(await world.run('restore', ['list'])).toMatchObject({ exitCode: 0 });
    expect(await world.run('db-backup', ['info'])).toMatchObject({
      stdout: expect.stringContaining('not there'),
    });
    const plan = await world.runJson('restore', ['plan', 'latest']);
    expect(plan).toMatchObject({ exitCode: 1, json: { ok: false } });
    expect(plan.json.findings[0]).toMatchObject({
      message: expect.stringContaining('is not there'),
      hint: expect.stringContaining('--make-directory'),
    });
    expect(existsSync(directory())).toBe(false);
  });

  test('a backup and an undo lead to the restore', async () => {
    for (const [command, args] of [
      ['db-backup', ['run']],
      ['restore', ['undo', '--yes']],
    ] as const)
      expect(await world.run(command, args)).toMatchObject({
        exitCode: 66,
        stderr: expect.stringContaining('restore plan latest --app bookings'),
      });
  });

  test('it is not made where a link leads to a disk that is not there', async () => {
    symlinkSync(`${world.home}/disk`, directory());
    const ended = await world.run('restore', ['run', 'latest', '--yes', '--make-directory', owner]);
    expect(ended.exitCode).not.toBe(0);
    expect(existsSync(`${world.home}/disk`)).toBe(false);
  });
});

test('a backup of another configuration is proven by the manifest beside it, from the store alone', async () => {
  const name = world.stored().find((found) => /^backups\/.*\.db$/.test(found)) ?? '';
  const database = `${world.home}/new/other.db`;
  const environment = world.environmentAlone({
    DATABASE_PATH: database,
    HOLDFAST_STATE: `${world.home}/new-state`,
    HOLDFAST_RUN: `${world.home}/new-run`,
  });
  const args = ['run', name, '--yes', '--make-directory', owner];
  const { exitCode, stdout, stderr } = await world.run('restore', args, { environment });
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  expect(stdout).toContain(`proven: ${name}`);
  expect(readBookings(database)).toHaveLength(200);
  expect([...readFileSync(database).subarray(18, 20)]).toEqual([2, 2]);
});

function expectBack(): void {
  expect(readBookings(world.database)).toHaveLength(200);
  const [above, file] = [statSync(directory()), statSync(world.database)];
  expect((above.mode & 0o7777).toString(8)).toBe('2770');
  expect((file.mode & 0o7777).toString(8)).toBe('660');
  if (isRoot) expect([above.uid, above.gid, file.uid, file.gid]).toEqual([1234, 4321, 1234, 4321]);
}
