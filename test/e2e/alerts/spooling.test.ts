// What a run leaves for alert-send (A1): with everything dead but a disk, and nothing where nobody is to be told.
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { spooled } from '../../support/spooled.ts';
import { filesBelow, makeBookings, World } from '../../support/world.ts';

function alertsWorld(more: { app?: string; apps?: string } = {}): World {
  const world = new World();
  world.configure({ ...more, top: 'clock = "trusted"\n[alerts.slack]' });
  return world;
}

describe('a run', () => {
  test('that fails says so, with what a person needs', async () => {
    await using world = alertsWorld();
    makeBookings(world.database);
    expect((await world.run('db-backup', [])).exitCode).toBe(0);
    rmSync(world.store, { recursive: true });
    const { exitCode, json } = await world.runJson('db-backup', []);
    expect(exitCode).toBe(69);
    const [good, bad] = spooled(world);
    expect(good).toMatchObject({
      format: 'holdfast-spool',
      version: 1,
      kind: 'run',
      check: 'db-backup',
      result: 'done',
    });
    expect(bad).toMatchObject({
      check: 'db-backup',
      result: 'failed',
      severity: 'warning',
      message: json.error.message,
      hint: json.error.hint,
      next: `db-backup test --config ${world.config}`,
      apps: ['bookings'],
      exit_code: 69,
      proves: ['db-backup-backup', 'db-backup-upload', 'db-backup-prune'],
      protection: [{ app: 'bookings', backup: expect.stringMatching(/^backups\/bookings\//) }],
    });
    expect(bad?.run_id).toMatch(/^[0-9a-f]{32}$/);
  });

  test('of several apps names those that are hit', async () => {
    await using world = alertsWorld({ apps: '[apps.broken]\ndatabase = "/nowhere/x.db"' });
    makeBookings(world.database);
    expect((await world.run('db-backup', [])).exitCode).toBe(1);
    await world.run('db-backup', ['--app', 'bookings']);
    const [all, one] = spooled(world);
    expect(all).toMatchObject({
      check: 'db-backup',
      result: 'bad-news',
      apps: ['broken'],
      severity: 'critical',
      next: `db-backup list-backups --app broken --config ${world.config}`,
    });
    expect(all?.message).toMatch(/^broken: cannot read the database/);
    expect(one).toMatchObject({ check: 'db-backup@bookings', result: 'done' });
  });

  test('with bad news tells what is bad only, and that it cannot wait', async () => {
    await using world = alertsWorld();
    makeBookings(world.database);
    await world.run('db-backup', []);
    rmSync(world.database);
    makeBookings(world.database, { rows: 2 });
    expect((await world.run('db-backup', [])).exitCode).toBe(1);
    expect(spooled(world).at(-1)).toMatchObject({
      result: 'bad-news',
      severity: 'critical',
      message: expect.stringMatching(/^the backup backups\/\S+ is suspect: all tables together [^\n]*$/),
      hint: expect.stringContaining('db-backup run --accept-shrink --app '),
    });
  });

  test('tells it where neither history nor state directory can be written', async () => {
    await using world = alertsWorld();
    writeFileSync(world.state, 'a file where the state directory should be');
    const { exitCode, stderr } = await world.run('db-backup', []);
    expect(exitCode).toBe(66);
    expect(stderr).not.toContain('no alert');
    expect(spooled(world, join(world.home, 'run'))).toMatchObject([
      { result: 'failed', exit_code: 66, protection: [{ app: 'bookings' }] },
    ]);
  });

  test('ends as it ends where no spool can be written at all', async () => {
    await using world = alertsWorld();
    makeBookings(world.database);
    mkdirSync(world.state);
    for (const place of [world.state, join(world.home, 'run')]) {
      mkdirSync(place, { recursive: true });
      writeFileSync(join(place, 'spool'), 'in the way');
    }
    const { exitCode, stderr } = await world.run('db-backup', []);
    expect(exitCode).toBe(0);
    expect(stderr).toContain('no alert can be sent of this run');
  });

  test('that only looks, that is dry, that is typed wrong or of nobody leaves nothing', async () => {
    await using world = alertsWorld();
    makeBookings(world.database);
    await world.run('db-backup', ['run', '--dry-run']);
    await world.run('db-backup', ['info']);
    await world.run('db-backup', ['run', '--app', 'nobody']);
    await world.run('db-backup', ['run', '--app', '../../x']);
    await world.run('db-backup', ['frobnicate']);
    expect(existsSync(join(world.state, 'spool'))).toBe(false);
  });

  test('without alerts leaves what it left before, and prints what it printed', async () => {
    await using world = new World();
    world.configure();
    makeBookings(world.database);
    expect((await world.run('db-backup', [])).exitCode).toBe(0);
    rmSync(world.store, { recursive: true });
    expect((await world.run('db-backup', [])).exitCode).toBe(69);
    expect(readdirSync(world.state).sort()).toEqual(
      ['ops.db', 'pending', 'scratch', 'stores'].filter((name) => existsSync(join(world.state, name))),
    );
    expect(existsSync(join(world.home, 'run/spool'))).toBe(false);
  });

  test('that was killed is told by the next one, and tells its beginning where a switch outside wants it', async () => {
    await using world = new World();
    world.configure({ top: 'clock = "trusted"\n[alerts.ping]', app: `stop = "true"\nstart = "true"` });
    makeBookings(world.database, { rows: 20_000 });
    await world.run('db-backup', ['--verbose'], {
      onOutput: (text, pid) => text.includes('snapshot taken') && process.kill(pid, 'SIGKILL'),
    });
    expect(spooled(world)).toMatchObject([{ kind: 'start', check: 'db-backup' }]);
    await world.run('db-backup', []);
    const records = spooled(world);
    expect(records.map(({ kind, result }) => result ?? kind)).toEqual([
      'start',
      'interrupted',
      'start',
      'done',
    ]);
    expect(records[1]?.run_id).toBe(records[0]?.run_id);
    expect(records[1]?.message).toMatch(/ended without a word/);
  });
});

test('the environment alone is enough, and its secrets get into no record', async () => {
  await using world = new World();
  chmodSync(world.home, 0o700);
  const environment = {
    HOLDFAST_CONFIG: '',
    DATABASE_PATH: world.database,
    HOLDFAST_STATE: world.state,
    HOLDFAST_RUN: join(world.home, 'run'),
    NTFY_TOPIC: 'topic-nobody-may-know',
  };
  expect((await world.run('db-backup', [], { environment })).exitCode).toBe(66);
  expect(spooled(world)).toMatchObject([
    { check: 'db-backup', result: 'failed', severity: 'critical', apps: ['bookings'] },
  ]);
  const texts = filesBelow(world.home).map((name) => readFileSync(join(world.home, name), 'latin1'));
  expect(texts.filter((text) => text.includes('topic-nobody-may-know'))).toEqual([]);
});
