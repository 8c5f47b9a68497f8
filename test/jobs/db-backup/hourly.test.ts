// The hourly run: one backup with every proof, or the word that nothing has changed; quiet where another run is at work, in
// nobody's way, and told of as a check of its own.
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { dbBackup } from '../../../jobs/db-backup.ts';
import { systemClock } from '../../../lib/base/clock.ts';
import { silentLog } from '../../../lib/base/log.ts';
import { acquireLock, type HeldLock } from '../../../lib/lock/lock.ts';
import { runBriefly } from '../../../lib/process/run-briefly.ts';
import { expectRefusal } from '../../support/bad-input.ts';
import { fixedClock } from '../../support/fixed-clock.ts';
import { onlyChecks } from '../../support/health.ts';
import { runInProcess } from '../../support/in-process.ts';
import { spooled } from '../../support/spooled.ts';
import { StandbyBox, twoMachines } from '../../support/standby-world.ts';
import { TypedWorld } from '../../support/typed-world.ts';
import { type Json, makeBookings, type World } from '../../support/world.ts';

const hour = 3_600_000;
const alerts = '[alerts.ntfy]\ntopic_file = "/nowhere/topic"';

describe('an hourly run', () => {
  test('stores what has changed, and of what has not the word that it looked', async () => {
    await using world = hourlyWorld();
    expect((await world.run('db-backup', ['hourly'])).stdout).toMatch(/^bookings: backed up as backups/);
    const first = world.stored();
    expect(first).toHaveLength(2); // the backup and its manifest: no latest copy

    const looked = await world.runJson('db-backup', ['hourly']);
    expect(looked).toMatchObject({ exitCode: 0 });
    expect(backupIn(looked.json)).toMatchObject({ backup: first[0], unchanged: true });
    expect(backupIn(looked.json).stored).toEqual([
      { format: 'plain', backup: first[0], made: 'nothing', stored_bytes: 0 },
    ]);
    expect((await world.run('db-backup', ['hourly'])).stdout).toMatch(
      `bookings: unchanged since ${first[0]}`,
    );
    expect(world.stored()).toEqual(first);

    change(world);
    expect((await world.run('db-backup', ['hourly'])).stdout).toMatch(/^bookings: backed up as backups/);
    expect(world.stored()).toHaveLength(4);
  });

  test('leaves a night of its own to the night: a backup, the latest copy, what is pruned', async () => {
    await using world = hourlyWorld('keep = { last = 1 }');
    await world.run('db-backup', ['hourly']);
    change(world);
    await world.run('db-backup', ['hourly']);
    expect(world.stored().filter((name) => name.endsWith('.db'))).toHaveLength(2);
    await world.run('db-backup', ['run']);
    expect(world.stored().filter((name) => name.endsWith('.db'))).toEqual([
      expect.stringMatching(/^backups\//),
      'latest/bookings.db',
    ]);
  });

  test('is a look that counts as a backup would, and for hours without one somebody is told', async () => {
    await using world = hourlyWorld();
    await world.run('db-backup', ['hourly']);
    world.clock.advance(2 * hour);
    await world.run('db-backup', ['hourly']);
    world.clock.advance(2.5 * hour);
    expect(await ageIn(world)).toBeUndefined(); // the backup is of five hours ago, the look of two and a half
    world.clock.advance(hour);
    expect(await ageIn(world)).toMatchObject({
      severity: 'warning',
      message: expect.stringMatching(/newest proven backup is 3 h 3\d min old/) as string,
    });
    world.clock.advance(24 * hour);
    expect(await ageIn(world)).toMatchObject({ severity: 'critical' });
    const { stdout } = await world.run('health-check', ['run']);
    expect(stdout).toMatch(/backup-age.*should be one every 3 h \(every of bookings\)/s);
  });

  test('does not take the look at a backup that is gone for a backup', async () => {
    await using world = hourlyWorld();
    await world.run('db-backup', ['run']);
    world.clock.advance(2 * hour);
    change(world);
    await world.run('db-backup', ['hourly']);
    await world.run('db-backup', ['hourly']);
    const [, , newest = ''] = world.stored().filter((name) => name.startsWith('backups/'));
    for (const name of [newest, newest.replace('.db', '.json')]) rmSync(join(world.store, name));
    world.clock.advance(1.5 * hour);
    expect(await ageIn(world)).toMatchObject({
      message: expect.stringMatching(/newest proven backup is 3 h/) as string,
    });
  });

  test('in a dry run says what it would store, and stores nothing', async () => {
    await using world = hourlyWorld();
    await world.run('db-backup', ['init']);
    const { exitCode, stdout } = await world.run('db-backup', ['hourly', '--dry-run']);
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: expect.stringMatching(/^bookings: would back up .* as backups\/bookings\/\S+ in /) as string,
    });
    expect(world.stored()).toEqual([]);
  });

  test('is for apps with every, and says so of others', async () => {
    await using world = new TypedWorld();
    world.configure();
    makeBookings(world.database);
    await expectRefusal(world, 'db-backup', ['hourly'], {
      kind: 'config',
      says: [/cannot back up any app every hour: every is not set/],
      hint: /write every = "1h" in \[apps\.bookings\]/,
    });
    world.configure({
      app: 'every = "1h"',
      apps: `[apps.other]\ndatabase = "${world.database}2"\nlatest = false`,
    });
    await expectRefusal(world, 'db-backup', ['hourly', '--app', 'other'], {
      kind: 'config',
      says: [/cannot back up other every hour/],
    });
    expect(await world.run('db-backup', ['hourly'])).toMatchObject({ exitCode: 0 });
  });

  test('of a standby has nothing to do, until it is promoted', async () => {
    await using two = await twoMachines({ app: 'every = "1h"' });
    const { box } = two;
    await box.run('restore', ['standby']);
    const before = box.fingerprint(two.master.store);
    const { exitCode, stdout } = await box.run('db-backup', ['hourly', '--app', 'bookings']);
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: 'bookings: nothing to do: it is live on another machine, which backs it up\n',
    });
    expect(box).toBeInstanceOf(StandbyBox);
    expect(box.fingerprint(two.master.store)).toEqual(before);
  });
});

describe('an hourly run that meets another', () => {
  test.each(['db-backup run', 'restore run', 'db-backup hourly'])(
    'leaves it to %s, as often as it comes, and nobody is told',
    async (purpose) => {
      await using world = hourlyWorld(alerts);
      await world.run('db-backup', ['hourly']);
      const before = { stored: world.stored(), spooled: spooled(world) };
      await using lock = await hold(world, purpose);
      void lock;
      for (let n = 0; n < 4; n += 1) {
        const { exitCode, json } = await world.runJson('db-backup', ['hourly']);
        expect(exitCode).toBe(0);
        expect(json).toMatchObject({ ok: true, verdict: 'ok', findings: [] });
        expect(json.result.apps[0].value).toEqual({ left_to: purpose, is_standby: false });
      }
      const { stdout, stderr } = await world.run('db-backup', ['hourly']);
      expect(stdout).toBe(`bookings: nothing was done: ${purpose} is at work; the next run looks again\n`);
      expect(stderr).toMatch(new RegExp(`left to ${purpose}: cannot lock bookings: .*has held it since`));
      expect({ stored: world.stored(), spooled: spooled(world) }).toEqual(before);
      expect(lastRun(world)).toEqual({ command: 'hourly', outcome: 'busy', exit_code: 0 });
    },
  );

  test('that is a nightly one makes it wait until the hour is over', async () => {
    await using world = hourlyWorld();
    const lock = await hold(world, 'db-backup hourly');
    const waits: number[] = [];
    const { exitCode, stderr } = await typed(world, ['run'], async (ms) => {
      waits.push(ms);
      if (waits.length === 3) await lock.release();
    });
    expect({ exitCode, waited: waits.length }).toEqual({ exitCode: 0, waited: 3 });
    expect(stderr.match(/waiting for the hourly run: .*db-backup hourly \(pid/g)).toHaveLength(1);
  });

  test('that does not end makes any other busy in a while', async () => {
    await using world = hourlyWorld();
    await using lock = await hold(world, 'db-backup hourly');
    void lock;
    let waitedMs = 0;
    const { exitCode } = await typed(world, ['run'], async (ms) => void (waitedMs += ms));
    expect({ exitCode, waitedMs }).toEqual({ exitCode: 75, waitedMs: 15 * 60_000 });
  });

  test('is waited for by nobody who only tries, and by none but ours', async () => {
    await using world = hourlyWorld();
    await world.run('db-backup', ['init']);
    const wait = async () => expect.fail('it waits');
    const lock = await hold(world, 'db-backup hourly');
    expect(await typed(world, ['run', '--dry-run'], wait)).toMatchObject({ exitCode: 75 });
    await lock.release();
    await using nightly = await hold(world, 'db-backup run');
    void nightly;
    expect(await typed(world, ['run'], wait)).toMatchObject({ exitCode: 75 });
  });
});

describe('a failure by the hour', () => {
  test('is one of a check of its own, which the night ends as well', async () => {
    await using world = hourlyWorld(alerts);
    rmSync(world.database);
    await world.run('db-backup', ['hourly']);
    makeBookings(world.database);
    await world.run('db-backup', ['run']);
    const records = spooled(world).map(({ check, result }) => ({ check, result }));
    expect(records).toEqual([
      { check: 'db-backup-hourly', result: 'failed' },
      { check: 'db-backup', result: 'done' },
    ]);
    expect(spooled(world)[1]).toMatchObject({
      proves: expect.arrayContaining(['db-backup-hourly']) as string[],
    });
  });
});

function hourlyWorld(keys = ''): TypedWorld {
  const world = new TypedWorld();
  world.configure({ app: `every = "1h"\n${keys}`, apps: onlyChecks('backup-age') });
  makeBookings(world.database, { journalMode: 'delete' });
  return world;
}

function change({ database }: World): void {
  const open = new Database(database);
  open.exec('CREATE TABLE IF NOT EXISTS changed (at); INSERT INTO changed VALUES (1)');
  open.close();
}

/** Holds the lock of the bookings as another run of ours does. */
function hold(world: World, purpose: string): Promise<HeldLock> {
  return acquireLock({
    ...{ directory: join(world.home, 'run/locks'), name: 'bookings', purpose, runId: 'another' },
    ...{ run: runBriefly, clock: systemClock, log: silentLog },
  });
}

function typed(world: World, args: string[], wait: (ms: number) => Promise<void>) {
  const environment = { HOLDFAST_CONFIG: world.config };
  return runInProcess(dbBackup, args, { clock: fixedClock(), environment, wait });
}

function backupIn(json: Json): Json {
  return json.result.apps[0].value.backup;
}

/** What is said of the age of the newest backup. */
async function ageIn(world: World): Promise<{ severity: string; message: string } | undefined> {
  const { json } = await world.runJson('db-backup', ['info']);
  const findings = json.findings as { severity: string; message: string }[];
  return findings.find(({ message }) => message.startsWith('the newest proven backup is '));
}

function lastRun(world: World): unknown {
  expect(existsSync(join(world.state, 'ops.db'))).toBe(true);
  const ops = new Database(join(world.state, 'ops.db'), { readonly: true });
  const row = ops.prepare('SELECT command, outcome, exit_code FROM runs ORDER BY rowid DESC LIMIT 1').get();
  ops.close();
  return row;
}
