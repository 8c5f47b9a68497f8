// What restores leave beside a database: undo sets that are discarded when a person says so, and what a killed one left.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { restore } from '../../../jobs/restore.ts';
import { backedUpWorld, contents, expectRefusal } from '../../support/bad-input.ts';
import { fixedClock } from '../../support/fixed-clock.ts';
import { runInProcess } from '../../support/in-process.ts';
import type { TypedWorld } from '../../support/typed-world.ts';
import { type Json, readBookings } from '../../support/world.ts';

const day = 24 * 60 * 60 * 1000;
let world: TypedWorld;
/** Names of the undo sets, oldest first: made 40, 20 and 1 days ago. */
let sets: string[] = [];
const app = () => `${world.home}/app`;
const found = () =>
  readdirSync(app())
    .filter((name) => name.includes('.undo-'))
    .sort();

beforeEach(async () => {
  world = await backedUpWorld();
  for (const days of [20, 19, 1]) {
    expect(await world.run('restore', ['run', 'latest', '--yes'])).toMatchObject({ exitCode: 0 });
    world.clock.advance(days * day);
  }
  sets = found();
});
afterEach(() => world[Symbol.asyncDispose]());

const discard = (...args: string[]) => world.run('restore', ['undo', '--discard', '--yes', ...args]);

describe('restore undo --discard', () => {
  test.each([
    ['all that are older than two weeks', [], [2]],
    ['all that are older than was said', ['--older-than', '30d'], [1, 2]],
    ['all but what is younger than that', ['--older-than', '1h'], []],
  ] as const)('without a name removes %s', async (_, args, kept) => {
    const before = readFileSync(world.database);
    const dry = await world.run('restore', ['undo', '--discard', '--dry-run', ...args]);
    expect(dry).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('would remove') });
    expect(found()).toEqual(sets);
    expect(await discard(...args)).toMatchObject({ exitCode: 0 });
    expect(found()).toEqual(kept.map((index) => sets[index]));
    expect(readFileSync(world.database)).toEqual(before);
    expect(readBookings(world.database)).toHaveLength(200);
  });

  test('with a name removes that one, also the newest', async () => {
    expect(await discard(sets[2] ?? '')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/removed .*; 2 others stay/),
    });
    expect(found()).toEqual(sets.slice(0, 2));
    expect(await discard(`${app()}/${sets[1] ?? ''}`)).toMatchObject({ exitCode: 0 });
    expect(found()).toEqual(sets.slice(0, 1));
  });

  test('says that there is nothing to remove', async () => {
    await discard();
    expect(await discard()).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('no undo set is old enough'),
    });
  });

  test('asks, and takes no for an answer', async () => {
    const asked: string[] = [];
    const options = {
      environment: { HOLDFAST_CONFIG: world.config },
      clock: fixedClock(world.clock.now().toISOString()),
    };
    const say = (answer: boolean) => async (question: string) => asked.push(question) > 0 && answer;
    const no = await runInProcess(restore, ['undo', '--discard'], { ...options, confirm: say(false) });
    expect(no).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/restore: nothing was changed\n$/),
    });
    expect(found()).toEqual(sets);
    expect(
      await runInProcess(restore, ['undo', '--discard'], { ...options, confirm: say(true) }),
    ).toMatchObject({ exitCode: 0 });
    expect(found()).toEqual(sets.slice(2));
    expect(asked).toEqual(['Remove 2 undo sets for good?', 'Remove 2 undo sets for good?']);
  });

  const planted: [what: string, plant: (path: string) => void][] = [
    ['a file', (path) => writeFileSync(`${path}/notes.txt`, 'precious')],
    ['a directory', (path) => mkdirSync(`${path}/more`)],
    ['a link in the place of a member', (path) => symlinkSync('/etc/passwd', `${path}/bookings.db-wal`)],
    ['a directory in the place of a member', (path) => mkdirSync(`${path}/bookings.db-journal`)],
  ];
  test.each(planted)('removes nothing of a set that holds %s that is not ours', async (_, plant) => {
    plant(`${app()}/${sets[0] ?? ''}`);
    await expectRefusal(world, 'restore', ['undo', sets[0] ?? '', '--discard', '--yes'], {
      kind: 'refused',
      says: [/cannot (remove|use)/, /bookings\.db\.undo-/],
    });
  });

  test.each([
    [['nothing-of-the-kind'], 'missing', /cannot find the undo set/],
    [['../app'], 'missing', /cannot find the undo set/],
    [['--older-than', 'soon'], 'usage', /as an age/],
    [['x', '--older-than', '1d'], 'usage', /by name and by age/],
  ] as const)('with %j is refused', async (args, kind, says) => {
    await expectRefusal(world, 'restore', ['undo', '--discard', '--yes', ...args], { kind, says: [says] });
  });

  test('an age without --discard is refused', async () => {
    await expectRefusal(world, 'restore', ['undo', '--yes', '--older-than', '1d'], {
      kind: 'usage',
      says: [/--discard/],
    });
  });
});

describe('undo sets that are old', () => {
  test.each([
    ['restore', 'status'],
    ['db-backup', 'info'],
  ])('are a finding of %s %s, whose hint removes them', async (command, args) => {
    const { exitCode, json } = await world.runJson(command, [args]);
    expect(exitCode).toBe(1);
    expect(ofSets(json)).toEqual([
      expect.objectContaining({
        severity: 'warning',
        message: expect.stringMatching(/^2 undo sets older than 14 d take/),
      }),
    ]);
    const [, ...typed] = String(ofSets(json)[0]?.hint).split(' ');
    expect(await world.run('restore', [...typed, '--yes'])).toMatchObject({ exitCode: 0 });
    expect(ofSets((await world.runJson(command, [args])).json)).toEqual([]);
  });
});

test('what a killed restore left while it fetched is told, and goes with the command that is named', async () => {
  await discard('--older-than', '1h');
  const left = `${app()}/.bookings.db.restore-aB3xY9`;
  mkdirSync(left, { mode: 0o700 });
  writeFileSync(`${left}/new.db`, 'half of it');
  const { exitCode, json } = await world.runJson('restore', ['status']);
  expect(exitCode).toBe(1);
  expect(json.findings[0]).toMatchObject({
    message: expect.stringContaining(left),
    hint: expect.stringContaining('--discard'),
  });
  expect(existsSync(left)).toBe(true);
  const [, ...typed] = String(json.findings[0].hint).split(' ');
  expect(await world.run('restore', [...typed, '--yes'])).toMatchObject({ exitCode: 0 });
  expect(existsSync(left)).toBe(false);
  expect(await world.run('restore', ['status'])).toMatchObject({ exitCode: 0 });
});

test('scratch that a killed restore left beside --to goes with the next one there, also without a state directory', async () => {
  const scratchName = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8);
  const left = `${world.home}/.holdfast-${scratchName}-999999999-1-0123456789abcdef`;
  for (const command of [
    ['restore', 'run', 'latest', '--to'],
    ['restore', 'download', 'latest/bookings.db'],
    ['db-backup', 'download'],
  ]) {
    mkdirSync(left, { mode: 0o700 });
    const [job = '', ...args] = command;
    expect(await world.run(job, [...args, `${world.home}/${args.length}-${job}.db`])).toMatchObject({
      exitCode: 0,
    });
    expect(statSync(left, { throwIfNoEntry: false })).toBeUndefined();
  }
  expect(Object.keys(contents(world)).length).toBeGreaterThan(0);
});

/** Where backups are told of as well, those that old are bad news of their own. */
function ofSets({ findings }: Json): { message: string; hint: string }[] {
  return (findings as { message: string; hint: string }[]).filter(({ message }) =>
    message.includes('undo set'),
  );
}
