// restore standby and restore promote: a copy that lies ready, the day on which it is needed, and the way back.
import {
  appendFileSync,
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { spawnTypeScript } from '../../support/spawn-lines.ts';
import { passHours, type StandbyBox, twoMachines, type TwoMachines } from '../../support/standby-world.ts';
import type { TypedWorld } from '../../support/typed-world.ts';
import { type Ended, filesBelow, makeBookings, readBookings } from '../../support/world.ts';

const promote = ['promote', '--yes'];

describe('restore standby', () => {
  test('brings the newest proven backup beside the place of the database, and says how old it is', async () => {
    await using machines = await twoMachines();
    const { master, box } = machines;
    passHours(machines, 5);
    const { exitCode, stdout } = await box.run('restore', ['standby']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      /bookings: warm copy pulled: backups\/bookings\/bookings-\S+\.db .*, 5 h 2 min ago/,
    );
    expect(existsSync(box.database)).toBe(false);
    expect(readBookings(copyOf(box))).toEqual(readBookings(master.database));
  });

  test('fetches nothing that is there, and takes a new one in its place', async () => {
    await using machines = await twoMachines();
    const { master, box } = machines;
    await box.run('restore', ['standby']);
    const first = copyOf(box);
    rmSync(join(master.store, backupsOf(master)[0] ?? '')); // it could not be fetched again
    writeFileSync(join(master.store, backupsOf(master)[0] ?? 'x'), readFileSync(first).fill(0, 0, 100));
    const again = await box.run('restore', ['standby']);
    expect(again.stderr).not.toContain('downloading');
    makeBookings(master.database, { label: 'later' });
    await master.run('db-backup', ['run']);
    box.clock.advance(120_000);
    expect((await box.run('restore', ['standby'])).stdout).toContain('warm copy pulled');
    expect(copyOf(box)).not.toBe(first);
    expect(readBookings(copyOf(box))).toEqual(readBookings(master.database));
  });

  test('takes the age of a backup with the same bytes, and moves none', async () => {
    await using machines = await twoMachines();
    const { master, box } = machines;
    await box.run('restore', ['standby']);
    passHours(machines, 24);
    await master.run('db-backup', ['run']);
    box.clock.advance(60_000);
    const [, newest = ''] = backupsOf(master);
    writeFileSync(join(master.store, newest), readFileSync(join(master.store, newest))); // of the same bytes
    const { stdout, exitCode } = await box.run('restore', ['standby']);
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`warm copy unchanged: ${newest}`);
    expect(stdout).toMatch(/, \d+ min ago/);
  });

  test('pulls anew what somebody changed, cut or took away', async () => {
    await using machines = await twoMachines();
    const { master, box } = machines;
    await box.run('restore', ['standby']);
    for (const spoil of [
      (path: string) => appendFileSync(path, 'x'),
      (path: string) => writeFileSync(path, readFileSync(path).fill(1, 5000, 5010)),
      (path: string) => rmSync(path),
      (path: string) => {
        rmSync(path);
        symlinkSync('/etc/passwd', path);
      },
    ]) {
      spoil(copyOf(box));
      const { exitCode, stdout } = await box.run('restore', ['standby']);
      expect(exitCode).toBe(0);
      expect(stdout).toContain('warm copy pulled');
      expect(readBookings(copyOf(box))).toEqual(readBookings(master.database));
    }
  });

  test('never takes a suspect one, nor one that was condemned, nor an older one unless asked', async () => {
    await using machines = await twoMachines();
    const { master, box } = machines;
    await box.run('restore', ['standby']);
    const good = readBookings(copyOf(box));
    empty(master.database);
    expect((await master.run('db-backup', ['run'])).exitCode).toBe(1);
    box.clock.advance(60_000);
    expect((await box.run('restore', ['standby'])).exitCode).toBe(0);
    expect(readBookings(copyOf(box))).toEqual(good);

    makeBookings(master.database, { label: 'new', rows: 300 });
    expect((await master.run('db-backup', ['run', '--accept', '*'])).exitCode).toBe(0);
    box.clock.advance(120_000);
    await box.run('restore', ['standby']);
    const newer = readBookings(copyOf(box));
    const newest = backupsOf(master).at(-1) ?? '';
    spoilInStore(master, newest);
    expect((await master.run('db-backup', ['verify', newest])).exitCode).toBe(1);
    const { exitCode, stdout } = await box.run('restore', ['standby']);
    expect(exitCode).toBe(1);
    expect(stdout).toContain(`warm copy kept: ${newest}`);
    expect(stdout).toContain('IN DOUBT');
    expect(readBookings(copyOf(box))).toEqual(newer);
    expect((await box.run('restore', ['standby', '--older'])).stdout).toContain('warm copy pulled');
    expect(readBookings(copyOf(box))).toEqual(good);
  });

  test('passes over a backup that turns out bad, and says so', async () => {
    await using machines = await twoMachines();
    const { master, box } = machines;
    const good = readBookings(master.database);
    makeBookings(master.database, { label: 'new' });
    await master.run('db-backup', ['run']);
    box.clock.advance(120_000);
    spoilInStore(master, backupsOf(master).at(-1) ?? '');
    const { exitCode, stdout } = await box.run('restore', ['standby']);
    expect(exitCode).toBe(1);
    expect(stdout).toContain('PASSED OVER');
    expect(readBookings(copyOf(box))).toEqual(good);
  });

  test('is bad news when the newest backup is too old or too small', async () => {
    await using machines = await twoMachines({ keys: 'min_size = "100 MB"' });
    const { box } = machines;
    passHours(machines, 37);
    const { exitCode, stdout } = await box.run('restore', ['standby']);
    expect(exitCode).toBe(1);
    expect(stdout).toContain('it was taken 1 d 13 h ago, and may be 1 d 12 h old at most');
    expect(stdout).toContain('should have 100 MB at least');
    box.standBy('max_age = "2d"');
    expect((await box.run('restore', ['standby'])).exitCode).toBe(0);
  });

  test('is refused on a machine that is no standby, and where the app is live', async () => {
    await using machines = await twoMachines();
    const { master, box } = machines;
    const onMaster = await master.run('restore', ['standby']);
    expect(onMaster.exitCode).toBe(78);
    makeBookings(box.database);
    await using holder = spawnTypeScript(
      fileURLToPath(new URL('../../fixtures/hold-open.ts', import.meta.url)),
      [box.database],
    );
    await holder.line('open');
    const { exitCode, stderr } = await box.run('restore', ['standby']);
    expect(exitCode).toBe(73);
    expect(stderr).toContain('so it is live here');
    expect(stderr).toContain('take [apps.bookings.standby] out of the configuration');
  });

  test('leaves the copy that lies ready alone when the store does not answer or has nothing', async () => {
    await using machines = await twoMachines();
    const { master, box } = machines;
    await box.run('restore', ['standby']);
    const before = box.fingerprint(dirname(box.database));
    renameSync(master.store, `${master.store}.gone`);
    expect((await box.run('restore', ['standby'])).exitCode).toBe(69);
    renameSync(`${master.store}.gone`, master.store);
    for (const name of filesBelow(master.store))
      if (name.startsWith('backups/')) rmSync(join(master.store, name));
    expect((await box.run('restore', ['standby'])).exitCode).toBe(66);
    expect(box.fingerprint(dirname(box.database))).toEqual(before);
  });
});

describe('restore promote', () => {
  test('makes the copy live with store and network away, as a restore with a way back', async () => {
    const app = serviceLines();
    await using machines = await twoMachines({ app });
    const { master, box } = machines;
    const good = readBookings(master.database);
    makeBookings(box.database, { rows: 7, label: 'before' });
    chmodSync(box.database, 0o640);
    const old = readBookings(box.database);
    await box.run('restore', ['standby']);
    rmSync(master.store, { recursive: true });
    const { exitCode, stdout } = await box.run('restore', promote);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('LIVE HERE');
    expect(stdout).toContain(`next, on this machine: db-backup run --app bookings --config ${box.config}`);
    expect(readBookings(box.database)).toEqual(good);
    expect(readFileSync(join(box.home, 'told'), 'utf8')).toBe('stop\nstart\n');
    expect((await box.run('restore', ['undo', '--yes'])).exitCode).toBe(0);
    expect(readBookings(box.database)).toEqual(old);
  });

  test('shows what would be lost, and asks', async () => {
    await using machines = await twoMachines();
    const { box } = machines;
    makeBookings(box.database, { rows: 500 });
    await box.run('restore', ['standby']);
    const { exitCode, stderr } = await box.attend('restore', ['promote'], { input: 'no\n' });
    expect(exitCode).toBe(64);
    expect(stderr).toContain('booking: 300 rows fewer (500 now, 200 in the backup)');
    const dry = await box.run('restore', ['promote', '--dry-run']);
    expect(dry.stdout).toContain('loses     booking: 300 rows fewer');
    expect(readBookings(box.database).length).toBe(500);
  });

  test('refuses a copy that is too old or too small, unless told', async () => {
    await using machines = await twoMachines();
    const { master, box } = machines;
    await box.run('restore', ['standby']);
    passHours(machines, 40);
    const refused = await box.run('restore', promote);
    expect(refused.exitCode).toBe(73);
    expect(refused.stderr).toContain('it was taken 1 d 16 h ago, and may be 1 d 12 h old at most');
    expect((await box.run('restore', ['promote', '--dry-run'])).exitCode).toBe(1);
    box.standBy('max_age = "30d"\nmin_size = "1 GB"');
    expect((await box.run('restore', promote)).exitCode).toBe(73);
    expect(existsSync(box.database)).toBe(false);
    expect((await box.run('restore', [...promote, '--stale'])).exitCode).toBe(0);
    expect(readBookings(box.database)).toEqual(readBookings(master.database));
  });

  test('refuses a copy of tomorrow: nobody can tell how old it is', async () => {
    await using machines = await twoMachines();
    const { box } = machines;
    await box.run('restore', ['standby']);
    box.clock.advance(-24 * 3_600_000);
    const { exitCode, stderr } = await box.run('restore', promote);
    expect(exitCode).toBe(73);
    expect(stderr).toContain('in the future');
  });

  test('proves the copy again: one that was changed is refused, and taken only where it was said and SQLite finds it whole', async () => {
    await using machines = await twoMachines();
    const { box } = machines;
    await box.run('restore', ['standby']);
    const database = new Database(copyOf(box));
    database.pragma('journal_mode = DELETE');
    database.exec("UPDATE booking SET guest = 'somebody else' WHERE id = 1");
    database.close();
    const { exitCode, stderr } = await box.run('restore', promote);
    expect(exitCode).toBe(65);
    expect(stderr).toContain('its bytes were altered');
    expect(existsSync(box.database)).toBe(false);
    expect((await box.run('restore', [...promote, '--unproven'])).exitCode).toBe(0);
    expect(readBookings(box.database)[0]?.guest).toBe('somebody else');
  });

  test('takes no damaged copy, and no file that somebody gave its name, whatever was said', async () => {
    await using machines = await twoMachines();
    const { box } = machines;
    for (const spoil of [
      (path: string) => writeFileSync(path, readFileSync(path).fill(1, 4096, 12_000)),
      (path: string) => {
        rmSync(path);
        symlinkSync('/etc/hostname', path);
      },
      (path: string) => writeFileSync(path, 'no database'),
      (path: string) => rmSync(path),
    ]) {
      await box.run('restore', ['standby']);
      spoil(copyOf(box));
      const { exitCode } = await box.run('restore', [...promote, '--unproven']);
      expect([65, 66, 73, 74, 77]).toContain(exitCode);
      expect(readdirSync(dirname(box.database)).filter((name) => !name.includes('.standby-'))).toEqual([]);
      expect((await box.run('db-backup', ['run'])).exitCode).toBe(73); // it is a standby still
    }
  });

  test('undoes itself where the app is not well, and is a standby still', async () => {
    await using machines = await twoMachines({
      app: `${serviceLines()}\n[apps.bookings.health]\ncommand = "false"\ntimeout_seconds = 1`,
    });
    const { box } = machines;
    makeBookings(box.database, { rows: 7, label: 'before' });
    const old = readBookings(box.database);
    await box.run('restore', ['standby']);
    const { exitCode, stdout } = await box.run('restore', promote);
    expect(exitCode).toBe(1);
    expect(stdout).toContain('NOT RESTORED');
    expect(readBookings(box.database)).toEqual(old);
    expect((await box.run('restore', ['standby'])).exitCode).toBe(0);
  });

  test('is refused without a copy, twice, and on a machine that is no standby', async () => {
    await using machines = await twoMachines();
    const { master, box } = machines;
    const without = await box.run('restore', promote);
    expect(without).toMatchObject({
      exitCode: 66,
      stderr: expect.stringContaining('restore standby --app bookings') as string,
    });
    expect((await master.run('restore', promote)).exitCode).toBe(78);
    await box.run('restore', ['standby']);
    expect((await box.run('restore', promote)).exitCode).toBe(0);
    makeBookings(box.database, { label: 'since' });
    const twice = await box.run('restore', promote);
    expect(twice.exitCode).toBe(73);
    expect(twice.stderr).toContain('live on this machine already');
    expect(readBookings(box.database).some(({ guest }) => guest.startsWith('since'))).toBe(true);
  });
});

describe('two machines and one store', () => {
  test('a standby backs nothing up before it is promoted, and then tells when it was', async () => {
    await using machines = await twoMachines();
    const { box } = machines;
    makeBookings(box.database, { rows: 3 });
    for (const line of [['run'], ['backup'], ['upload'], ['run', '--dry-run']]) {
      const { exitCode, stderr } = await box.run('db-backup', line);
      expect(exitCode, line.join(' ')).toBe(73);
      expect(stderr).toContain('restore promote --app bookings');
    }
    await box.run('restore', ['standby']);
    await box.run('restore', promote);
    expect((await box.run('db-backup', ['run'])).exitCode).toBe(0);
    expect(newestManifest(machines)).toHaveProperty('promoted_at');
    expect((await box.run('restore', ['standby'])).exitCode).toBe(73);
  });

  test('the old machine that comes back replaces nothing, until somebody decides', async () => {
    await using machines = await twoMachines();
    const { master, box } = machines;
    await takeOver(machines);
    const latest = readFileSync(join(master.store, 'latest/bookings.db'));
    makeBookings(master.database, { label: 'old machine' });
    catchUp(master, box);
    const { exitCode, stdout } = await master.run('db-backup', ['run']);
    expect(exitCode).toBe(1);
    expect(stdout).toContain('fork: the newest backup is from');
    expect(stdout).toContain('--accept fork');
    expect((await master.run('db-backup', ['upload'])).exitCode).toBe(73);
    expect(readFileSync(join(master.store, 'latest/bookings.db')).equals(latest)).toBe(true);
    expect((await master.run('db-backup', ['run', '--accept-shrink'])).exitCode).toBe(1);
    catchUp(box, master);
    const onBox = await box.run('db-backup', ['run']);
    expect(onBox.exitCode, 'the suspect one is none of its business').toBe(0);
    catchUp(master, box);
    expect((await master.run('db-backup', ['run', '--accept', 'fork'])).exitCode).toBe(0);
    catchUp(box, master);
    expect((await box.run('db-backup', ['run'])).exitCode, 'now the other one is').toBe(1);
  });

  test('one that backs up before the promoted one did is told by that', async () => {
    await using machines = await twoMachines();
    const { master, box } = machines;
    await box.run('restore', ['standby']);
    expect((await box.run('restore', promote)).exitCode).toBe(0);
    makeBookings(master.database, { label: 'still alive' });
    catchUp(master, box);
    expect((await master.run('db-backup', ['run'])).exitCode).toBe(0);
    catchUp(box, master);
    const { exitCode, stdout } = await box.run('db-backup', ['run']);
    expect(exitCode).toBe(1);
    expect(stdout).toContain('which was never promoted');
  });

  test('fail-back: the old machine stands by, takes over, and the other one stands by again', async () => {
    await using machines = await twoMachines();
    const { master, box } = machines;
    await takeOver(machines);
    const rows = readBookings(box.database);
    catchUp(master, box);
    master.configure({ app: '[apps.bookings.standby]' });
    expect((await master.run('restore', ['standby'])).exitCode).toBe(0);
    expect((await master.run('restore', promote)).exitCode).toBe(0);
    expect(readBookings(master.database)).toEqual(rows);
    makeBookings(master.database, { label: 'home again' });
    expect((await master.run('db-backup', ['run'])).exitCode).toBe(0);
    catchUp(box, master);
    expect((await box.run('db-backup', ['run'])).exitCode, 'it is live elsewhere').toBe(1);
    expect((await box.run('restore', ['standby', '--step-down'])).exitCode).toBe(64);
    const down = await box.run('restore', ['standby', '--step-down', '--yes']);
    expect(down.exitCode, down.stderr).toBe(0);
    expect(down.stdout).toContain('this machine is a standby again');
    expect(readBookings(copyOf(box))).toEqual(readBookings(master.database));
    expect(readBookings(box.database), 'what was live here stays').toEqual(rows);
    // And with the table taken out again, as it was at first.
    master.configure();
    makeBookings(master.database, { label: 'and on' });
    expect((await master.run('db-backup', ['run'])).exitCode).toBe(0);
  });
});

test('restore status says which copy lies ready, and on which machine the app lives', async () => {
  await using machines = await twoMachines();
  const { box } = machines;
  expect(await status(box, 1)).toContain('standby: NO warm copy');
  await box.run('restore', ['standby']);
  expect(await status(box)).toMatch(/standby: warm copy of backups\/bookings\/\S+, \d+ min ago/);
  passHours(machines, 40);
  expect(await status(box, 1)).toContain('NOT FIT TO BE LIVE');
  await box.run('restore', [...promote, '--stale']);
  expect(await status(box)).toContain('live on this machine since');
});

test('a standby of a link into another directory of names that cannot be made is told', async () => {
  await using machines = await twoMachines();
  const { box } = machines;
  rmSync(dirname(box.database), { recursive: true });
  const { exitCode, stderr } = await box.run('restore', ['standby']);
  expect(exitCode).toBe(66);
  expect(stderr).toContain('install -d -m 2770');
});

async function takeOver(machines: TwoMachines): Promise<void> {
  const { box } = machines;
  await box.run('restore', ['standby']);
  expect((await box.run('restore', promote)).exitCode).toBe(0);
  makeBookings(box.database, { label: 'on the standby' });
  const { exitCode, stdout } = await box.run('db-backup', ['run']);
  expect(exitCode, stdout).toBe(0);
}

/** The clock of the first is a few minutes ahead of the other's. */
function catchUp(world: TypedWorld, other: TypedWorld): void {
  const behindMs = other.clock.now().getTime() - world.clock.now().getTime();
  world.clock.advance(Math.max(0, behindMs) + 60_000);
}

async function status(box: StandbyBox, exitCode = 0): Promise<string> {
  const ended: Ended = await box.run('restore', ['status']);
  expect(ended.exitCode, ended.stderr).toBe(exitCode);
  return ended.stdout;
}

/** The one file that has the name of a warm copy. */
function copyOf(box: StandbyBox): string {
  const folder = dirname(box.database);
  const names = readdirSync(folder).filter((name) => name.startsWith(`${basename(box.database)}.standby-`));
  expect(names).toHaveLength(1);
  return join(folder, names[0] ?? '');
}

function backupsOf({ store }: TypedWorld): string[] {
  return filesBelow(store)
    .filter((name) => /^backups\/bookings\/.*\.db$/.test(name))
    .sort();
}

function newestManifest({ master }: TwoMachines): object {
  const newest = filesBelow(master.store)
    .filter((name) => /^backups\/bookings\/.*\.json$/.test(name))
    .sort()
    .at(-1);
  return JSON.parse(readFileSync(join(master.store, newest ?? ''), 'utf8')) as object;
}

function spoilInStore({ store }: TypedWorld, name: string): void {
  const path = join(store, name);
  const bytes = readFileSync(path).fill(7, 8192, 9000);
  rmSync(path);
  writeFileSync(path, bytes);
}

function empty(path: string): void {
  const database = new Database(path);
  database.exec('DELETE FROM payment; DELETE FROM booking');
  database.close();
}

function serviceLines(): string {
  return 'stop = "echo stop >> HOME/told"\nstart = "echo start >> HOME/told"';
}
