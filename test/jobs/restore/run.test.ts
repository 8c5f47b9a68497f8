// Restores: what stands in place afterwards, and the way back (R1-R5, R7).
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { type LineProcess, spawnTypeScript } from '../../support/spawn-lines.ts';
import { TypedWorld } from '../../support/typed-world.ts';
import { makeBookings, readBookings, type World } from '../../support/world.ts';

describe('restore run', () => {
  test('brings back what was backed up, and keeps what was there', async () => {
    await using world = await backedUp();
    const good = readBookings(world.database);
    change(world.database);
    const bad = readBookings(world.database);

    const { exitCode, stdout } = await world.run('restore', ['run', 'latest', '--yes']);

    expect(exitCode).toBe(0);
    expect(stdout).toContain('proven: backups/bookings/');
    expect(readBookings(world.database)).toEqual(good);
    expect((await world.run('restore', ['undo', '--yes'])).exitCode).toBe(0);
    expect(readBookings(world.database)).toEqual(bad);
    expect((await world.run('restore', ['undo', '--yes'])).exitCode).toBe(0);
    expect(readBookings(world.database)).toEqual(good);
  });

  test('is not undone by the -wal of a writer that was killed', async () => {
    await using world = await backedUp();
    const good = readBookings(world.database);
    leaveWalBehind(world.database);
    expect(existsSync(`${world.database}-wal`)).toBe(true);
    expect(readBookings(world.database).length).toBeGreaterThan(good.length);

    expect((await world.run('restore', ['run', 'latest', '--yes'])).exitCode).toBe(0);

    expect(existsSync(`${world.database}-wal`)).toBe(false);
    expect(readBookings(world.database)).toEqual(good);
    expect((await world.run('restore', ['undo', '--yes'])).exitCode).toBe(0);
    expect(readBookings(world.database).length).toBeGreaterThan(good.length);
  });

  test('of an app that is ended without closing its database can be undone, again and again', async () => {
    await using world = await backedUp();
    leaveWalBehind(world.database);
    const before = readBookings(world.database);
    expect((await world.run('restore', ['run', 'latest', '--yes'])).exitCode).toBe(0);
    leaveWalBehind(world.database);
    const after = readBookings(world.database);

    expect(await world.run('restore', ['undo', '--yes'])).toMatchObject({ exitCode: 0 });

    expect(readBookings(world.database)).toEqual(before);
    leaveWalBehind(world.database);
    expect((await world.run('restore', ['undo', '--yes'])).exitCode).toBe(0);
    expect(readBookings(world.database)).toEqual(after);
  });

  test('brings a deleted database back as it belonged', async () => {
    await using world = new TypedWorld();
    world.configure();
    makeBookings(world.database);
    chmodSync(dirname(world.database), 0o2770);
    chmodSync(world.database, 0o640);
    if (isRoot) for (const path of [dirname(world.database), world.database]) chownSync(path, 1234, 4321);
    await world.run('db-backup', ['backup']);
    rmSync(world.database);
    expect((await world.run('restore', ['run', 'latest', '--yes'])).exitCode).toBe(0);
    const { uid, gid, mode } = statSync(world.database);
    expect(mode & 0o7777).toBe(0o640);
    if (isRoot) expect([uid, gid]).toEqual([1234, 4321]);
  });

  test.runIf(isRoot)(
    'gives a deleted database to nobody to whom its directory does not belong (needs root)',
    async () => {
      await using world = new TypedWorld();
      world.configure();
      makeBookings(world.database);
      chownSync(dirname(world.database), 0, 4321);
      chmodSync(dirname(world.database), 0o2770);
      chownSync(world.database, 1234, 4321);
      await world.run('db-backup', ['backup']);
      rmSync(world.database);
      const restored = await world.run('restore', ['run', 'latest', '--yes']);
      expect(restored).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('1234:4321') as string });
      const { uid, gid, mode } = statSync(world.database);
      expect([uid, gid, mode & 0o7777]).toEqual([0, 4321, 0o660]);
    },
  );

  test.runIf(hasLists)(
    'gives the group of a deleted database no more than its access control list did (needs setfacl)',
    async () => {
      await using world = new TypedWorld();
      world.configure();
      makeBookings(world.database);
      chmodSync(dirname(world.database), 0o770);
      chmodSync(world.database, 0o640);
      execFileSync('setfacl', ['-m', 'u:1234:rw,g::r', world.database]);
      expect(statSync(world.database).mode & 0o777).toBe(0o660);
      await world.run('db-backup', ['backup']);
      rmSync(world.database);
      expect((await world.run('restore', ['run', 'latest', '--yes'])).exitCode).toBe(0);
      expect((statSync(world.database).mode & 0o777).toString(8)).toBe('640');
    },
  );

  test('keeps owner, group, mode and journal mode of the database in place', async () => {
    await using world = await backedUp();
    const database = new Database(world.database);
    database.pragma('journal_mode = DELETE');
    database.close();
    chmodSync(world.database, 0o606);
    if (isRoot) chownSync(world.database, 77, 88);
    expect((await world.run('restore', ['run', 'latest', '--yes'])).exitCode).toBe(0);
    const { uid, gid, mode } = statSync(world.database);
    expect(mode & 0o777).toBe(0o606);
    if (isRoot) expect([uid, gid]).toEqual([77, 88]);
    expect(journalMode(world.database)).toBe('delete');
  });

  test('refuses while a process has the database open, and names it', async () => {
    await using world = await backedUp();
    const before = world.fingerprint(join(world.home, 'app'));
    await using holder = await holdOpen(world.database);
    const { exitCode, stderr } = await world.run('restore', ['run', 'latest', '--yes']);
    expect(exitCode).toBe(73);
    expect(stderr).toContain(String(holder.pid));
    expect(world.fingerprint(join(world.home, 'app'), isSideFile)).toEqual(
      Object.fromEntries(Object.entries(before).filter(([name]) => !isSideFile(name))),
    );
  });

  test('touches nothing when a bit of the backup was altered', async () => {
    await using world = await backedUp();
    flipBit(join(world.store, onlyBackup(world)));
    const before = world.fingerprint(join(world.home, 'app'));
    const { exitCode, stderr } = await world.run('restore', ['run', 'latest', '--yes']);
    expect(exitCode).toBe(65);
    expect(stderr).toContain('altered');
    expect(world.fingerprint(join(world.home, 'app'))).toEqual(before);
  });

  test('with --to makes a new file and leaves the live database alone', async () => {
    await using world = await backedUp();
    const before = world.fingerprint(join(world.home, 'app'));
    const target = join(world.home, 'look.db');
    expect((await world.run('restore', ['run', 'latest', '--to', target])).exitCode).toBe(0);
    expect(readBookings(target)).toEqual(readBookings(world.database));
    expect(world.fingerprint(join(world.home, 'app'), isSideFile)).toEqual(before);
    expect(readdirSync(world.home).filter((name) => name.startsWith('.look'))).toEqual([]);
  });

  test('takes the newest proven backup at a time, and the latest copy as proven by its twin', async () => {
    await using world = await backedUp();
    await world.run('db-backup', ['run']);
    const look = (name: string) => join(world.home, name);
    const now = world.clock.now().toISOString();
    expect((await world.run('restore', ['run', '--at', now, '--to', look('a.db')])).exitCode).toBe(0);
    const latest = await world.run('restore', ['run', 'latest/bookings.db', '--to', look('b.db')]);
    expect(latest.exitCode).toBe(0);
    expect(latest.stdout).toContain('proven: latest/bookings.db');
    expect((await world.run('restore', ['run', '--at', '2020-01-01', '--to', look('c.db')])).exitCode).toBe(
      66,
    );
  });
});

describe('services', () => {
  test('are stopped before and started after, in order, and the app is asked', async () => {
    await using world = await backedUp(serviceLines('test -e started'));
    expect((await world.run('restore', ['run', 'latest', '--yes'])).exitCode).toBe(0);
    expect(told(world)).toEqual(['stop', 'start']);
  });

  test('are started again when the restore fails after they were stopped', async () => {
    await using world = await backedUp(serviceLines('true'));
    const before = readBookings(world.database);
    await using holder = await holdOpen(world.database);
    const { exitCode } = await world.run('restore', ['run', 'latest', '--yes']);
    expect(holder.pid).toBeGreaterThan(0);
    expect(exitCode).toBe(73);
    expect(told(world)).toEqual(['stop', 'start']);
    expect(readBookings(world.database)).toEqual(before);
  });

  test('that cannot be stopped leave everything as it was', async () => {
    await using world = await backedUp('stop = "exit 3"\nstart = "true"');
    const before = world.fingerprint(join(world.home, 'app'));
    const { exitCode, stderr } = await world.run('restore', ['run', 'latest', '--yes']);
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain('exit 3');
    expect(world.fingerprint(join(world.home, 'app'))).toEqual(before);
  });

  test('that are not well afterwards undo the restore', async () => {
    await using world = await backedUp(serviceLines('false', 1));
    change(world.database);
    const before = readBookings(world.database);
    const { exitCode, stdout } = await world.run('restore', ['run', 'latest', '--yes']);
    expect(exitCode).toBe(1);
    expect(stdout).toContain('NOT RESTORED');
    expect(told(world)).toEqual(['stop', 'start', 'stop', 'start']);
    expect(readBookings(world.database)).toEqual(before);
  });

  test('that do not start with the restored database undo the restore', async () => {
    await using world = await backedUp('');
    world.configure({
      app: `stop = "true"\nstart = "test ! -e '${world.home}/app/bookings.db.undo-'* || test -e '${world.home}/second' || { touch '${world.home}/second'; exit 9; }"`,
    });
    change(world.database);
    const before = readBookings(world.database);
    const { exitCode, stdout } = await world.run('restore', ['run', 'latest', '--yes']);
    expect(exitCode).toBe(1);
    expect(stdout).toContain('NOT RESTORED');
    expect(readBookings(world.database)).toEqual(before);
  });
});

describe('a drill', () => {
  test('proves each backup in its turn and is remembered', async () => {
    await using world = await backedUp();
    await world.run('db-backup', ['backup', 'second']);
    const first = await world.runJson('restore', ['drill']);
    const second = await world.runJson('restore', ['drill']);
    expect([first.exitCode, second.exitCode]).toEqual([0, 0]);
    expect(first.json.result.apps[0].value.proof.backup).not.toBe(
      second.json.result.apps[0].value.proof.backup,
    );
    expect((await world.run('db-backup', ['info'])).stdout).toContain('last restore drill: passed');
  });

  test('fails, says why, and exits 1 when a backup is not what its manifest says', async () => {
    await using world = await backedUp();
    flipBit(join(world.store, onlyBackup(world)));
    const { exitCode, stdout } = await world.run('restore', ['drill']);
    expect(exitCode).toBe(1);
    expect(stdout).toContain('DAMAGED: ');
    expect((await world.run('restore', ['status'])).stdout).toContain('last restore drill: failed');
  });

  test('needs nothing but the store', async () => {
    await using world = await backedUp();
    rmSync(world.state, { recursive: true });
    rmSync(dirname(world.database), { recursive: true });
    mkdirSync(dirname(world.database));
    expect((await world.run('restore', ['drill'])).exitCode).toBe(0);
    expect((await world.run('restore', ['run', 'latest', '--yes'])).exitCode).toBe(0);
    expect(readBookings(world.database)).toHaveLength(200);
  });
});

const isRoot = process.geteuid?.() === 0;
const hasLists = existsSync('/usr/bin/setfacl') && existsSync('/usr/bin/getfacl');

async function backedUp(app = ''): Promise<TypedWorld> {
  const world = new TypedWorld();
  world.configure({ app: app.replaceAll('HOME', world.home) });
  makeBookings(world.database);
  const { exitCode, stderr } = await world.run('db-backup', ['backup']);
  expect(exitCode, stderr).toBe(0);
  return world;
}

/** Commands that write down that they were called. */
function serviceLines(health: string, timeoutSeconds = 30): string {
  return `stop = "echo stop >> HOME/told"
start = "echo start >> HOME/told; touch HOME/started"
health = { command = "cd HOME && ${health}", timeout_seconds = ${timeoutSeconds} }`;
}

function told(world: World): string[] {
  return readFileSync(join(world.home, 'told'), 'utf8').trim().split('\n');
}

function onlyBackup(world: World): string {
  return world.stored().find((name) => name.endsWith('.db')) ?? '';
}

function isSideFile(name: string): boolean {
  return /-(wal|shm|journal)$/.test(name);
}

function change(path: string): void {
  const database = new Database(path);
  database.exec("UPDATE booking SET guest = 'wrong'");
  database.close();
}

function flipBit(path: string): void {
  const bytes = readFileSync(path);
  const at = bytes.length - 100;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

function journalMode(path: string): unknown {
  const database = new Database(path, { readonly: true });
  try {
    return database.pragma('journal_mode', { simple: true });
  } finally {
    database.close();
  }
}

/** Copies a set while a writer has it open: what a killed writer leaves. */
function leaveWalBehind(path: string): void {
  const database = new Database(path);
  database.pragma('wal_autocheckpoint = 0');
  database.exec("INSERT INTO booking (guest) VALUES ('after the backup')");
  const [main, wal] = [readFileSync(path), readFileSync(`${path}-wal`)];
  database.close();
  writeFileSync(path, main);
  writeFileSync(`${path}-wal`, wal);
}

/** Another process that has the database open until it is disposed of. */
async function holdOpen(path: string): Promise<LineProcess> {
  const holder = spawnTypeScript(fileURLToPath(new URL('../../fixtures/hold-open.ts', import.meta.url)), [
    path,
  ]);
  await holder.line('open');
  return holder;
}
