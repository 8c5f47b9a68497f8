// README's five minutes on a booted system, with the sample configuration as it is: copies in a directory, made by units
// and by hand; and rows that travel from there, by units as well.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missingForMachines } from '../support/machine/base-root.ts';
import { fiveMinutes, runbook } from '../support/tried/on-machine.ts';
import { backup, database, Pi } from '../support/machine/pi.ts';

const missing = missingForMachines();
const info = 'systemctl start db-backup-info@ctv && cat /run/holdfast/info/ctv';
/** More than a job may hold there, and less than would take long. */
const smallMegabytes = 160;
let pi: Pi;

describe.skipIf(missing.length > 0)(`a booted system (needs ${missing.join(', ') || 'nothing more'})`, () => {
  beforeAll(async () => {
    pi = await Pi.boot();
  }, 300_000);
  afterAll(async () => {
    await pi?.[Symbol.asyncDispose]();
  });

  test("README's path ends with a backup that is proven to restore", async () => {
    await pi.startApp();
    await pi.machine.ok('echo 127.0.0.1 pi >> /etc/hosts'); // sudo asks for its own address
    expect(await pi.machine.ok(`export SUDO_EDITOR=true\n${fiveMinutes()}`)).toBe('');
    // Neither is of the tests below.
    await pi.machine.ok('systemctl disable --now --quiet health-check.timer && systemctl stop flaskapp');
    expect(await pi.log()).toContain('ctv: restore drill passed');
    expect(await pi.machine.ok('ls /srv/backups/backups/ctv')).toMatch(
      /^ctv-\d{8}T\d{6}Z\.db\nctv-.*Z\.json\n$/,
    );
    expect(await pi.machine.ok("stat --format='%U %a' /srv/backups/database.db")).toBe('holdfast 640\n');
    // Nobody is told of anything here: there are no alerts yet, and that is no failure.
    await pi.machine.ok('systemctl start alert-send');
    expect(await pi.machine.ok('systemctl --failed --no-legend')).toBe('');
  });

  test('a run by hand as root, and then the units again', async () => {
    await pi.change();
    await pi.machine.ok('db-backup run && db-backup backup before-the-move');
    await pi.change();
    await pi.backUpWell();
    await pi.machine.ok('systemctl start restore-drill@ctv');
    expect(await pi.machine.ok(`su dev -c '${info}'`)).toMatch(/backups?[^:\n]*: 4 proven, /);
    expect(await pi.machine.ok('find /srv/backups ! -user holdfast')).toBe('');
  });

  test('a store that root made by hand before is handed over, and nothing else in it', async () => {
    await pi.uninstall();
    await pi.machine.ok('chown -R root: /srv/backups && db-backup run && touch /srv/backups/mine');
    const said = await pi.machine.ok('cd /opt/holdfast && npm run units -- install --app ctv');
    expect(said).toContain("ctv: what is root's in /srv/backups is given to holdfast");
    await pi.change();
    await pi.backUpWell();
    await pi.machine.ok('systemctl start restore-drill@ctv');
    expect(await pi.machine.ok('stat --format=%U /srv/backups/mine')).toBe('root\n');
    expect(await pi.machine.ok('cd /opt/holdfast && npm run units -- install --app ctv')).not.toContain(
      'given to',
    );
  });

  test('a job of one app reaches nothing that the store has of another, which may come later', async () => {
    await pi.machine.ok(
      `mkdir /srv/baby && sqlite3 /srv/baby/baby.db 'create table born (id)' &&
       chown -R flaskapp:ctvapps /srv/baby && chmod 2770 /srv/baby && chmod 660 /srv/baby/baby.db &&
       printf '[apps.baby]\\ndatabase = "/srv/baby/baby.db"\\n' >> /etc/holdfast/holdfast.toml`,
    );
    await pi.machine.ok('cd /opt/holdfast && npm run units -- install --app baby');
    await pi.machine.ok('systemctl start db-backup@baby');
    const copies = 'cd /srv/backups && sha256sum backups/*/* database.db latest/baby.db';
    const before = await pi.machine.ok(copies);
    const attacks = [
      ...['cat backups/ctv/*.db', 'ls backups/ctv/', 'cat database.db', 'mv backups/ctv backups/mine'],
      ...[
        'rm -rf backups/ctv',
        'touch backups/ctv/new',
        'rm database.db',
        'mv backups/baby/*.db database.db',
      ],
    ];
    // All in one run, which also reads what is its own.
    const tried = attacks.map((attack) => `(${attack}) >/dev/null 2>&1 && echo 'reached: ${attack}'`);
    pi.machine.write(
      '/usr/local/bin/attacks',
      `#!/bin/sh\n${tried.join('\n')}\ncat backups/baby/*.db >/dev/null && echo tried\n`,
      0o755,
    );
    await pi.override(
      'ExecStart=\nWorkingDirectory=/srv/backups\nExecStart=/usr/local/bin/attacks',
      'db-backup@baby.service',
    );
    await pi.machine.ok('systemctl start db-backup@baby');
    const said = 'journalctl --namespace=holdfast --unit=db-backup@baby --output=cat --lines=20';
    expect((await pi.machine.ok(said)).split('\n').filter((line) => /^(reached|tried)/.test(line))).toEqual([
      'tried',
    ]);
    await pi.clearOverrides();
    expect(await pi.machine.ok(copies)).toBe(before);
    await pi.change();
    await pi.backUpWell();
    for (const app of ['ctv', 'baby'])
      await pi.machine.ok(`systemctl start restore-drill@${app} db-backup-info@${app}`);
  });

  test('the documents of an app are kept by its timer, and a frozen day that changed is a failure of the unit', async () => {
    await pi.machine.ok(
      `install -d -o flaskapp -g ctvapps -m 2770 /srv/days &&
       printf '[apps.baby.export]\\ndirectory = "/srv/days"\\ndays = "SELECT DISTINCT id FROM born"\\ntables = { born = "id" }\\n' \
         >> /etc/holdfast/holdfast.toml &&
       sqlite3 /srv/baby/baby.db "insert into born values ('2026-11-26')"`,
    );
    const said = await pi.machine.ok('cd /opt/holdfast && npm run units -- install --app baby');
    expect(said).toContain('baby: documents are kept in /srv/days');
    expect(said).toMatch(/02:3\d:\d\d UTC .*db-export-json@baby\.timer/);
    const start = 'systemctl start db-export-json@baby';
    // Root is the first, by hand: what it leaves in the state directory must not be in the way of the unit.
    await pi.machine.ok('/opt/holdfast/bin/db-export-json run --app baby');
    await pi.machine.ok(`sqlite3 /srv/baby/baby.db "insert into born values ('2026-11-27')"`);
    await pi.machine.ok(start);
    const listed = "stat --format='%n %U %G %a' /srv/days/*";
    expect(await pi.machine.ok(listed)).toContain(
      '2026-11-26.json flaskapp ctvapps 660\n/srv/days/2026-11-27.json holdfast ctvapps 660\n',
    );
    const times = 'stat --format="%n %Y %i" /srv/days/*';
    const before = await pi.machine.ok(times);
    await pi.machine.ok(`${start} && bin=/opt/holdfast/bin && $bin/db-export-json freeze 2026-11-26`);
    expect(await pi.machine.ok(times)).toBe(before);
    await pi.machine.ok(`sqlite3 /srv/baby/baby.db "insert into born values ('2026-11-26')"`);
    expect((await pi.machine.sh(start)).exitCode).not.toBe(0);
    expect(await pi.machine.ok(times)).toBe(before);
    expect(await pi.machine.ok('journalctl --namespace=holdfast -u db-export-json@baby -n 20')).toContain(
      'FROZEN, and differs: 2026-11-26.json',
    );
    await pi.machine.ok(`/opt/holdfast/bin/db-export-json unfreeze 2026-11-26 && ${start}`);
    expect(await pi.machine.ok('cd /srv/days && grep -c 2026-11-26 2026-11-26.json')).toBe('3\n');
  });

  test('an app that writes all the time and its jobs live in 256 MB, each job in 128, with a database that is larger', async () => {
    if (!(await pi.machine.countsMemory())) throw new Error('the memory of units is not counted here');
    const [home, config] = ['/srv/babytrackd', '/etc/holdfast/holdfast.toml'];
    // It is active before it listens.
    const answers =
      'until curl -fso /dev/null http://127.0.0.1:8080/health; do systemctl -q is-active babytrackd || exit 1; done';
    const before = pi.machine.read(config);
    pi.machine.write('/etc/systemd/system/small.slice', '[Slice]\nMemoryMax=256M\nMemorySwapMax=0\n');
    pi.machine.write(
      '/etc/systemd/system/babytrackd.service',
      `[Service]
Slice=small.slice
User=flaskapp
Group=ctvapps
UMask=0007
ExecStart=/usr/local/bin/node /opt/holdfast/test/stand-ins/babytrackd/app.ts ${home}/baby.db 8080 0.1.0 ${smallMegabytes}
`,
    );
    await pi.machine.ok(
      `install -d -o flaskapp -g ctvapps -m 2770 ${home} && install -o flaskapp -g ctvapps -m 660 /dev/null ${home}/baby.db &&
       systemctl daemon-reload && systemctl start babytrackd && ${answers}`,
    );
    pi.machine.write(
      config,
      `${before}\n[apps.babytrackd]\ndatabase = "${home}/baby.db"\nservices = ["babytrackd.service"]\n` +
        '[apps.babytrackd.maintain]\nvacuum_days = 30\nmin_free_percent = 0\n',
    );
    await pi.machine.ok('cd /opt/holdfast && npm run units -- install --app babytrackd');
    const limits = 'Slice=small.slice\nMemoryHigh=infinity\nMemoryMax=128M\nMemorySwapMax=0';
    const jobs = ['db-backup', 'restore-drill', 'db-maintain'].map((job) => `${job}@babytrackd.service`);
    for (const unit of [...jobs, 'health-check.service']) await pi.override(limits, unit);
    for (const unit of jobs) {
      await pi.startWell(unit);
      expect(await pi.show('ControlGroup', 'babytrackd.service')).toContain('small.slice');
    }
    await pi.machine.sh('systemctl start health-check'); // what it finds is none of this test's
    expect(await pi.show('Result', 'health-check.service')).not.toBe('oom-kill');
    const inside = limits
      .split('\n')
      .map((line) => `-p ${line}`)
      .join(' ');
    await pi.machine.ok(
      `systemd-run --wait --collect ${inside} /opt/holdfast/bin/restore run latest --app babytrackd --yes`,
    );
    expect(await pi.show('ActiveState', 'babytrackd.service')).toBe('active');
    expect(await pi.machine.ok(`${answers}; curl -fs http://127.0.0.1:8080/state`)).toContain('"refused":[]');
    expect(await pi.machine.ok(`stat --format=%s ${home}/baby.db`).then(Number)).toBeGreaterThan(128e6);
    await pi.clearOverrides();
    await pi.machine.ok(
      `cd /opt/holdfast && npm run units -- uninstall --app babytrackd && systemctl stop babytrackd && rm -r ${home}`,
    );
    pi.machine.write(config, before);
  }, 300_000);

  test('an app is backed up in pages by the timer of every hour, and what has not changed is not stored', async () => {
    const [home, config] = ['/srv/hours', '/etc/holdfast/holdfast.toml'];
    const before = pi.machine.read(config);
    await pi.machine.ok(
      `mkdir ${home} && sqlite3 ${home}/hours.db 'create table hour (at text)' &&
       chown -R flaskapp:ctvapps ${home} && chmod 2770 ${home} && chmod 660 ${home}/hours.db`,
    );
    pi.machine.write(
      config,
      `${before}\n[apps.hours]\ndatabase = "${home}/hours.db"\nformat = "pages"\nevery = "1h"\n`,
    );
    await pi.machine.ok('cd /opt/holdfast && npm run units -- install --app hours');
    const timer = 'db-backup-hourly@hours.timer';
    await pi.machine.ok(`systemctl is-active ${timer}`);
    await pi.startWell('db-backup-hourly@hours.service');
    await pi.startWell('db-backup-hourly@hours.service'); // nothing has changed
    await pi.machine.ok(`sqlite3 ${home}/hours.db "insert into hour values ('08:00')"`);
    pi.machine.write(
      `/etc/systemd/system/${timer}.d/now.conf`,
      '[Timer]\nOnCalendar=\nOnActiveSec=0\nRandomizedDelaySec=0\n',
    );
    const stored = 'ls /srv/backups/backups/hours/*.json | wc -l';
    await pi.machine.ok(`systemctl daemon-reload && systemctl restart ${timer} &&
      until [ "$(${stored})" = 2 ]; do
        if systemctl -q is-failed db-backup-hourly@hours; then journalctl --namespace=holdfast --lines=20; exit 1; fi
      done`);
    const plan = await pi.machine.ok('/opt/holdfast/bin/restore plan latest --app hours');
    expect(plan).toMatch(/made of +full .*\n.*increment 1 /);
    await pi.machine.ok(
      `rm -r /etc/systemd/system/${timer}.d && systemctl daemon-reload &&
       cd /opt/holdfast && npm run units -- uninstall --app hours && rm -r ${home} /srv/backups/backups/hours`,
    );
    pi.machine.write(config, before);
  });

  test('what was wiped from /run is as it was after the next run, whoever makes it', async () => {
    const owners = "cd /run/holdfast && stat --format='%n %U:%G %a' . locks spool spool/new info alerts";
    const before = await pi.machine.ok(owners);
    // It watches the spool that goes with it, and would be the next run each time.
    await pi.machine.ok('systemctl stop alert-send.path alert-send.timer');
    // Nor may one be under way that has made it already, and is waited for by the next.
    await pi.machine.ok("while systemctl list-jobs --no-legend | grep -q '[.]service'; do :; done");
    for (const line of [
      'systemctl start db-backup@ctv',
      'db-backup run --app ctv; systemctl start db-backup@ctv',
    ]) {
      await pi.machine.ok('rm -rf /run/holdfast');
      await pi.machine.ok(line);
      expect(await pi.machine.ok(owners)).toBe(before);
    }
    await pi.machine.ok('systemctl start alert-send.path alert-send.timer');
  });

  test('rows travel by a timer to a receiver, and to a replica of another; both are watched, stop well and come back', async () => {
    const config = '/etc/holdfast/holdfast.toml';
    const secrets = '/etc/holdfast/credentials';
    const bin = 'PATH=/opt/holdfast/bin:$PATH';
    const [push, services] = [
      'delta-push@ctv.service',
      ['delta-receive.service', 'delta-pull@office.service'],
    ];
    const add = (text: string) => pi.machine.write(config, `${pi.machine.read(config)}\n${text}\n`);
    const found = async (line: string, pattern: RegExp) =>
      pattern.exec(await pi.machine.ok(`${bin} ${line}`))?.[0] ?? '';
    const rows = async (path: string) =>
      (await pi.machine.ok(`sqlite3 ${path} 'select guest from booking order by guest'`)).trim();
    const since = (unit: string, line: string, count = 1) =>
      pi.machine.ok(
        `journalctl --unit=${unit} --output=cat --follow --lines=all | grep --max-count=${count} '^${line}'`,
      );

    await pi.machine.ok('install -d -o holdfast -g ctvapps -m 2770 /srv/reports');
    add(`[receive]
certificate = "/etc/holdfast/receive.pem"
private_key = "${secrets}/receive.key"
[replicas.bookings]
database = "/srv/reports/bookings.db"
sources = ["ctv"]
[apps.ctv.serve]
listen = "127.0.0.1:5001"
certificate = "/etc/holdfast/serve.pem"
private_key = "${secrets}/serve.key"`);
    const receivePin = await found('delta-receive cert --name 127.0.0.1', /sha256:[0-9a-f]{64}/);
    const servePin = await found('delta-serve cert --app ctv', /sha256:[0-9a-f]{64}/);
    pi.machine.write(`${secrets}/push.key`, await found('delta-receive key add ctv', /hfd_\w{40}/), 0o600);
    const served = await pi.machine.ok(`${bin} delta-serve key office`);
    pi.machine.write(`${secrets}/pull.key`, /hxb_\w{40}/.exec(served)?.[0] ?? '', 0o600);
    add(`[apps.ctv.serve.keys]
office = "${/sha256:[0-9a-f]{64}/.exec(served)?.[0] ?? ''}"
[apps.ctv.delta]
to = "https://127.0.0.1:8790"
pin = "${receivePin}"
key_file = "${secrets}/push.key"
timeout_seconds = 600
[pulls.office]
from = "https://127.0.0.1:5001"
pin = "${servePin}"
key_file = "${secrets}/pull.key"
replica = "/srv/reports/office.db"
every_seconds = 1`);
    await pi.machine.ok(`${bin} && delta-push install --app ctv && delta-serve install --app ctv`);
    for (const unit of services) await pi.override('WatchdogSec=10\nRestartSec=0', unit);
    await pi.override('OnActiveSec=1s', 'delta-push@ctv.timer', 'Timer');

    const units = 'cd /opt/holdfast && npm run units -- install';
    await pi.machine.ok(`${units} --app ctv`);
    const said = await pi.machine.ok(`${units} --services`);
    for (const unit of services) expect(said).toContain(`${unit} runs`);
    // Nobody starts it but the timer.
    await pi.machine.ok('systemctl restart delta-push@ctv.timer');
    await since(push, 'Finished');
    const all = await rows(database);
    expect(all.split('\n').length).toBeGreaterThanOrEqual(2000);
    expect(await rows('/srv/reports/bookings.db')).toBe(all);
    await pi.machine.ok(
      `until [ "$(sqlite3 /srv/reports/office.db 'select count(*) from booking' 2>&1)" = ${all.split('\n').length} ]; do :; done`,
    );
    expect(await rows('/srv/reports/office.db')).toBe(all);

    for (const unit of services) {
      const sign = `systemctl show --value --property=WatchdogTimestampMonotonic ${unit}`;
      await pi.machine.ok(
        `before=$(${sign}); [ "$before" -gt 0 ] && while [ "$(${sign})" = "$before" ]; do :; done`,
      );
      await pi.override('WatchdogSec=0\nRestartSec=0', unit);
      await pi.machine.ok(`systemctl kill --signal=KILL --kill-whom=main ${unit}`);
      await since(unit, 'Started', 2);
      expect(await pi.show('ActiveState', unit)).toBe('active');
    }

    const newest = 'ls -t /srv/backups/backups/ctv/*.db | head -1';
    const before = await pi.machine.ok(newest);
    // A receiver that does not answer holds a push up, and no backup.
    await pi.change();
    await pi.machine.ok(
      `systemctl kill --signal=STOP --kill-whom=main delta-receive && systemctl start --no-block ${push} && systemctl start ${backup}`,
    );
    expect([await pi.show('ActiveState', push), await pi.show('ExecMainStatus')]).toEqual([
      'activating',
      '0',
    ]);
    expect(await pi.machine.ok(newest)).not.toBe(before);
    await pi.machine.ok(
      `systemctl kill --signal=CONT --kill-whom=main delta-receive && systemctl start ${push}`,
    );
    expect(await pi.show('ExecMainStatus', push)).toBe('0');
    expect(await rows('/srv/reports/bookings.db')).toBe(await rows(database));

    for (const unit of services) {
      await pi.machine.ok(`systemctl stop ${unit}`);
      expect([await pi.show('Result', unit), await pi.show('ExecMainStatus', unit)]).toEqual([
        'success',
        '0',
      ]);
    }
    await pi.machine.ok('cd /opt/holdfast && npm run units -- uninstall --services');
  });

  test('what the runbook has typed of units, and how it is taken off at last', async () => {
    expect(await pi.machine.ok(`cd /opt/holdfast\n${runbook()}`)).toBe('');
  }, 300_000);
});
