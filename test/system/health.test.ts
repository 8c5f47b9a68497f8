// health-check on a booted system, in its sandbox: what goes wrong there is told within two runs, and over when it is mended.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missingForMachines } from '../support/machine/base-root.ts';
import { database, Pi } from '../support/machine/pi.ts';

const missing = missingForMachines();
const config = '/etc/holdfast/holdfast.toml';
const days = '/srv/days';
const copy = '/srv/copy.db';
let pi: Pi;

/** What is done to the machine, how it is mended, and which checks tell of it. */
interface Failure {
  breaks: string;
  mends: string;
  alarms: string[];
}

const asApp = (sql: string) => `su -s /bin/sh flaskapp -c "umask 7; sqlite3 ${database} \\"${sql}\\""`;
const mountDays = `mount -t tmpfs -o size=2M,nr_inodes=100,mode=2770,gid=ctvapps tmpfs ${days}`;

const failures = {
  'the token is refused': {
    breaks:
      'cd /etc/holdfast/credentials && cp dropbox-refresh-token /root/kept && echo wrong > dropbox-refresh-token',
    mends: 'cat /root/kept > /etc/holdfast/credentials/dropbox-refresh-token',
    alarms: ['store@machine'],
  },
  'a directory of ours is full': {
    breaks: `cat /dev/zero > ${days}/fill 2>/dev/null || true`,
    mends: `rm ${days}/fill`,
    alarms: ['disk-space@srv-days'],
  },
  'there are too many files': {
    breaks: `cd ${days} && touch $(seq 1 90)`,
    mends: `cd ${days} && rm -f $(seq 1 90)`,
    alarms: ['inodes@srv-days'],
  },
  'a file system goes read-only': {
    breaks: `mount -o remount,ro ${days}`,
    mends: `mount -o remount,rw ${days}`,
    alarms: ['read-only@srv-days'],
  },
  'a mount is gone': {
    breaks: `umount -l ${days}`, // whatever still looks at it
    mends: `${mountDays} && systemctl start db-export-json@ctv`,
    alarms: ['mounts@srv-days'],
  },
  'a share never answers': {
    breaks: `[ -e /dev/fuse ] || mknod /dev/fuse c 10 229
      setsid node /src/test/support/silent-mount.ts ${days} </dev/null >/run/silent 2>&1 & echo $! >/run/silent.pid
      until grep mounted /run/silent; do :; done`,
    mends: `kill -9 $(cat /run/silent.pid); umount -l ${days}`,
    alarms: ['mounts@srv-days'],
  },
  'the app is stopped': {
    breaks: 'systemctl stop flaskapp',
    mends: 'systemctl start flaskapp; until curl -fso /dev/null http://127.0.0.1:8000/health; do :; done',
    alarms: ['http@flaskapp', 'units@flaskapp.service'],
  },
  'some unit has failed': {
    breaks: 'systemd-run --quiet --unit=boom false; while ! systemctl is-failed --quiet boom; do :; done',
    mends: 'systemctl reset-failed boom',
    alarms: ['units@machine'],
  },
  'a timer is stopped': {
    breaks: 'systemctl stop db-backup@ctv.timer',
    mends: 'systemctl start db-backup@ctv.timer',
    alarms: ['timers@db-backup-ctv.timer'],
  },
  'a timer is disabled': {
    breaks: 'systemctl disable --now --quiet restore-drill@ctv.timer',
    mends: 'systemctl enable --now --quiet restore-drill@ctv.timer',
    alarms: ['timers@restore-drill-ctv.timer'],
  },
  'a message was refused for good': {
    breaks: 'install -D -o holdfast /dev/null /var/lib/holdfast/spool/dead/refused.json',
    mends: 'rm /var/lib/holdfast/spool/dead/refused.json',
    alarms: ['alert-delivery@machine'],
  },
  'a drill has failed': {
    breaks: drill('failed'),
    mends: drill('passed'),
    alarms: ['backup-drill@ctv'],
  },
  'a rule of the owner is broken': {
    breaks: asApp("INSERT INTO booking (guest) VALUES ('nobody')"),
    mends: asApp("DELETE FROM booking WHERE guest = 'nobody'"),
    alarms: ['sql@ctv-no-nobody'],
  },
  "another tool's copy is old": {
    breaks: `touch -d '3 days ago' ${copy}`,
    mends: `touch ${copy}`,
    alarms: ['freshness@copy'],
  },
  'the processor is hot, and the power low': {
    breaks:
      'mount -t tmpfs tmpfs /sys/class && cd /sys/class && mkdir -p thermal/thermal_zone0 hwmon/hwmon0 && echo cpu-thermal > thermal/thermal_zone0/type && echo 85000 > thermal/thermal_zone0/temp && echo rpi_volt > hwmon/hwmon0/name && echo 1 > hwmon/hwmon0/in0_lcrit_alarm',
    mends: 'umount /sys/class',
    alarms: ['temperature@cpu-thermal', 'throttling@machine'],
  },
  'a memory card is at its end': {
    breaks:
      'mount -t tmpfs tmpfs /sys/block && mkdir -p /sys/block/mmcblk0/device && echo 1 2 3 4 5 6 7 8 9 > /sys/block/mmcblk0/stat && echo 0x0b 0x01 > /sys/block/mmcblk0/device/life_time && echo 0x03 > /sys/block/mmcblk0/device/pre_eol_info',
    mends: 'umount /sys/block',
    alarms: ['disk-wear@mmcblk0'],
  },
} satisfies Record<string, Failure>;

/** What goes wrong at once: each of it is told, and nothing hides what it does not cause. */
const nights: (keyof typeof failures)[][] = [
  ['the token is refused', 'the app is stopped', 'a timer is stopped', 'a drill has failed'],
  [
    'a directory of ours is full',
    'some unit has failed',
    'a rule of the owner is broken',
    'the processor is hot, and the power low',
  ],
  [
    'there are too many files',
    'a message was refused for good',
    "another tool's copy is old",
    'a memory card is at its end',
  ],
  ['a file system goes read-only', 'a timer is disabled'],
  ['a mount is gone'],
  ['a share never answers'],
];

/** As restore drill writes it. */
function drill(outcome: 'failed' | 'passed'): string {
  return `sqlite3 /var/lib/holdfast/ops.db "INSERT INTO drills (run_id, app, name, at, outcome, detail) VALUES ('x', 'ctv', 'b.db', strftime('%Y-%m-%dT%H:%M:%fZ'), '${outcome}', 'rows are missing')"`;
}

describe.skipIf(missing.length > 0)(`a booted system (needs ${missing.join(', ') || 'nothing more'})`, () => {
  beforeAll(async () => {
    pi = await Pi.boot();
    await pi.machine.ok(`install -d -m 2770 ${days} && ${mountDays} && touch ${copy}`);
    await pi.writeConfiguration(config);
    const settings = `[apps.ctv.export]
directory = "${days}"
tables = ["booking"]
[health]
load = { off = true }
memory = { off = true }
mounts = { paths = ["${days}"] }
[health.http.endpoints.flaskapp]
url = "http://127.0.0.1:8000/health"
[health.sql.assertions.no-nobody]
app = "ctv"
query = "SELECT count(*) FROM booking WHERE guest = 'nobody'"
expect = 0
[health.freshness.things.copy]
path = "${copy}"
`;
    const text = pi.machine.read(config).replace(/^\[alerts\]/m, `${settings}[alerts]`);
    // Nobody sets the clock of a container.
    pi.machine.write(config, `clock = "trusted"\n${text}`);
    await pi.startApp();
    await pi.install();
    await pi.machine.ok('systemctl enable --now --quiet health-check.timer');
    await pi.backUpWell();
    await pi.startWell('db-export-json@ctv');
    await ask();
    await pi.clear();
  }, 300_000);
  afterAll(async () => {
    await pi?.[Symbol.asyncDispose]();
  });

  test('all is well, and its sandbox keeps nothing from it', async () => {
    // By hand, too, and root's run is in nobody's way.
    await pi.machine.sh('rm -f /run/holdfast/locks/@health-check.lock; health-check --brief');
    await ask();
    const { exitCode, stdout } = await pi.machine.sh('health-check status');
    expect(stdout).not.toMatch(/^(WARNING|CRITICAL|UNKNOWN)/m);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^OK +backup-age +ctv /m);
    expect(await pi.log()).not.toMatch(/denied|warning|error/);
    expect(await open()).toEqual([]);
  });

  test.each(nights.map((night) => [night.join(', '), night] as const))(
    '%s: told within two runs, and over when it is mended',
    async (_, night) => {
      const wrong: Failure[] = night.map((name) => failures[name]);
      try {
        for (const { breaks } of wrong) await pi.machine.ok(breaks);
        await ask();
        await ask();
        const alarms = wrong.flatMap((failure) => failure.alarms.map((alarm) => `health:${alarm}`));
        expect(await open()).toEqual(alarms.sort());
        expect((await pi.news()).ntfy.join('\n')).toContain('Next: health-check explain');
      } finally {
        for (const { mends } of wrong) await pi.machine.ok(mends);
      }
      await ask();
      expect(await open()).toEqual([]);
      expect((await pi.news()).ntfy.join('\n')).toContain('is well again');
    },
  );
});

async function ask(): Promise<void> {
  await pi.startWell('health-check');
}

/** The checks that people have been told of, or will be. */
async function open(): Promise<string[]> {
  await pi.machine.sh('systemctl start alert-send');
  const { incidents } = (
    JSON.parse((await pi.machine.sh('alert-send list --json')).stdout) as {
      result: { incidents: { check: string; closed_at?: string }[] };
    }
  ).result;
  return incidents
    .filter(({ closed_at }) => closed_at === undefined)
    .map(({ check }) => check.replace(/-[0-9a-f]{8}$/, ''));
}
