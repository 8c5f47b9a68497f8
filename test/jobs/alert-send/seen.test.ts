// What is news, and to whom: a person at a terminal has seen how it ended, and of a run that was killed nobody has.
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { AlertWorld } from '../../support/alert-world.ts';
import { type SpooledRecord, spooled } from '../../support/spooled.ts';
import { filesBelow, makeBookings } from '../../support/world.ts';

const failed = 'db-backup of bookings failed';

function news(world: AlertWorld): SpooledRecord[] {
  return spooled(world).filter(({ result }) => result !== 'done');
}

const stops = 'stop = "true"\nstart = "true"\n';
const spoilBackup = (world: AlertWorld) =>
  spoilAt(join(world.store, filesBelow(world.store).find((name) => /backups.*db$/.test(name)) ?? ''));

/** As large as it was, and another one. */
function spoilAt(path: string): void {
  chmodSync(path, 0o600);
  writeFileSync(path, readFileSync(path).fill(7, 5000, 6000));
}

describe('what is typed at a terminal', () => {
  test.each<[string, (world: AlertWorld) => void, [string, ...string[]][]]>([
    [
      'a name, an app, an option or a consent that is not there, and a target that is',
      () => undefined,
      [
        ['restore', 'run', 'ctv-20261120', '--yes'],
        ['db-backup', 'verify', 'latset'],
        ['restore', 'drill', 'no-such-backup'],
        ['db-backup', 'run', '--app', 'nobody'],
        ['db-backup', 'run', '--frob'],
        ['restore', 'run', 'latest'],
        ['restore', 'undo', '--yes'],
        ['restore', 'run', 'latest', '--to', '/dev/null'],
      ],
    ],
    [
      'a store that is away',
      (world) => world.unplug(),
      [
        ['db-backup', 'run'],
        ['restore', 'drill'],
      ],
    ],
    ['a database that is away', (world) => rmSync(world.database), [['db-backup', 'run']]],
  ])('and fails pages nobody: %s', async (_, happen, typed) => {
    await using world = await AlertWorld.start({ app: stops });
    happen(world);
    for (const [job, ...args] of typed) {
      const { exitCode, stderr } = await world.attend(job, args);
      expect(exitCode, args.join(' ')).toBeGreaterThan(1);
      expect(stderr).toContain('error: ');
    }
    expect(news(world)).toEqual([]);
  });

  test('and could not be done for one of several apps neither', async () => {
    await using world = await AlertWorld.start();
    world.configureAlerts({ app: '[apps.broken]\ndatabase = "/nowhere/x.db"' });
    expect((await world.attend('db-backup', ['run'])).exitCode).toBe(1);
    expect(news(world)).toEqual([]);
    expect((await world.run('db-backup', ['run'])).exitCode).toBe(1);
    expect(news(world)).toMatchObject([{ check: 'db-backup', result: 'bad-news', apps: ['broken'] }]);
  });

  test.each<[string, string, string[], (world: AlertWorld) => void, RegExp]>([
    ['a backup that is spoilt', 'db-backup', ['verify', '--all'], spoilBackup, /^db-backup-verify /],
    ['the same by a drill', 'restore', ['drill'], spoilBackup, /^restore-drill /],
    [
      'a database that looks emptied',
      'db-backup',
      ['run'],
      (world) => {
        rmSync(world.database);
        makeBookings(world.database, { journalMode: 'delete', rows: 2 });
      },
      /suspect/,
    ],
    [
      'a database that is damaged',
      'db-backup',
      ['run'],
      (world) => writeFileSync(world.database, 'x'.repeat(9000)),
      /^db-backup /,
    ],
  ])('and finds out about data is news whoever looked: %s', async (_, job, args, happen, told) => {
    await using world = await AlertWorld.start();
    happen(world);
    expect((await world.attend(job, args)).exitCode).toBeGreaterThan(0);
    expect(news(world).map(({ check, message }) => `${check} ${message}`)).toEqual([
      expect.stringMatching(told),
    ]);
  });

  test('and leaves the app without its services is news', async () => {
    await using world = await AlertWorld.start({ app: 'stop = "true"\nstart = "false"\n' });
    expect((await world.attend('restore', ['run', 'latest', '--yes'])).exitCode).toBeGreaterThan(0);
    expect(news(world)).toMatchObject([{ check: 'restore', result: 'bad-news', severity: 'critical' }]);
    expect(news(world)[0]?.message).toMatch(/may be stopped$/);
  });

  test('and ends well ends the incident that a job has opened', async () => {
    await using world = await AlertWorld.start();
    world.unplug();
    await world.run('db-backup', []);
    await world.send();
    world.plugIn();
    await world.attend('db-backup', []);
    await world.send();
    expect(world.titles).toEqual([failed, 'db-backup of bookings is well again']);
  });

  test("tells the dead-man's switch of no beginning, for who stops it knows", async () => {
    await using world = await AlertWorld.start({ ping: true });
    world.unplug();
    await world.attend('db-backup', []);
    expect(spooled(world)).toEqual([]);
  });
});

describe('a run that was killed', () => {
  /** The last run becomes one whose process, or whose machine, has gone down. */
  function kill(world: AlertWorld, changes: string): void {
    const database = new Database(join(world.state, 'ops.db'));
    database.exec(
      `UPDATE runs SET outcome = 'running', ended_at = NULL, ${changes} WHERE rowid = (SELECT max(rowid) FROM runs)`,
    );
    database.close();
  }
  const gone = 'start_ticks = 1, pid = 999999';

  test.each<[string, string, string[], boolean]>([
    ['the next run of its job', 'db-backup', ['run'], false],
    ['a run of another job', 'restore', ['drill'], false],
    ['a person', 'db-backup', ['upload'], true],
    ['the timer of alerts', 'alert-send', ['deliver'], false],
  ])('is told by %s', async (_, job, args, attended) => {
    await using world = await AlertWorld.start();
    kill(world, gone);
    await world.run(job, args, { attended });
    await world.send();
    expect(world.titles[0]).toMatch(/^db-backup of bookings was killed/);
    expect(world.ntfy.messages[0]?.message).toMatch(
      /^the run that began at .* ended without a word: it was killed$/m,
    );
    await world.send();
    await world.run('db-backup', []);
    await world.send();
    expect(world.titles.filter((title) => title.includes('was killed'))).toHaveLength(1);
  });

  test('is told after a power cut, once, and not by who only looks', async () => {
    await using world = await AlertWorld.start();
    kill(world, "boot_id = 'another'");
    for (const args of [['deliver', '--dry-run'], ['list']]) await world.run('alert-send', args);
    await world.run('db-backup', ['info']);
    await world.run('alert-send', []);
    expect(world.titles).toEqual(['db-backup of bookings was killed']);
    expect(world.ntfy.messages[0]?.message).toMatch(
      /^the machine went down during the run that began at [^]*^Next: journalctl --namespace=\+holdfast -u 'db-backup\*' -n 50$/m,
    );
  });

  test('is not one that still runs, or of which nobody here can know', async () => {
    await using world = await AlertWorld.start();
    kill(world, 'start_ticks = start_ticks');
    await world.send();
    kill(world, "machine = 'another', host = 'another'");
    await world.send();
    expect(world.titles).toEqual([]);
  });

  test('and could not be told is told when it can be', async () => {
    await using world = await AlertWorld.start();
    kill(world, gone);
    for (const place of ['state', 'run']) {
      rmSync(join(world.home, place, 'spool'), { recursive: true, force: true });
      mkdirSync(join(world.home, place), { recursive: true });
      writeFileSync(join(world.home, place, 'spool'), 'in the way');
    }
    await world.run('db-backup', ['upload']);
    for (const place of ['state', 'run']) rmSync(join(world.home, place, 'spool'));
    await world.send();
    expect(world.titles).toEqual(['db-backup of bookings was killed']);
  });

  test('a restore that has left the app stopped cannot wait', async () => {
    await using world = await AlertWorld.start({ app: stops });
    expect((await world.run('restore', ['run', 'latest', '--yes'])).exitCode).toBe(0);
    kill(world, "boot_id = 'another'");
    mkdirSync(join(world.state, 'restoring/bookings'), { recursive: true });
    writeFileSync(join(world.state, 'restoring/bookings/note.json'), '{"app":"bookings"}\n');
    await world.send();
    expect(world.ntfy.messages).toMatchObject([
      {
        priority: 5,
        message: expect.stringMatching(
          /the services of bookings may be stopped\n[^]*^Next: restore status /m,
        ),
      },
    ]);
  });
});

test('a handler that hears of a success of a run that spoke for itself has nothing to tell', async () => {
  await using world = await AlertWorld.start();
  const { json } = await world.runJson('db-backup', ['run']);
  await world.send();
  const handler = (id: string) =>
    world.run('alert-send', ['spool', '--job', 'db-backup'], {
      environment: { MONITOR_SERVICE_RESULT: 'success', MONITOR_EXIT_STATUS: '0', MONITOR_INVOCATION_ID: id },
    });
  expect((await handler(json.run_id)).stdout).toContain('speaks for itself');
  expect(existsSync(join(world.state, 'spool/new')) && spooled(world)).toEqual([]);
  expect((await handler('f'.repeat(32))).stdout).toContain('it was not started');
});
