// A day of babytrackd as its example has it: an app that writes all the time into a write-ahead log, Litestream beside it, and 256 MB
// for all of it. What is typed is what etc/examples/babytrackd/README.md says.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BabytrackdWorld, rowsOf } from '../support/babytrackd-world.ts';
import { freePort } from '../support/postgres.ts';

const jobBytesMax = 128e6;
const megabytes = 30;
const entries = 'SELECT id, family_id, ts, type, value, deleted, updated_at, seq FROM entries ORDER BY id';
/** Families whose counter is not that of their newest entry: none at any instant that was committed. */
const torn = `SELECT id FROM families WHERE seq <> (SELECT coalesce(max(seq), 0) FROM entries WHERE family_id = families.id)`;

describe('babytrackd', () => {
  let baby: BabytrackdWorld;
  const app = ['--app', 'babytrackd'];
  const backups = () =>
    readdirSync(join(baby.store, 'backups/babytrackd')).filter((name) => name.endsWith('.db'));
  const asked = async () => {
    const { stdout } = await baby.type('health-check', 'run', '--json');
    const { result } = JSON.parse(stdout) as {
      result: {
        checks: { check: string; subject: string; verdict: string; message: string }[];
      };
    };
    return (check: string, subject: string) =>
      result.checks.find((each) => each.check === check && each.subject === subject);
  };
  beforeAll(async () => {
    baby = new BabytrackdWorld({ app: await freePort(), receiver: await freePort() }, megabytes);
    await baby.typed('systemctl', 'start', 'babytrackd', 'litestream');
  }, 60_000);
  afterAll(() => baby[Symbol.asyncDispose]());

  test('every night a backup is made while the app writes, and the older ones of a day go', async () => {
    for (let night = 0; night < 4; night += 1) await baby.typed('db-backup', 'run', ...app);
    expect(backups()).toHaveLength(3);
    expect(rowsOf(join(baby.store, 'latest/babytrackd.db'), torn)).toEqual([]);
    expect(await baby.typed('restore', 'drill', ...app)).toContain('passed');
  });

  test('health-check asks the app for its version, and sees that Litestream goes on', async () => {
    const well = await asked();
    expect(well('http', 'babytrackd')).toMatchObject({ verdict: 'ok' });
    expect(well('freshness', 'litestream-files')).toMatchObject({ verdict: 'ok' });
    baby.release('0.2.0');
    await baby.typed('systemctl', 'restart', 'babytrackd');
    expect((await asked())('http', 'babytrackd')).toMatchObject({
      verdict: 'critical',
      message: expect.stringMatching(/version.*0\.2\.0/) as string,
    });
    baby.release('0.1.0');
    await baby.typed('systemctl', 'restart', 'babytrackd');
  });

  test('rows travel: the last write wins in the app, deleted = 1 in the copy, and a clock that was ahead or went back', async () => {
    await baby.startReceiver();
    await baby.typed('delta-push', 'install', ...app);
    const [now, year] = [Date.now(), 365 * 86_400_000];
    expect(await baby.client({ id: 'future', value: 'a phone of next year', updated_at: now + year })).toBe(
      true,
    );
    expect(await baby.client({ id: 'gone', value: 'to be deleted', updated_at: now })).toBe(true);
    expect(await baby.client({ id: 'back', value: 'first', updated_at: now })).toBe(true);
    await baby.typed('systemctl', 'stop', 'babytrackd');
    // What says that it was written next year is told, and kept apart until somebody sets it right; nothing else waits for it.
    expect(await baby.type('delta-push', 'run', ...app)).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining(
        '1 change is held at the receiver: their time stamps lie ahead',
      ) as string,
    });
    expect(rowsOf(baby.copy, "SELECT id FROM entries WHERE id IN ('future', 'gone')")).toEqual([
      { id: 'gone' },
    ]);
    await baby.typed('systemctl', 'start', 'babytrackd');
    expect(await baby.client({ id: 'gone', value: '', deleted: 1, updated_at: now + 1 })).toBe(true);
    expect(await baby.client({ id: 'back', value: 'of a clock that went back', updated_at: now - 1 })).toBe(
      false,
    );
    // What the app itself does not take, an administrator writes: the time goes back, and the copy with it.
    baby.sql(`UPDATE entries SET value = 'set right', updated_at = ${now} WHERE id = 'future'`);
    await baby.typed('systemctl', 'stop', 'babytrackd');
    await baby.typed('delta-push', 'run', ...app);
    expect(rowsOf(baby.copy, entries)).toEqual(rowsOf(baby.database, entries));
    expect(
      rowsOf(baby.copy, `SELECT id, value, deleted FROM entries WHERE length(id) < 10 ORDER BY id`),
    ).toEqual([
      { id: 'back', value: 'first', deleted: 0 },
      { id: 'future', value: 'set right', deleted: 0 },
      { id: 'gone', value: '', deleted: 1 },
    ]);
    expect(await baby.typed('delta-push', 'parity', ...app)).toContain('equal');
    await baby.typed('systemctl', 'start', 'babytrackd');
  });

  test('once a month the file is written anew: the app waits meanwhile, and is refused nothing', async () => {
    baby.sql(`DELETE FROM entries WHERE type = 'note' AND ts % 2 = 0`);
    expect(await baby.typed('db-maintain', 'run', ...app)).toMatch(/babytrackd: vacuum: .* gained/);
    expect((await baby.state()).refused).toEqual([]);
    expect(rowsOf(baby.database, torn)).toEqual([]);
  });

  test('a bad evening: with Litestream at it nothing is replaced; stopped as configured, all of it is, and it begins anew', async () => {
    await baby.typed('db-backup', 'run', ...app);
    const before = rowsOf(join(baby.store, 'latest/babytrackd.db'), entries);
    baby.sql('UPDATE entries SET deleted = 1');
    const [was] = /generation \w+/.exec(readFileSync(join(baby.home, 'litestream.log'), 'utf8')) ?? [];
    const forgotten = baby.configureWithout('litestream.service');
    expect(await baby.type('restore', 'run', 'latest', ...app, '--yes', '--config', forgotten)).toMatchObject(
      {
        exitCode: 73,
        stderr: expect.stringContaining('has it open') as string,
      },
    );
    await baby.typed('restore', 'run', 'latest', ...app, '--yes');
    expect(readFileSync(join(baby.home, 'systemctl.log'), 'utf8')).toMatch(
      /stop babytrackd\nstop litestream\nstart litestream\nstart babytrackd\n$/,
    );
    await baby.typed('systemctl', 'stop', 'babytrackd');
    const left = new Map(rowsOf(baby.database, entries).map((row) => [(row as { id: string }).id, row]));
    expect(before.filter((row) => !left.has((row as { id: string }).id))).toEqual([]);
    expect(rowsOf(baby.database, torn)).toEqual([]);
    const [is] = /generation \w+/.exec(readFileSync(join(baby.home, 'litestream.log'), 'utf8')) ?? [];
    expect(is).not.toBe(was);
    // Its directory is not ours: it stays where it was, and out of the undo set.
    expect(existsSync(join(baby.home, '.baby.db-litestream/generations'))).toBe(true);
  });

  test('and every job of that day had less than 128 MB', () => {
    const jobs = [...baby.peaks].filter(([command]) => !command.startsWith('systemctl'));
    expect(jobs.map(([command]) => command)).toEqual(
      expect.arrayContaining([
        'db-backup run',
        'restore drill',
        'restore run',
        'db-maintain run',
        'delta-push run',
      ]),
    );
    expect(jobs.filter(([, peak]) => !(peak < jobBytesMax))).toEqual([]);
  });
});
