// health-check as it is typed, and as its timer starts it: what is remembered, what is told, and that it is told once.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { AlertWorld } from '../../support/alert-world.ts';
import { onlyChecks, ownChecks } from '../../support/health.ts';
import { makeBookings } from '../../support/world.ts';
import { TypedWorld } from '../../support/typed-world.ts';

const minute = 60_000;
const top = 'clock = "trusted"';
const health = onlyChecks(...ownChecks);

async function backedUp(): Promise<TypedWorld> {
  const world = new TypedWorld();
  makeBookings(world.database);
  world.configure({ top: `${top}\n${health}` });
  await world.run('db-backup', ['run']);
  return world;
}

describe('by hand', () => {
  test('all is well after a backup', async () => {
    await using world = await backedUp();
    const ended = await world.attend('health-check', []);
    expect(ended).toMatchObject({ exitCode: 0 });
    expect(ended.stdout).toMatch(/^OK {2,}backup-age +bookings +the newest proven backup is /m);
    expect(ended.stdout).toMatch(/all \d+ are well, asked /);
  });

  test('before the first backup that is what is wrong, and status says the same without asking', async () => {
    await using world = new TypedWorld();
    makeBookings(world.database);
    world.configure({ top: `${top}\n${health}` });
    const asked = await world.attend('health-check', ['run', '--json']);
    expect(asked.exitCode).toBe(1);
    const status = await world.attend('health-check', ['status', '--json']);
    expect(status.exitCode).toBe(1);
    const checks = (text: string) =>
      (JSON.parse(text) as { result: { checks: { check: string; verdict: string }[] } }).result.checks;
    expect(
      checks(status.stdout)
        .map(({ check, verdict }) => `${check} ${verdict}`)
        .sort(),
    ).toEqual(
      checks(asked.stdout)
        .map(({ check, verdict }) => `${check} ${verdict}`)
        .sort(),
    );
  });

  test('status without a run is unknown, and so is one that is old', async () => {
    await using world = await backedUp();
    expect(await world.attend('health-check', ['status'])).toMatchObject({ exitCode: 3 });
    await world.attend('health-check', []);
    expect(await world.attend('health-check', ['status'])).toMatchObject({ exitCode: 0 });
    world.clock.advance(31 * minute);
    const stale = await world.attend('health-check', ['status']);
    expect(stale).toMatchObject({ exitCode: 3 });
    expect(stale.stdout).toContain('UNKNOWN  the checks were not asked for');
  });

  test('an age that grows becomes a warning, critical, and is over with the next backup', async () => {
    await using world = await backedUp();
    const codes: number[] = [];
    for (const hours of [1, 37, 24 * 7]) {
      world.clock.advance(hours * 60 * minute);
      codes.push((await world.attend('health-check', [])).exitCode ?? -1);
    }
    await world.run('db-backup', ['run']);
    codes.push((await world.attend('health-check', [])).exitCode ?? -1);
    expect(codes).toEqual([0, 1, 2, 0]);
    const explained = await world.attend('health-check', ['explain', 'backup-age']);
    expect(explained.stdout).toContain('bookings: critical to ok');
    expect(explained.stdout).toContain('What to do (docs/operations.md):');
  });

  test.each([
    [['explain', 'backup-agee'], 64, 'did you mean backup-age?'],
    [['run', '--format', 'xml'], 64, 'the formats are table, nagios, prom'],
    [['run', '--textfile', 'holdfast.prom'], 64, 'it must be an absolute path'],
    [['run', '--textfile', '/tmp/holdfast.txt'], 64, 'ends in .prom'],
  ])('%s is refused', async (args, exitCode, words) => {
    await using world = await backedUp();
    const ended = await world.attend('health-check', args);
    expect(ended.exitCode).toBe(exitCode);
    expect(ended.stderr).toContain(words);
  });

  test('for other programs: one line, and a file that is whole or not there', async () => {
    await using world = await backedUp();
    const textfile = join(world.home, 'holdfast.prom');
    const ended = await world.attend('health-check', ['run', '--format', 'nagios', '--textfile', textfile]);
    expect(ended.stdout).toMatch(/^HOLDFAST OK - \d+ checks are well \| '/);
    expect(readFileSync(textfile, 'utf8')).toMatch(
      /\nholdfast_job_exit_code\{job="db-backup",command="run"\} 0\n[^]*\n$/,
    );
    const gone = join(world.home, 'gone', 'holdfast.prom');
    expect(await world.attend('health-check', ['run', '--textfile', gone])).toMatchObject({ exitCode: 66 });
    expect(existsSync(gone)).toBe(false);
  });

  test('a damaged history begins anew, and the checks go on', async () => {
    await using world = await backedUp();
    const path = join(world.home, 'state', 'ops.db');
    writeFileSync(path, 'this was a database once, and is none any more'.repeat(200));
    const ended = await world.attend('health-check', []);
    expect(ended.stderr).toContain('the history is damaged: it is set aside');
    expect(ended.exitCode).toBe(1);
    expect(ended.stdout).toMatch(
      /^WARNING +history +the history was damaged and began anew: .*ops\.db\.damaged-/m,
    );
    const [aside = ''] = readdirSync(world.state).filter((name) => name.startsWith('ops.db.damaged-'));
    rmSync(join(world.state, aside));
    expect((await world.attend('health-check', [])).exitCode).toBe(0);
  });
});

describe('by its timer', () => {
  const off = onlyChecks(...ownChecks);

  async function night(): Promise<AlertWorld> {
    const world = await AlertWorld.start();
    world.configureAlerts({ app: off });
    return world;
  }

  /** Asks every five minutes, and delivers what is due after each. */
  async function ask(world: AlertWorld, times: number): Promise<void> {
    for (let run = 0; run < times; run += 1) {
      await world.run('health-check', ['run']);
      await world.send();
      world.clock.advance(3 * minute);
    }
  }

  test('a store that is gone is told once, and what that hides is not; then its end, once', async () => {
    await using world = await night();
    await ask(world, 2);
    const before = world.titles.length;
    world.unplug();
    await ask(world, 6);
    expect(world.titles.slice(before)).toEqual(['store is not well']);
    world.plugIn();
    await ask(world, 6);
    expect(world.titles.slice(before)).toEqual(['store is not well', 'store is well again']);
    expect(world.ntfy.messages.at(-2)?.message).toContain('Next: health-check explain store');
  });

  test('a warning that becomes critical is told as such', async () => {
    await using world = await night();
    await ask(world, 1);
    const before = world.titles.length;
    world.clock.advance(36 * 60 * minute);
    await ask(world, 2);
    world.clock.advance(6 * 24 * 60 * minute);
    await ask(world, 2);
    const told = world.titles.slice(before).filter((title) => title.includes('backup-age'));
    expect(told).toEqual(['backup-age of bookings is not well', 'backup-age of bookings is critical now']);
  });

  test('what is not looked at any more is over', async () => {
    await using world = await night();
    const before = world.titles.length;
    world.unplug();
    await ask(world, 3);
    world.configureAlerts({ app: onlyChecks('backup-drill') });
    await ask(world, 3);
    expect(world.titles.slice(before)).toEqual(['store is not well', 'store is well again']);
  });

  test('an alarm is told though the history that knew of it is gone, and told only once', async () => {
    await using world = await night();
    world.unplug();
    await ask(world, 3);
    const before = world.titles.length;
    rmSync(join(world.home, 'state', 'ops.db'));
    await ask(world, 3);
    expect(world.titles.slice(before)).toEqual([]);
    world.plugIn();
    await ask(world, 8);
    expect(world.titles.slice(before)).toEqual(['store is well again']);
  });

  test('incidents are in the history from their beginning to their end', async () => {
    await using world = await night();
    world.unplug();
    await ask(world, 3);
    world.plugIn();
    await ask(world, 8);
    const incidents = rowsOf(
      world,
      'SELECT check_name, severity, closed_at IS NOT NULL AS closed FROM incidents',
    );
    expect(incidents).toEqual([{ check_name: 'health:store@machine', severity: 'warning', closed: 1 }]);
  });

  test('that it could not run is over when it can again', async () => {
    await using world = await night();
    const unit = {
      MONITOR_UNIT: 'health-check.service',
      MONITOR_SERVICE_RESULT: 'exit-code',
      MONITOR_EXIT_STATUS: '70',
    };
    await world.run('alert-send', ['spool', '--job', 'health-check'], { environment: unit });
    await world.send();
    expect(world.titles.at(-1)).toContain('health-check of bookings failed');
    await ask(world, 1);
    expect(world.titles.at(-1)).toContain('health-check of bookings is well again');
  });

  test('a run leaves one transaction, and nothing for alert-send where nothing is new', async () => {
    await using world = await night();
    await ask(world, 2);
    const counter = () => readFileSync(join(world.home, 'state', 'ops.db')).readUInt32BE(24);
    const spool = () => readdirSync(join(world.home, 'state', 'spool', 'new'));
    const before = counter();
    await world.run('health-check', ['run']);
    expect(counter() - before).toBe(1);
    expect(spool()).toEqual([]);
  });
});

function rowsOf(world: TypedWorld, sql: string): unknown[] {
  const database = new Database(join(world.home, 'state', 'ops.db'), { readonly: true });
  try {
    return database.prepare(sql).all();
  } finally {
    database.close();
  }
}
