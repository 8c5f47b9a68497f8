// What the doctor says of a machine on which one thing is wrong: exactly that, with what mends it; and of one that is well, nothing.
import { describe, expect, test } from 'vitest';
import { OpsError } from '../../../lib/base/errors.ts';
import { lookAt } from '../../../lib/probe/doctor.ts';
import { hasWalResetBug } from '../../../lib/probe/doctor-sqlite.ts';
import { askProgram } from '../../../lib/process/abandon.ts';
import { InstalledTree } from '../../support/installed-tree.ts';

const backup = '/etc/systemd/system/db-backup@.service';

const disk = '22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n';
const wants = '/etc/systemd/system/timers.target.wants';

const noWait = (pi: InstalledTree) => {
  pi.set('systemd-time-wait-sync.service', { UnitFileState: 'disabled' });
  pi.set('chrony-wait.service', { UnitFileState: '', LoadState: 'not-found' });
};

type Row = [
  what: string,
  change: (pi: InstalledTree) => void,
  subject: string,
  verdict: 'warning' | 'critical' | 'unknown',
  message: string,
  hint: string,
];

const rows: Row[] = [
  [
    'an app without units',
    (pi) => (pi.toml += '[apps.tag]\ndatabase = "/srv/ctv/ctv.db"\n'),
    'unit files',
    'warning',
    'no units are installed for tag',
    'npm run units -- install --app tag',
  ],
  [
    'a unit that is gone',
    (pi) => pi.remove(backup),
    'unit files',
    'warning',
    `${backup} is gone`,
    'npm run units -- install --app ctv',
  ],
  [
    'a unit that was edited',
    (pi) => pi.put(backup, '[Unit]\nDescription=Holdfast: mine\n'),
    'unit files',
    'warning',
    `${backup} was changed by hand`,
    '--replace-edited',
  ],
  [
    'a unit that is a link to a device',
    (pi) => pi.link(backup, '/dev/null'),
    'unit files',
    'warning',
    `${backup} was changed by hand`,
    '--replace-edited',
  ],
  [
    'a record that is none',
    (pi) => pi.put('/etc/holdfast/installed.json', '{}'),
    'unit files',
    'unknown',
    'it is not what an installation wrote',
    'move it away',
  ],
  [
    'a record with half an app',
    (pi) => pi.put('/etc/holdfast/installed.json', '{"version":1,"shared":{},"apps":{"ctv":null}}'),
    'unit files',
    'unknown',
    'it is not what an installation wrote',
    'move it away',
  ],
  [
    'a timer that is off',
    (pi) => pi.set('db-backup@ctv.timer', { UnitFileState: 'disabled' }),
    'timers',
    'warning',
    'db-backup@ctv.timer is disabled',
    'sudo systemctl enable --now db-backup@ctv.timer',
  ],
  [
    'a timer of documents that is off',
    (pi) => pi.set('db-export-json@ctv.timer', { UnitFileState: 'disabled' }),
    'timers',
    'warning',
    'db-export-json@ctv.timer is disabled',
    'enable --now db-export-json@ctv.timer',
  ],
  [
    'a timer of maintenance that was stopped',
    (pi) => pi.set('db-maintain@ctv.timer', { ActiveState: 'inactive' }),
    'timers',
    'warning',
    'db-maintain@ctv.timer is inactive',
    'enable --now db-maintain@ctv.timer',
  ],
  [
    'a timer that is masked',
    (pi) => pi.set('health-check.timer', { LoadState: 'masked', UnitFileState: 'masked' }),
    'timers',
    'warning',
    'health-check.timer is masked',
    'sudo systemctl unmask health-check.timer && ',
  ],
  [
    'a master that is off after the next start',
    (pi) => {
      pi.toml += '[apps.ctv.serve]\n';
      pi.set('delta-serve@ctv.service', { UnitFileState: 'disabled' });
    },
    'services',
    'warning',
    'delta-serve@ctv.service is disabled: after the next start it is off',
    'sudo systemctl enable --now delta-serve@ctv.service',
  ],
  [
    'a replica that nothing keeps',
    (pi) => {
      pi.toml += '[pulls.herd]\nfrom = "https://pi.lan:5001"\nreplica = "/srv/herd/replica.db"\n';
      pi.set('delta-pull@herd.service', { UnitFileState: 'enabled', ActiveState: 'failed' });
    },
    'services',
    'warning',
    'delta-pull@herd.service is failed: nobody does its work',
    'sudo systemctl enable --now delta-pull@herd.service',
  ],
  [
    'a replica that was configured and not installed',
    (pi) => {
      pi.toml += '[pulls.herd]\nfrom = "https://pi.lan:5001"\nreplica = "/srv/herd/replica.db"\n';
      pi.set('delta-pull@herd.service', { LoadState: 'not-found' });
    },
    'services',
    'warning',
    'delta-pull@herd.service is not there for systemd (not-found)',
    'npm run units -- install --services',
  ],
  [
    'a receiver that is off after the next start',
    (pi) => {
      pi.toml += '[receive]\n[replicas.ctv]\ndatabase = "/srv/tt.db"\nsources = ["laptop-1"]\n';
      pi.set('delta-receive.service', { UnitFileState: 'disabled' });
    },
    'services',
    'warning',
    'delta-receive.service is disabled',
    'sudo systemctl enable --now delta-receive.service',
  ],
  [
    'what delivers alerts is not there',
    (pi) => pi.set('alert-send.path', { LoadState: 'not-found' }),
    'timers',
    'warning',
    'alert-send.path is not there',
    'npm run units -- install --app ctv',
  ],
  [
    'a unit that systemd has not read',
    (pi) => pi.set('db-backup@ctv.service', { NeedDaemonReload: 'yes' }),
    'services',
    'warning',
    'db-backup@ctv.service was changed',
    'sudo systemctl daemon-reload',
  ],
  [
    'a job without a limit',
    (pi) => pi.set('db-backup@ctv.service', { TimeoutStartUSec: 'infinity' }),
    'services',
    'warning',
    'has no limit of time',
    'systemctl cat db-backup@ctv.service',
  ],
  [
    'a secret for everybody',
    (pi) => pi.set('alert-send.service', { Environment: 'A=b NTFY_TOKEN=tk_123' }),
    'services',
    'critical',
    'alert-send.service has NTFY_TOKEN in Environment=',
    'systemctl edit alert-send.service',
  ],
  [
    'a secret in quotes, of an app',
    (pi) => pi.set('db-backup@ctv.service', { Environment: 'A=b "MY_API_KEY=a b"' }),
    'services',
    'critical',
    'has MY_API_KEY in Environment=',
    'systemctl edit',
  ],
  [
    'a job with more rights',
    (pi) => pi.exposures.set('db-backup@ctv.service', '1.2'),
    'services',
    'warning',
    'db-backup@ctv.service is held in less than it was (systemd-analyze security: 1.2, it was 1.1)',
    'systemctl cat',
  ],
  [
    'checks with more rights',
    (pi) => pi.exposures.set('health-check.service', '1.4'),
    'services',
    'warning',
    '1.4, it was 1.3',
    'systemctl cat',
  ],
  [
    'a teller with a network',
    (pi) => pi.exposures.set('job-failed@db-backup@ctv.service', '0.3'),
    'services',
    'warning',
    '0.3, it was 0.2',
    'systemctl cat',
  ],
  [
    'a secret that others may read',
    (pi) => pi.chmod('/etc/holdfast/credentials/ntfy-topic', 0o640),
    'secrets',
    'critical',
    '(mode 640)',
    'sudo chmod 600 /etc/holdfast/credentials/ntfy-topic',
  ],
  [
    'secrets that others may list',
    (pi) => pi.chmod('/etc/holdfast/credentials', 0o711),
    'secrets',
    'critical',
    '(mode 711)',
    'sudo chmod 700 /etc/holdfast/credentials',
  ],
  [
    'no database',
    (pi) => pi.remove('/srv/ctv/ctv.db'),
    'ctv',
    'critical',
    '/srv/ctv/ctv.db is not there',
    'restore run latest',
  ],
  [
    'no directory of the database',
    (pi) => pi.remove('/srv/ctv'),
    'ctv',
    'critical',
    '/srv/ctv is not there',
    'restore run latest',
  ],
  [
    'a database that its group may not write',
    (pi) => (
      pi.chmod('/srv/ctv/ctv.db', 0o640),
      pi.remove('/srv/ctv/ctv.db-wal'),
      pi.remove('/srv/ctv/ctv.db-shm')
    ),
    'ctv',
    'warning',
    'the jobs may not read and write /srv/ctv/ctv.db',
    'sudo chmod g+rw /srv/ctv/ctv.db',
  ],
  [
    'a directory that hands no group on',
    (pi) => pi.chmod('/srv/ctv', 0o770),
    'ctv',
    'warning',
    'do not get its group',
    'sudo chmod g+rwxs /srv/ctv',
  ],
  [
    'a directory that the group may not write',
    (pi) => pi.chmod('/srv/ctv', 0o2750),
    'ctv',
    'warning',
    'the jobs may not write in /srv/ctv',
    'sudo chmod g+rwxs /srv/ctv',
  ],
  [
    'a WAL that root has made',
    (pi) => pi.chmod('/srv/ctv/ctv.db-wal', 0o600),
    'ctv',
    'critical',
    '/srv/ctv/ctv.db-wal is not for all',
    'sudo chown --reference=/srv/ctv/ctv.db /srv/ctv/ctv.db-wal',
  ],
  [
    'an index of the WAL that the group cannot write',
    (pi) => pi.chmod('/srv/ctv/ctv.db-shm', 0o640),
    'ctv',
    'critical',
    '/srv/ctv/ctv.db-shm is not for all',
    'chmod --reference=/srv/ctv/ctv.db',
  ],
  [
    'a rollback journal of somebody',
    (pi) => pi.put('/srv/ctv/ctv.db-journal', '', 0o600),
    'ctv',
    'critical',
    '/srv/ctv/ctv.db-journal is not for all',
    'sudo chown',
  ],
  [
    'a database that everybody may write',
    (pi) => pi.chmod('/srv/ctv/ctv.db', 0o666),
    'ctv',
    'warning',
    'every user of this machine may write /srv/ctv/ctv.db',
    'sudo chmod o-w /srv/ctv/ctv.db',
  ],
  [
    'no state',
    (pi) => pi.remove('/var/lib/holdfast'),
    'state',
    'warning',
    '/var/lib/holdfast is not there',
    'db-backup run',
  ],
  [
    'a state in memory',
    (pi) => pi.put('/proc/self/mountinfo', `${disk}40 22 0:33 / /var/lib rw - tmpfs tmpfs rw\n`),
    'state',
    'warning',
    'lies on /var/lib (tmpfs)',
    'state_directory',
  ],
  [
    'a state on an overlay',
    (pi) => pi.put('/proc/self/mountinfo', '22 1 0:20 / / rw - overlay overlay rw\n'),
    'state',
    'warning',
    'lies on / (overlay)',
    'state_directory',
  ],
  [
    'a disk that went read-only',
    (pi) => pi.put('/proc/self/mountinfo', disk.replace(/rw\n$/, 'ro\n')),
    'state',
    'warning',
    'mounted read-only',
    'sudo mount -o remount,rw /',
  ],
  [
    'a state for everybody',
    (pi) => pi.chmod('/var/lib/holdfast', 0o777),
    'state',
    'warning',
    'every user of this machine may write /var/lib/holdfast',
    'sudo chmod o-w /var/lib/holdfast',
  ],
  [
    'a SQLite that may lose writes',
    (pi) => pi.prints.set('sqlite3', '3.40.1 2022-12-28 14:03:47 df5c253c0b3d\n'),
    'sqlite',
    'warning',
    'sqlite3 3.40.1: before 3.51.3',
    'libsqlite3-0',
  ],
  [
    'the same of Python',
    (pi) => (pi.prints.set('python3', '3.46.1\n'), pi.prints.set('sqlite3', undefined)),
    'sqlite',
    'warning',
    "Python's sqlite3 3.46.1: before",
    'libsqlite3-0',
  ],
  [
    'a journal that ours is not kept in',
    (pi) => pi.put('/etc/systemd/journald@holdfast.conf', '[Journal]\n#Storage=persistent\n'),
    'journal',
    'warning',
    'what the jobs log is gone after the next start (Storage=auto',
    '/etc/systemd/journald@holdfast.conf',
  ],
  [
    'the same by a drop-in',
    (pi) => pi.put('/etc/systemd/journald@holdfast.conf.d/x.conf', '[Journal]\nStorage=volatile\n'),
    'journal',
    'warning',
    '(Storage=volatile',
    'journald@holdfast.conf',
  ],
  [
    'a journal in memory, as Raspberry Pi OS has it',
    (pi) =>
      pi.put(
        '/usr/lib/systemd/journald.conf.d/40-rpi-volatile-storage.conf',
        '[Journal]\nStorage=volatile\n',
      ),
    'journal',
    'warning',
    'what the rest of the system logs is gone after the next start (Storage=volatile)',
    '/etc/systemd/journald.conf.d/99-persistent.conf',
  ],
  [
    'a journal without a directory',
    (pi) => pi.remove('/var/log/journal'),
    'journal',
    'warning',
    '(Storage=auto)',
    '99-persistent.conf',
  ],
  [
    'timers that do not wait for the time',
    noWait,
    'clock',
    'warning',
    'timers do not wait for the right time',
    'sudo systemctl enable systemd-time-wait-sync.service',
  ],
  [
    'the same without a clock',
    (pi) => (pi.remove('/sys/class/rtc'), noWait(pi)),
    'clock',
    'warning',
    'no clock that goes on without power, and timers',
    'sudo systemctl enable',
  ],
  [
    'a watchdog that is off',
    (pi) => (pi.watchdog = '0'),
    'watchdog',
    'warning',
    'it is off',
    'RuntimeWatchdogSec=15s',
  ],
  [
    'a watchdog that waits for ever',
    (pi) => (pi.watchdog = 'infinity'),
    'watchdog',
    'warning',
    'it is off',
    'daemon-reexec',
  ],
  [
    'a kernel that limits no memory',
    (pi) => pi.put('/sys/fs/cgroup/cgroup.controllers', 'cpuset cpu io pids\n'),
    'memory limit',
    'warning',
    'limits the memory of no service',
    'cgroup_enable=memory',
  ],
  [
    'a line of cron',
    (pi) => pi.put('/etc/cron.d/backup', '5 3 * * * root /opt/ctv/cli_db_sync.py upload\n'),
    'older scripts',
    'warning',
    '/etc/cron.d/backup still starts one (line 1)',
    'sudo editor /etc/cron.d/backup',
  ],
  [
    "a line of somebody's cron",
    (pi) => pi.put('/var/spool/cron/crontabs/pi', '5 3 * * * ctv-db-sync\n'),
    'older scripts',
    'warning',
    'crontabs/pi still starts one',
    'sudo crontab -u pi -e',
  ],
  [
    'a script of each day',
    (pi) => pi.put('/etc/cron.daily/ctv', '#!/bin/sh\nexec cli_db_sync upload\n'),
    'older scripts',
    'warning',
    '/etc/cron.daily/ctv still starts one',
    'sudo chmod a-x /etc/cron.daily/ctv',
  ],
  [
    'the older timer',
    (pi) => pi.put(`${wants}/db-backup.timer`, ''),
    'older scripts',
    'warning',
    'the older db-backup.timer is still enabled',
    'sudo systemctl disable --now db-backup.timer',
  ],
  [
    'a timer of the older script',
    (pi) => pi.put(`${wants}/ctv-db-sync.timer`, ''),
    'older scripts',
    'warning',
    'ctv-db-sync.timer is still enabled',
    'sudo systemctl disable --now ctv-db-sync.timer',
  ],
  [
    'the lock of the older script',
    (pi) => pi.put('/tmp/ctv-db-sync.lock', ''),
    'older scripts',
    'warning',
    '/tmp/ctv-db-sync.lock is there',
    'sudo fuser -v /tmp/ctv-db-sync.lock',
  ],
  [
    'a lock that nobody holds',
    (pi) => pi.put('/run/holdfast/locks/ctv.heartbeat/.keep', ''),
    'locks',
    'warning',
    '/run/holdfast/locks/ctv.heartbeat was left behind',
    'sudo rmdir /run/holdfast/locks/ctv.heartbeat',
  ],
  [
    'no flock',
    (pi) => pi.remove('/usr/bin/flock'),
    'programs',
    'warning',
    'flock is not installed',
    'sudo apt-get install util-linux',
  ],
  [
    'no systemd-notify',
    (pi) => pi.remove('/usr/bin/systemd-notify'),
    'programs',
    'warning',
    'systemd-notify is not installed',
    'sudo apt-get install systemd',
  ],
  [
    'no systemd',
    (pi) => (pi.remove('/run/systemd'), pi.put('/proc/1/comm', 'init\n')),
    'systemd',
    'unknown',
    'it does not look after this machine',
    'crontab -l',
  ],
];

test('all is well', async () => {
  const looked = await new InstalledTree().look();
  expect(looked.filter(({ verdict }) => verdict !== 'ok')).toEqual([]);
});

test.each(rows)('%s', async (_, change, subject, verdict, message, hint) => {
  const pi = new InstalledTree();
  change(pi);
  const bad = (await pi.look()).filter((one) => one.verdict !== 'ok');
  expect(bad.map((one) => [one.subject, one.verdict])).toEqual([[subject, verdict]]);
  expect(bad[0]?.message).toContain(message);
  expect(bad[0]?.hint).toContain(hint);
});

describe('is no bad news:', () => {
  test.each<[string, (pi: InstalledTree) => void]>([
    [
      'jobs that are root by wish',
      (pi) => (
        pi.set('db-backup@ctv.service', { User: 'root' }),
        pi.exposures.set('db-backup@ctv.service', '4.1')
      ),
    ],
    ['no clock, where timers wait', (pi) => pi.remove('/sys/class/rtc')],
    ['no watchdog', (pi) => (pi.remove('/sys/class/watchdog'), (pi.watchdog = '0'))],
    [
      'a container, which has none of both',
      (pi) => (pi.put('/run/systemd/container', 'systemd-nspawn'), (pi.watchdog = '0'), noWait(pi)),
    ],
    [
      'a journal that is turned on again',
      (pi) => (
        pi.put('/usr/lib/systemd/journald.conf.d/40-rpi.conf', '[Journal]\nStorage=volatile\n'),
        pi.put('/etc/systemd/journald.conf.d/99-persistent.conf', '[Journal]\nStorage=persistent\n')
      ),
    ],
    [
      'a drop-in of a vendor that is masked by one of the same name',
      (pi) => (
        pi.put('/usr/lib/systemd/journald.conf.d/40-rpi.conf', '[Journal]\nStorage=volatile\n'),
        pi.put('/etc/systemd/journald.conf.d/40-rpi.conf', '')
      ),
    ],
    [
      'an old SQLite without a WAL',
      (pi) => (
        pi.prints.set('python3', '3.40.1\n'),
        pi.put('/srv/ctv/ctv.db', `SQLite format 3\0\x10\0\x01\x01${'\0'.repeat(80)}`, 0o660)
      ),
    ],
    [
      'no SQLite beside ours',
      (pi) => (pi.prints.set('python3', undefined), pi.prints.set('sqlite3', undefined)),
    ],
    [
      'the lock of the older script, which our runs take as well',
      (pi) => (
        pi.put('/tmp/ctv-db-sync.lock', ''),
        (pi.toml = pi.toml.replace('[apps.ctv]', '[apps.ctv]\nlock_file = "/tmp/ctv-db-sync.lock"'))
      ),
    ],
    ['no secrets', (pi) => pi.remove('/etc/holdfast/credentials')],
    ['no locks', (pi) => pi.remove('/run/holdfast')],
    ['another system, whose programs nobody can ask', (pi) => ((pi.isRunning = false), pi.remove('/proc'))],
  ])('%s', async (_, change) => {
    const pi = new InstalledTree();
    change(pi);
    expect((await pi.look()).filter(({ verdict }) => verdict !== 'ok')).toEqual([]);
  });
});

test('stat and od say what they say here without a process', async () => {
  const pi = new InstalledTree();
  pi.prints.set('python3', '3.40.1\n');
  pi.remove('/var/lib/holdfast');
  const asked = await pi.look({ ask: askProgram });
  expect(asked).toEqual(await pi.look());
  expect(asked.filter(({ verdict }) => verdict !== 'ok').map(({ subject }) => subject)).toEqual([
    'state',
    'sqlite',
  ]);
});

test('a mount that does not answer is unknown, and so is what may not be looked at', async () => {
  const pi = new InstalledTree();
  const ask: typeof askProgram = async (_, args) => {
    if (args.some((one) => one.endsWith('/ctv.db')))
      throw new OpsError('unavailable', 'cannot ask stat: no answer within 10 s');
    const stderr = `stat: cannot statx '${args.at(-1) ?? ''}': Permission denied\n`;
    return { exitCode: 1, stdout: '', stderr };
  };
  const bad = (await pi.look({ ask })).filter(({ verdict }) => verdict !== 'ok');
  expect(bad.map(({ subject, verdict, hint }) => [subject, verdict, hint])).toEqual([
    ['ctv', 'unknown', undefined],
    ['state', 'unknown', 'only root may see it: sudo health-check doctor'],
  ]);
});

test('of another system nothing of this one is asked', async () => {
  const pi = new InstalledTree();
  pi.isRunning = false;
  await pi.look();
  expect(pi.asked).toEqual([]);
});

test('what systemd does not answer is unknown, part by part, and the rest is said', async () => {
  const pi = new InstalledTree();
  const run = async () => {
    throw new OpsError('io', 'cannot run env: exit code 1: Failed to connect to bus: Host is down');
  };
  const looked = await pi.look({ run });
  const bad = looked.filter(({ verdict }) => verdict !== 'ok');
  expect(bad.map(({ subject, verdict }) => `${subject} ${verdict}`)).toEqual([
    'units unknown',
    'clock unknown',
    'watchdog unknown',
  ]);
  expect(new Set(bad.map(({ message }) => message))).toEqual(
    new Set(['cannot ask systemd: Failed to connect to bus: Host is down']),
  );
});

test('a secret that is not of root', async () => {
  const looked = await new InstalledTree().look({ rootId: 12_345 });
  const bad = looked.filter(({ verdict }) => verdict !== 'ok');
  expect(bad.map(({ hint }) => hint)).toEqual([
    'sudo chown root:root /etc/holdfast/credentials',
    'sudo chown root:root /etc/holdfast/credentials/ntfy-topic',
  ]);
});

test('what only root may see is unknown, and says so; a mistake of ours is no finding', async () => {
  const context = new InstalledTree().context();
  const denied = () => Promise.reject(new OpsError('denied', 'cannot read /x: permission denied'));
  expect(await lookAt(context, [['secrets', denied]])).toEqual([
    {
      ...{ subject: 'secrets', verdict: 'unknown', message: 'cannot read /x: permission denied' },
      hint: 'only root may see it: sudo health-check doctor',
    },
  ]);
  await expect(lookAt(context, [['secrets', () => Promise.reject(new TypeError('x'))]])).rejects.toThrow(
    TypeError,
  );
});

test.each([
  ['3.6.23', false],
  ['3.7.0', true],
  ['3.44.5', true],
  ['3.44.6', false],
  ['3.45.0', true],
  ['3.46.1', true],
  ['3.50.6', true],
  ['3.50.7', false],
  ['3.51.2', true],
  ['3.51.3', false],
  ['3.53.0', false],
  ['4.0.0', false],
])('SQLite %s may lose writes of a WAL: %s', (version, is) => {
  expect(hasWalResetBug(version)).toBe(is);
});
