// CTV BookedBiz from the evening before Holdfast to the day on which it goes again: the older script's settings, verbs and lock, a
// week of nights beside it and the way back; and the app in Docker Compose, a bad import at noon, and the way before it.
import { readFileSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { onlyChecks } from '../support/health.ts';
import { closedCounts } from '../support/ctv/database.ts';
import { app, CtvPi, missingForPi } from '../support/ctv/pi.ts';
import { onlyObject, onlyValue } from '../support/printed.ts';
import type { Ended, Json } from '../support/world.ts';

const database = '/srv/spotops/db/production.db';
const scriptMade = ['20261118_020500', '20261119_020500'].map(
  (stamp) => `/backups/database_backup_${stamp}.db`,
);
let pi: CtvPi;

function settings(lines: (name: string, value: string) => string): string {
  const {
    DROPBOX_APP_KEY = '',
    DROPBOX_APP_SECRET = '',
    DROPBOX_REFRESH_TOKEN = '',
  } = pi.dropbox.environment;
  const values = { DATABASE_PATH: database, DROPBOX_APP_KEY, DROPBOX_APP_SECRET, DROPBOX_REFRESH_TOKEN };
  return Object.entries(values)
    .map(([name, value]) => lines(name, value))
    .join('');
}

async function well(line: string): Promise<Ended> {
  const ended = await pi.type(line);
  expect({ line, ...ended }).toMatchObject({ exitCode: 0 });
  return ended;
}

/** A day's work in the database, while the app does not run. */
function work(sql = "UPDATE spots SET gross_rate = gross_rate + 1 WHERE broadcast_month = 'Dec-25'"): void {
  const open = new Database(pi.database);
  open.exec(sql);
  open.close();
}

function backups(): string[] {
  return Object.keys(pi.remote()).filter((path) => /^\/backups\/database_backup_\d{8}_\d{6}\.db$/.test(path));
}

describe.skipIf(missingForPi !== undefined)('CTV BookedBiz', () => {
  beforeAll(async () => {
    pi = await CtvPi.start();
  });
  afterAll(async () => {
    await pi?.[Symbol.asyncDispose]();
  });

  test('the evening before: the older script has its nights in Dropbox', async () => {
    pi.write(
      'etc/ctv-db-sync.env',
      settings((name, value) => `${name}=${value}\n`),
      0o600,
    );
    for (const stamp of ['20261118_020500', '20261119_020500'])
      expect(await pi.script(`nightly ${database} ${stamp}`)).toMatchObject({ exitCode: 0 });
    expect(Object.keys(pi.remote()).sort()).toEqual([...scriptMade, '/database.db']);
  });

  test('its settings are taken where they are, however they are written', async () => {
    const comments =
      '# the sync\r\n; of the bookings\r\n\r\nexport FLASK_ENV=production\r\nSECRET_KEY=${RANDOM} # theirs\r\n';
    pi.write(
      'etc/ctv-db-sync.env',
      `\uFEFF${comments}${settings((name, value) => `${name} = "${value}"\r\n`)}`,
      0o600,
    );
    const first = await well('db-backup test');
    expect(first.stderr).toContain('the settings are those in /etc/ctv-db-sync.env');
    expect(first.stdout).toMatch(/ok +Dropbox permissions/);

    const named = pi.read('etc/ctv-db-sync.env');
    await pi.run('mv /etc/ctv-db-sync.env /etc/ctv-db-sync.env.aside');
    pi.write(
      'opt/spotops/.env',
      `COMPOSE_PROJECT_NAME=spotops\n${settings((name, value) => `export ${name}='${value}'\n`)}`,
      0o600,
    );
    const refused = await pi.type('db-backup list-backups');
    expect(refused).toMatchObject({ exitCode: 78 });
    expect(refused.stderr).toMatch(/line 2 begins with "export", and systemd would leave it out/);
    const cure = /hint: (sed .*)$/m.exec(refused.stderr)?.[1] ?? '';
    expect(await pi.run(cure)).toMatchObject({ exitCode: 0 });
    const listed = await well('db-backup list-backups');
    expect(listed.stderr).toContain('the settings are those in /opt/spotops/.env');
    expect(listed.stdout.match(/ foreign$/gm)).toHaveLength(2);
    for (const secret of Object.values(pi.dropbox.environment).slice(2))
      expect(first.stderr + first.stdout + refused.stderr + listed.stdout).not.toContain(secret);
    pi.write('etc/ctv-db-sync.env', named, 0o600);
  });

  test('every verb that was typed before still means what it did', async () => {
    await well('db-backup upload');
    const requests = pi.dropbox.bytesReceived;
    await well('db-backup upload');
    expect(pi.dropbox.bytesReceived - requests).toBeLessThan(20_000);
    await well('db-backup backup before-season');
    work();
    await well('db-backup run');
    expect(onlyValue(onlyObject(await well('db-backup run --json')).result)).toMatchObject({
      unchanged: true,
    });
    expect((await well('db-backup info')).stdout).toMatch(
      /2 backups \(1 by retention, 1 named\) and 2 foreign files: 2 proven, 2 foreign/,
    );
    const lists = await Promise.all(
      ['list backups', 'list /backups', 'list backups/'].map((line) => well(`db-backup ${line}`)),
    );
    expect(new Set(lists.map(({ stdout }) => stdout)).size).toBe(1);
    expect(lists[0]?.stdout).toMatch(/\/backups\/before-season\.db/);
    expect((await well('db-backup list')).stdout).toMatch(/\/database\.db/);
    await well('db-backup download /srv/spotops/copy.db');
    expect(
      Buffer.compare(readFileSync(pi.path('srv/spotops/copy.db')), pi.dropbox.files.bytes('/database.db')),
    ).toBe(0);

    work('DELETE FROM spots');
    const latest = await well('db-backup restore-latest --yes');
    expect(latest.stderr).toContain('db-backup restore-latest is: restore run latest --or-copy');
    await well('restore undo --yes');
    await well('restore run /database.db --yes');
    expect(statSync(pi.database)).toMatchObject({ uid: app.uid, gid: app.gid });
    expect(statSync(pi.database).mode & 0o7777).toBe(0o660);
  });

  test('while its timer is still there, neither runs while the other does', async () => {
    await using script = await pi.scriptThatHolds();
    const busy = await pi.type('db-backup run');
    expect(busy).toMatchObject({ exitCode: 75 });
    expect(busy.stderr).toContain('another program holds /tmp/ctv-db-sync.lock');
    script.endInput();
    expect(await script.ended).toBe(0);

    // Ours stands still in the middle of its work.
    work();
    let stopped: number | undefined;
    const before = pi.remote();
    const { promise, resolve } = Promise.withResolvers<void>();
    const night = pi.type('db-backup run --verbose', {
      onOutput(text, pid) {
        if (stopped !== undefined || !text.includes('holding the lock')) return;
        process.kill((stopped = pid), 'SIGSTOP');
        resolve();
      },
    });
    await promise;
    expect((await pi.script(`nightly ${database} 20261120_020500`)).stdout).toBe(
      'another sync is running, exiting\n',
    );
    expect(pi.remote()).toEqual(before);
    process.kill(stopped ?? 0, 'SIGCONT');
    expect(await night).toMatchObject({ exitCode: 0 });
    expect(await pi.script(`nightly ${database} 20261120_020500`)).toMatchObject({ exitCode: 0 });
  });

  test('after a week ours are seven, and those of the script are all there', async () => {
    const theirs = [...scriptMade, '/backups/database_backup_20261120_020500.db'];
    for (let night = 1; night <= 6; night += 1) {
      work();
      await well('db-backup run');
    }
    const ours = backups().filter((path) => !theirs.includes(path));
    expect(ours).toHaveLength(7);
    expect(backups()).toEqual(expect.arrayContaining(theirs));
    for (const path of ours) expect(pi.remote()).toHaveProperty([path.replace(/db$/, 'json')]);
    const [oldest = ''] = theirs;
    await well(`restore run ${oldest} --to /srv/spotops/old.db`);
    await well('restore drill');
  });

  test('and back: the script goes on with what lies there', async () => {
    const newest = backups().at(-1);
    expect((await pi.script(`restore-latest ${database} /srv/spotops/theirs.db`)).stdout).toBe(
      `restored ${newest}\n`,
    );
    expect(
      Buffer.compare(readFileSync(pi.path('srv/spotops/theirs.db')), pi.dropbox.files.bytes(newest ?? '')),
    ).toBe(0);
    work();
    const night = await pi.script(`nightly ${database} 20991231_020500`);
    expect(night).toMatchObject({ exitCode: 0 });
    expect(backups()).toHaveLength(7);
    expect(backups().at(-1)).toBe('/backups/database_backup_20991231_020500.db');
    expect(pi.remote()['/database.db']).toBe(pi.remote()[backups().at(-1) ?? '']);
    // What it took away, though their manifests are there, and its newest, whose name is of another century, mislead nobody.
    expect((await pi.type('db-backup list-backups')).stdout).toMatch(/lost/);
    const plan = await well('restore plan latest');
    expect(plan.stdout).toContain((newest ?? '').slice(1));
  });

  test('a bad import at noon is critical at once, and undone from before it, with the app in Docker Compose', async () => {
    const expected = JSON.stringify(closedCounts);
    const example = pi.example('holdfast.toml', [
      [
        'app_key = "the key of your app"',
        `app_key = "${pi.dropbox.environment.DROPBOX_APP_KEY}"\napp_secret_file = "/etc/holdfast/credentials/app-secret"\nrefresh_token_file = "/etc/holdfast/credentials/token"`,
      ],
      ['http://127.0.0.1:8000/health', pi.health],
      [/expect = .*/.exec(pi.example('holdfast.toml', []))?.[0] ?? '', `expect = ${expected}`],
    ]);
    await pi.run('mkdir -p /etc/holdfast/credentials && rm /etc/ctv-db-sync.env /opt/spotops/.env');
    const { DROPBOX_APP_SECRET = '', DROPBOX_REFRESH_TOKEN = '' } = pi.dropbox.environment;
    pi.write('etc/holdfast/credentials/app-secret', DROPBOX_APP_SECRET, 0o600);
    pi.write('etc/holdfast/credentials/token', DROPBOX_REFRESH_TOKEN, 0o600);
    pi.write('etc/holdfast/holdfast.toml', `${example}\n${onlyChecks('sql')}\n`);
    await pi.run('docker compose -f /opt/spotops/compose.yml start spotops');
    await expect.poll(() => pi.ask('/health'), { timeout: 20_000 }).toMatchObject({ status: 'ok' });

    await well('db-backup run');
    const listed = onlyValue(onlyObject(await well('db-backup list-backups --json')).result);
    const good: Json = listed.backups[0];
    await well('health-check');
    expect(await pi.ask('/import')).toEqual({ imported: 150 });
    const noon = await pi.type('health-check');
    expect(noon).toMatchObject({ exitCode: 2 });
    expect(noon.stdout).toMatch(/closed-years.*row 3 is \("2023", 1,950\) instead of \("2023", 1,800\)/s);
    // What lies there from before is restored by its whole name.
    await well(`restore run ${backups().at(-2)} --to /srv/spotops/earlier.db`);
    await well('db-backup run'); // nobody has looked yet, and the next night is of the bad state

    const at = `restore run --at ${good.taken_at} --yes`;
    const before = statSync(pi.database);
    await pi.run('touch /srv/spotops/no-daemon');
    const refused = await pi.type(at);
    expect(refused.exitCode).not.toBe(0);
    expect(refused.stderr).toMatch(/cannot stop .*Cannot connect to the Docker daemon/s);
    expect(await pi.ask('/year/2023')).toEqual({ spots: 1950 });
    await pi.run('rm /srv/spotops/no-daemon; : >/srv/spotops/docker.log');

    const restored = await well(at);
    expect(restored.stdout).toContain(good.name);
    // What the run before could not start is started first.
    expect(pi.read('srv/spotops/docker.log')).toBe(
      ['start', 'stop', 'start']
        .map((verb) => `compose -f /opt/spotops/compose.yml ${verb} spotops\n`)
        .join(''),
    );
    expect(await pi.ask('/year/2023')).toEqual({ spots: 1800 });
    const { uid, gid, mode } = statSync(pi.database);
    expect({ uid, gid, mode }).toEqual({ uid: before.uid, gid: before.gid, mode: before.mode });
    expect({ uid, gid }).toEqual(app);
    await well('health-check');

    await well('restore undo --yes');
    expect(await pi.ask('/year/2023')).toEqual({ spots: 1950 });
    await well(at);
    expect(await pi.ask('/year/2023')).toEqual({ spots: 1800 });
    // The script, and nobody else, sends bytes without their hash.
    expect(pi.dropbox.violations.filter(({ kind }) => kind !== 'no-content-hash')).toEqual([]);
  });
});
