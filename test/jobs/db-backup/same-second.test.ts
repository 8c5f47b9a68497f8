// Names that are taken: backups in one second, and files that somebody put where ours would go. Nothing is ever
// overwritten. The command runs in this process, because only here can the time stand still.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { dbBackup } from '../../../jobs/db-backup.ts';
import { Interrupted } from '../../../lib/run/failure.ts';
import { contents, expectNothingLeft, expectWords, type Refusal } from '../../support/bad-input.ts';
import { fixedClock } from '../../support/fixed-clock.ts';
import { runInProcess } from '../../support/in-process.ts';
import { type Ended, makeBookings, World } from '../../support/world.ts';

const start = '2026-11-20T02:05:13Z';
const backup = 'backups/bookings/bookings-20261120T020513Z';

/** Runs db-backup at an instant that does not pass. */
function runAt(world: World, args: readonly string[], clock = fixedClock(start)): Promise<Ended> {
  return runInProcess(dbBackup, [...args, '--json', '--config', world.config], { clock });
}

function makeWorld(): World {
  const world = new World();
  makeBookings(world.database, { journalMode: 'delete' });
  world.configure();
  return world;
}

async function expectTaken(
  world: World,
  args: readonly string[],
  refusal: Omit<Refusal, 'kind'>,
): Promise<void> {
  const before = contents(world);
  expectWords(await runAt(world, args), { kind: 'refused', ...refusal });
  expect(contents(world)).toEqual(before);
  expectNothingLeft(world);
}

describe('two backups', () => {
  test('in one second both stand, the later under the next second', async () => {
    await using world = makeWorld();
    const clock = fixedClock(start);
    for (const command of ['run', 'backup', 'run']) {
      expect(await runAt(world, [command], clock)).toMatchObject({ exitCode: 0 });
    }
    expect(world.stored().filter((name) => /backups\/.*\.db$/.test(name))).toEqual([
      `${backup}.db`,
      'backups/bookings/bookings-20261120T020514Z.db',
      'backups/bookings/bookings-20261120T020515Z.db',
    ]);
    const listed = JSON.parse((await runAt(world, ['list-backups'], clock)).stdout);
    expect(listed.result.apps[0].value.backups.map(({ taken_at }: { taken_at: string }) => taken_at)).toEqual(
      ['2026-11-20T02:05:15.000Z', '2026-11-20T02:05:14.000Z', '2026-11-20T02:05:13.000Z'],
    );
  });

  test('in one second wait for what is left of it, and can be stopped meanwhile', async () => {
    await using world = makeWorld();
    const clock = fixedClock('2026-11-20T02:05:13.750Z');
    await runAt(world, ['run'], clock);
    const waits: number[] = [];
    const stop = new AbortController();
    const wait = async (ms: number, signal: AbortSignal) => {
      waits.push(ms);
      stop.abort(new Interrupted('SIGTERM'));
      signal.throwIfAborted();
    };
    const args = ['run', '--config', world.config];
    const ended = await runInProcess(dbBackup, args, { clock, wait, signal: stop.signal });
    expect(ended).toMatchObject({ exitCode: 143 });
    expect(waits).toEqual([250]);
    expectNothingLeft(world);
  });

  test('where every second is taken is refused, and nothing is overwritten', async () => {
    await using world = makeWorld();
    await runAt(world, ['init']); // makes the store
    mkdirSync(`${world.store}/backups/bookings`, { recursive: true });
    for (let second = 13; second < 30; second += 1)
      writeFileSync(`${world.store}/backups/bookings/bookings-20261120T0205${second}Z.db`, 'not ours\n');
    await expectTaken(world, ['run'], {
      says: [/bookings-20261120T020518Z/, /is there/],
      hint: /the seconds before are taken as well/,
    });
  });

  test('of one name: the second is refused, and the first stays', async () => {
    await using world = makeWorld();
    expect(await runAt(world, ['backup', 'before-upgrade'])).toMatchObject({ exitCode: 0 });
    await expectTaken(world, ['backup', 'before-upgrade'], {
      says: [/backups\/bookings\/before-upgrade\.db/, /a backup of that name/],
      hint: /choose another name/,
    });
  });
});

describe('a file of somebody else', () => {
  test('where the backup would go stays', async () => {
    await using world = makeWorld();
    await runAt(world, ['init']); // makes the store
    mkdirSync(`${world.store}/backups/bookings`, { recursive: true });
    writeFileSync(`${world.store}/${backup}.db`, 'not ours\n');
    expect(await runAt(world, ['run'])).toMatchObject({ exitCode: 0 });
    expect(readFileSync(`${world.store}/${backup}.db`, 'utf8')).toBe('not ours\n');
    expect(world.stored()).toContain('backups/bookings/bookings-20261120T020514Z.json');
  });

  test('where the manifest would go stays, and the backup gets another name', async () => {
    await using world = makeWorld();
    await runAt(world, ['init']);
    mkdirSync(`${world.store}/backups/bookings`, { recursive: true });
    writeFileSync(`${world.store}/${backup}.json`, '{"not": "ours"}\n');
    const ended = await runAt(world, ['run']);
    expect(ended.exitCode).toBe(1); // what looks like the manifest of a backup whose data is gone is told
    expect(JSON.parse(ended.stdout).findings).toMatchObject([
      { message: expect.stringContaining(`${backup}.db is gone`) },
    ]);
    expect(readFileSync(`${world.store}/${backup}.json`, 'utf8')).toBe('{"not": "ours"}\n');
    expect(world.stored()).toContain('backups/bookings/bookings-20261120T020514Z.db');
  });

  test('where the folder of the backups would go stays', async () => {
    await using world = makeWorld();
    await runAt(world, ['init']);
    writeFileSync(`${world.store}/backups`, 'not ours\n');
    const ended = await runAt(world, ['run']);
    expectWords(ended, { kind: 'refused', says: [/backups\/bookings/, /backups is a file/] });
    expect(ended.stderr).toMatch(/before that: the latest copy latest\/bookings\.db is up to date/);
    expect(readFileSync(`${world.store}/backups`, 'utf8')).toBe('not ours\n');
    expect(world.stored()).toEqual(['backups', 'latest/bookings.db']);
    expectNothingLeft(world);
  });

  test('a directory where the latest copy would go stays; the backup is made, and the failure is told', async () => {
    await using world = makeWorld();
    await runAt(world, ['init']);
    mkdirSync(`${world.store}/latest/bookings.db`, { recursive: true });
    const ended = await runAt(world, ['run']);
    expectWords(ended, { kind: 'refused', says: [/latest\/bookings\.db/, /directory/] });
    expect(ended.stderr).toMatch(new RegExp(`before that: ${backup}\\.db is complete in the store`));
    expect(world.stored()).toEqual([`${backup}.db`, `${backup}.json`]);
    expectNothingLeft(world);
  });
});
