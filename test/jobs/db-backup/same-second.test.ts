// Names that are taken: two backups in one second, and files that somebody put where ours would go. Nothing is ever
// overwritten. The command runs in this process, because only here can the time stand still.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { dbBackup } from '../../../jobs/db-backup.ts';
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
  test('in one second: the second is refused, and the first stays', async () => {
    await using world = makeWorld();
    expect(await runAt(world, ['run'])).toMatchObject({ exitCode: 0 });
    expect(world.stored()).toContain(`${backup}.db`);
    await expectTaken(world, ['run'], {
      says: [new RegExp(backup), /a backup of this second already/],
      hint: /run it again in a second/,
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

  test('a second apart both stand', async () => {
    await using world = makeWorld();
    const clock = fixedClock(start);
    expect(await runAt(world, ['run'], clock)).toMatchObject({ exitCode: 0 });
    clock.advance(1000);
    expect(await runAt(world, ['run'], clock)).toMatchObject({ exitCode: 0 });
    expect(world.stored().filter((name) => name.startsWith('backups/') && name.endsWith('.db'))).toHaveLength(
      2,
    );
  });
});

describe('a file of somebody else', () => {
  test('where the backup would go stays', async () => {
    await using world = makeWorld();
    await runAt(world, ['list']); // makes the store
    mkdirSync(`${world.store}/backups/bookings`, { recursive: true });
    writeFileSync(`${world.store}/${backup}.db`, 'not ours\n');
    await expectTaken(world, ['run'], { says: [new RegExp(backup), /this second already/] });
    expect(readFileSync(`${world.store}/${backup}.db`, 'utf8')).toBe('not ours\n');
  });

  test('where the manifest would go stays, and nothing is made', async () => {
    await using world = makeWorld();
    await runAt(world, ['list']);
    mkdirSync(`${world.store}/backups/bookings`, { recursive: true });
    writeFileSync(`${world.store}/${backup}.json`, '{"not": "ours"}\n');
    await expectTaken(world, ['run'], { says: [new RegExp(`${backup}\\.json`), /exists already/] });
  });

  test('where the folder of the backups would go stays', async () => {
    await using world = makeWorld();
    await runAt(world, ['list']);
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
    await runAt(world, ['list']);
    mkdirSync(`${world.store}/latest/bookings.db`, { recursive: true });
    const ended = await runAt(world, ['run']);
    expectWords(ended, { kind: 'refused', says: [/latest\/bookings\.db/, /directory/] });
    expect(ended.stderr).toMatch(new RegExp(`before that: ${backup}\\.db is complete in the store`));
    expect(world.stored()).toEqual([`${backup}.db`, `${backup}.json`]);
    expectNothingLeft(world);
  });
});
