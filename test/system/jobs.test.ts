// The jobs on a booted system, installed as README says with an environment file from before: what systemd, the journal
// and other people see of them, and what arrives on a phone.
import { utimesSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { missingForMachines } from '../support/machine/base-root.ts';
import { backup, database, Pi } from '../support/machine/pi.ts';

const missing = missingForMachines();
const isRequired = process.env.HOLDFAST_REQUIRE_ALL === '1';
let pi: Pi;

describe.skipIf(missing.length > 0)(`a booted system (needs ${missing.join(', ') || 'nothing more'})`, () => {
  beforeAll(async () => {
    pi = await Pi.boot();
    pi.writeEnvironment();
  }, 300_000);
  afterAll(async () => {
    await pi?.[Symbol.asyncDispose]();
  });
  afterEach(async () => {
    pi.writeEnvironment();
    await pi.clear();
  });

  test('README installs it: the timers are listed with their next runs', async () => {
    const said = await pi.install();
    expect(said).toMatch(/02:0\d:\d\d UTC .*db-backup@ctv\.timer/);
    expect(said).toContain('sudo systemctl start db-backup@ctv');
    expect(await pi.machine.ok('systemctl --failed --no-legend')).toBe('');
  }, 300_000);

  test('what root made by hand is not in the way of the units', async () => {
    const asRoot = (line: string) =>
      pi.machine.sh(`set -a; . /etc/ctv-db-sync.env; HOLDFAST_APP=ctv; set +a; ${line}`);
    // Nobody else delivers meanwhile: what root leaves is the first of its kind here.
    await pi.machine.ok('systemctl stop alert-send.path alert-send.timer alert-send.service');
    expect(await asRoot('db-backup run')).toMatchObject({ exitCode: 0 });
    expect(await asRoot('DATABASE_PATH=/mnt/gone.db db-backup run')).toMatchObject({ exitCode: 66 });
    expect(await asRoot('alert-send deliver --now')).toMatchObject({ exitCode: 0 });
    await pi.machine.ok('systemctl start alert-send.path alert-send.timer');
    const byHand = pi.phone.heard();
    expect(byHand.ntfy).toEqual([expect.stringMatching(/^pi: db-backup of ctv failed\n/)]);
    await pi.change();
    await expectRecovery();
    expect(await pi.log()).not.toMatch(/warning|denied/);
    // Datasette reads the history as a member of this group.
    expect(await pi.machine.ok("stat --format='%U %G %a' /var/lib/holdfast/ops.db")).toBe(
      'holdfast holdfast 640\n',
    );
  });

  test('systemctl start leaves a proven backup in Dropbox', async () => {
    const manifest = /^\/backups\/database_backup_\d{8}_\d{6}\.json$/;
    const stored = () => pi.dropbox.files.list().filter(({ path }) => manifest.test(path)).length;
    const before = stored();
    await pi.change();
    await pi.backUpWell();
    expect(stored()).toBe(before + 1);
    expect(pi.dropbox.files.list().map(({ path }) => path)).toContain('/database.db');
    await pi.machine.ok('systemctl start restore-drill@ctv.service');
    expect(await pi.log()).toContain('ctv: restore drill passed');
    expect(await pi.machine.ok(`ls -l --time-style=+ ${database}`)).toMatch(
      /^-rw-rw---- 1 flaskapp ctvapps /,
    );
  });

  test('the lock of the older script is the same file for a unit, which has a /tmp of its own', async () => {
    const lock = '/tmp/ctv-db-sync.lock';
    expect(await pi.machine.ok(`stat --format='%U %G %a' ${lock}`)).toBe('root ctvapps 660\n');
    await pi.machine.ok(`systemd-run --quiet --unit=older flock -n ${lock} sleep infinity`);
    await pi.machine.ok(`until ! flock -n ${lock} true; do :; done`);
    expect(await pi.startIll(backup)).toBe('75');
    expect(await pi.log()).toContain(`another program holds ${lock}`);
    await pi.machine.ok('systemctl stop older');
    await pi.backUpWell();
  });

  test('systemctl status shows how far it is, and SIGKILL is told', async () => {
    await pi.startHanging(undefined, /upload/);
    expect(await pi.machine.sh(`systemctl status ${backup}`)).toMatchObject({
      stdout: expect.stringMatching(/Status: ".+"/) as string,
    });
    // Meanwhile the older script, of whoever may write the database, finds it at work.
    const script = "su dev -c 'flock -n /tmp/ctv-db-sync.lock true'";
    expect(await pi.machine.sh(script)).toMatchObject({ exitCode: 1 });
    await pi.machine.ok(`systemctl kill --signal=KILL ${backup}`);
    await expectTold('was killed', 'it was killed by SIGKILL', 'journalctl --namespace=+holdfast');
    expect(await pi.show('Result')).toBe('signal');
    await expectRecovery();
  });

  test('TimeoutStartSec is told', async () => {
    await pi.override('TimeoutStartSec=3s');
    await pi.startHanging();
    await expectTold('was killed', 'it took longer than the unit allows, and was ended');
    expect(await pi.show('Result')).toBe('timeout');
    await expectRecovery();
  });

  test('the memory limit is told', async (context) => {
    if (!isRequired && !(await pi.machine.countsMemory()))
      return context.skip('nobody counts the memory of units in this kernel');
    await pi.override('MemoryHigh=infinity\nMemoryMax=40M');
    await pi.change();
    await pi.backUp();
    await expectTold('was killed', /killed by SIGKILL|because memory ran out/);
    // By the name that the kernel's hierarchy lets systemd give it.
    expect(await pi.show('Result')).toMatch(/^(oom-kill|signal)$/);
    await expectRecovery();
  });

  test('a missing credential is told', async () => {
    await pi.override('LoadCredential=gone:/etc/holdfast/credentials/gone');
    await pi.backUp();
    await expectTold('failed', 'systemd could not start it (243');
    expect(await pi.show('ExecMainStatus')).toBe('243');
    await expectRecovery();
  });

  test('a full disk is told', async () => {
    // A store already: where there is none, a machine whose backups went elsewhere makes none by itself.
    const mark = { format: 'holdfast-store', version: 2, id: '0f1e2d3c4b5a69788796a5b4c3d2e1f0' };
    await pi.machine.ok(
      'mkdir -p /mnt/small && mount -t tmpfs -o size=64k,mode=777 none /mnt/small && mkdir -m 777 /mnt/small/store && ' +
        `echo '${JSON.stringify(mark)}' > /mnt/small/store/.holdfast-store`,
    );
    await pi.override('EnvironmentFile=/etc/small.env\nBindPaths=/mnt/small\nReadWritePaths=/mnt/small');
    pi.machine.write('/etc/small.env', 'HOLDFAST_STORE=/mnt/small/store\n', 0o600);
    await pi.backUp();
    await expectTold('failed', '/mnt/small', 'df -h');
    expect(await pi.show('ExecMainStatus')).toBe('74');
    await expectRecovery();
  });

  test('a full state directory is told', async () => {
    await pi.machine.ok(
      'cp -a /var/lib/holdfast /root/kept && mount -t tmpfs -o size=2m none /var/lib/holdfast && ' +
        'cp -a /root/kept/. /var/lib/holdfast/ && (cat /dev/zero > /var/lib/holdfast/full; true)',
    );
    await pi.change();
    await pi.backUp();
    await expectTold('failed', '/var/lib/holdfast', 'df -h');
    expect(await pi.show('ExecMainStatus')).toBe('74');
    await pi.machine.ok('umount --lazy /var/lib/holdfast');
    await expectRecovery();
  });

  test('beside a run by hand it is skipped, and says who holds the lock', async () => {
    // systemd-nspawn lays an id of its own over the kernel's, which a unit with a /proc of its own does not see.
    await pi.machine.ok('umount /proc/sys/kernel/random/boot_id');
    const byHand = `set -a; . /etc/ctv-db-sync.env; HOLDFAST_APP=ctv setsid /opt/holdfast/bin/db-backup run >/dev/null 2>&1 & echo $!`;
    await pi.startHanging(byHand);
    await pi.backUpWell();
    const script = `su dev -c 'flock --nonblock /run/holdfast/locks/ctv.lock true'`;
    expect((await pi.machine.sh(script)).exitCode, 'a script beside our job').toBe(1);
    expect(await pi.log()).toMatch(/cannot lock ctv: db-backup run \(pid \d+ on pi\) has held it since/);
    expect(await pi.show('ExecMainStatus')).toBe('75');
    expect(await pi.silence()).toEqual({ ntfy: [], slack: [] });
    const owner = JSON.parse(await pi.machine.ok('cat /run/holdfast/locks/ctv.owner.json'));
    await pi.machine.ok(`kill -9 ${owner.pid}`);
  });

  test('a script that holds the lock with flock excludes it', async () => {
    const lock = '/run/holdfast/locks/ctv.lock';
    const inside = `systemctl start ${backup}; systemctl show --value -p ExecMainStatus ${backup}`;
    expect((await pi.machine.ok(`flock ${lock} sh -c '${inside}'`)).trim()).toBe('75');
    expect(await pi.log()).toContain('cannot lock ctv: another program');
  });

  test('a command by hand finds what the units have', async () => {
    const { stdout } = await pi.machine.sh('db-backup info');
    expect(stdout).toContain('configuration: /etc/ctv-db-sync.env');
    expect(stdout).toContain('newest proven backup: backups/');
    expect(await pi.machine.ok('alert-send test')).toMatch(/ok +ntfy [^]*ok +slack /);
  });

  test("a person of the app's group starts runs and reads about them, and no secrets", async () => {
    const as = (user: string, line: string) => pi.machine.sh(`su ${user} -c "${line}"`);
    expect(await as('dev', `systemctl start ${backup}`)).toMatchObject({ exitCode: 0 });
    const info = await as('dev', 'systemctl start db-backup-info@ctv && cat /run/holdfast/info/ctv');
    expect(info.stdout).toMatch(/newest proven backup: backups\/.*\n[^]*ctv: \d+ backups?, .* in Dropbox/);
    expect((await as('dev', 'journalctl --namespace=holdfast -n 5')).stdout).toContain('db-backup');
    for (const line of [
      'cat /etc/ctv-db-sync.env',
      'ls /etc/holdfast/credentials',
      'cat /var/lib/holdfast/ops.db',
      `systemctl stop ${backup}`,
      'systemctl start job-failed@x.service',
      'systemctl start systemd-journal-flush.service',
    ]) {
      expect((await as('dev', line)).exitCode, line).not.toBe(0);
    }
    for (const line of [
      `systemctl start ${backup}`,
      `cat ${database}`,
      'cat /run/holdfast/info/ctv',
      'cat /etc/ctv-db-sync.env',
      'flock --nonblock /run/holdfast/locks/ctv.lock true',
    ]) {
      expect((await as('other', line)).exitCode, line).not.toBe(0);
    }
    expect(await pi.show('Environment')).not.toContain('DROPBOX');
  });

  test('a night without power is made up for after boot, and the logs are still there', async () => {
    const newest = () => pi.dropbox.files.list().findLast(({ path }) => path.startsWith('/backups/'))?.path;
    await pi.backUpWell();
    await pi.machine.ok('systemctl start restore-drill@ctv');
    const stored = newest();
    await pi.change();
    // The chosen delay of this machine may be minutes.
    pi.machine.write(
      '/etc/systemd/system/db-backup@ctv.timer.d/99-test.conf',
      '[Timer]\nRandomizedDelaySec=0\nAccuracySec=1s\n',
    );
    await pi.machine.powerOff();
    const before = new Date('2026-01-01T02:05:00Z');
    utimesSync(pi.machine.path('/var/lib/systemd/timers/stamp-db-backup@ctv.timer'), before, before);
    await pi.machine.boot();
    // Nobody starts it but the timer.
    const finished = `journalctl --boot --unit=${backup} --output=cat --follow --lines=all | grep --max-count=1 ^Finished`;
    expect(await pi.machine.ok(finished)).toContain('Holdfast: back up ctv');
    expect(newest()).not.toBe(stored);
    expect(await pi.machine.ok('journalctl --namespace=holdfast --list-boots')).toMatch(/^ *-1 /m);
    expect(await pi.machine.ok('journalctl --namespace=holdfast --boot=-1')).toContain(
      'restore drill passed',
    );
  });

  test('a service that hangs is started again, and one that is stopped has ended well', async () => {
    const unit = 'test-service.service';
    pi.machine.write(
      '/etc/test-service.toml',
      `state_directory = "/var/lib/holdfast"\nrun_directory = "/run/holdfast"\n[apps.ctv]\ndatabase = "${database}"\n`,
    );
    pi.machine.write(
      `/etc/systemd/system/${unit}`,
      `[Service]
Type=notify
NotifyAccess=all
ExecStart=/usr/local/bin/node /opt/holdfast/test/fixtures/test-service.ts run --config /etc/test-service.toml
User=holdfast
ProtectSystem=strict
ReadWritePaths=/var/lib/holdfast /run/holdfast
PrivateUsers=yes
WatchdogSec=10
Restart=on-failure
RestartSec=0
LimitCORE=0
`,
    );
    await pi.machine.ok(`systemctl daemon-reload && systemctl start ${unit}`);
    expect(await pi.show('StatusText', unit)).toMatch(/^listening on 127\.0\.0\.1:\d+$/);
    await pi.machine.ok(`systemctl kill --kill-whom=main --signal=USR2 ${unit}`);
    const log = `journalctl --unit=${unit} --output=cat --lines=all`;
    await pi.machine.ok(`${log} --follow | grep --max-count=2 ^Started`);
    expect(await pi.machine.ok(log)).toContain("Failed with result 'watchdog'.");
    expect(await pi.machine.ok(`${log} --priority=err`)).toContain('this service gives no sign of life');
    await pi.machine.ok(`systemctl stop ${unit}`);
    expect(await pi.show('Result', unit)).toBe('success');
    expect(await pi.show('ExecMainStatus', unit)).toBe('0');
    expect(await pi.machine.ok(`${log} --lines=20`)).toContain('told to stop by SIGTERM');
    await pi.machine.ok(`rm /etc/systemd/system/${unit} && systemctl daemon-reload`);
  });

  test('uninstall leaves no unit behind, and the data', async () => {
    await pi.machine.ok('rm -r /etc/systemd/system/db-backup@ctv.timer.d');
    await pi.uninstall();
    const left = await pi.machine.ok(
      // One that systemd just has not forgotten yet is not there any more.
      "systemctl list-units --all --no-legend 'db-backup*' 'restore-drill*' 'alert-send*' 'job-failed*' | grep -v 'not-found inactive'; " +
        "find /etc/systemd /etc/tmpfiles.d /etc/sysusers.d /etc/polkit-1 -name '*holdfast*' -o -name 'db-backup*' -o -name '*drill*'",
    );
    expect(left.trim()).toBe('');
    await pi.machine.ok('test -s /var/lib/holdfast/ops.db && test -s /etc/ctv-db-sync.env');
  });
});

/** One message through each channel, which says what happened to which app, and holds these words. */
async function expectTold(how: string, ...words: (string | RegExp)[]): Promise<void> {
  const { ntfy, slack } = await pi.news();
  for (const messages of [ntfy, slack]) {
    expect(messages).toHaveLength(1);
    expect(messages[0]).toMatch(new RegExp(`^pi: db-backup of ctv ${how}\n`));
    expect(messages[0]).toMatch(/The newest proven backup of ctv is of /);
    for (const word of words) expect(messages[0]).toMatch(word);
  }
}

/** The next run ends well, and that is told once as well. */
async function expectRecovery(): Promise<void> {
  pi.dropbox.clearFaults();
  await pi.clearOverrides();
  const { ntfy, slack } = await pi.recover();
  for (const messages of [ntfy, slack])
    expect(messages).toEqual([expect.stringMatching(/^pi: db-backup of ctv is well again\nFrom /)]);
}
