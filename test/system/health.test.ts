// health-check on a booted system, in its sandbox: what goes wrong there is told within two runs, and over when it is mended.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missingForMachines } from '../support/machine/base-root.ts';
import { Pi } from '../support/machine/pi.ts';

const missing = missingForMachines();
const config = '/etc/holdfast/holdfast.toml';
const days = '/srv/days';
let pi: Pi;

/** What is done to the machine, how it is mended, and which checks tell of it. */
interface Failure {
  name: string;
  breaks: string;
  mends: string;
  alarms: string[];
}

const failures: Failure[] = [
  {
    name: 'the token is refused',
    breaks:
      'cd /etc/holdfast/credentials && cp dropbox-refresh-token /root/kept && echo wrong > dropbox-refresh-token',
    mends: 'cat /root/kept > /etc/holdfast/credentials/dropbox-refresh-token',
    alarms: ['store@machine'],
  },
  {
    name: 'a directory of ours is full',
    breaks: `cat /dev/zero > ${days}/fill 2>/dev/null || true`,
    mends: `rm ${days}/fill`,
    alarms: [`disk-space@srv-days`],
  },
  {
    name: 'there are too many files',
    breaks: `cd ${days} && touch $(seq 1 90)`,
    mends: `cd ${days} && rm -f $(seq 1 90)`,
    alarms: ['inodes@srv-days'],
  },
  {
    name: 'a share never answers',
    breaks: `[ -e /dev/fuse ] || mknod /dev/fuse c 10 229
      setsid node /src/test/support/silent-mount.ts ${days} </dev/null >/run/silent 2>&1 & echo $! >/run/silent.pid
      until grep mounted /run/silent; do :; done`,
    mends: `kill -9 $(cat /run/silent.pid); umount -l ${days}`,
    alarms: ['mounts@srv-days'],
  },
  {
    name: 'the app is stopped',
    breaks: 'systemctl stop flaskapp',
    mends: 'systemctl start flaskapp',
    alarms: ['units@flaskapp.service'],
  },
  {
    name: 'some unit has failed',
    breaks: 'systemd-run --quiet --unit=boom false; while ! systemctl is-failed --quiet boom; do :; done',
    mends: 'systemctl reset-failed boom',
    alarms: ['units@machine'],
  },
  {
    name: 'a timer is stopped',
    breaks: 'systemctl stop db-backup@ctv.timer',
    mends: 'systemctl start db-backup@ctv.timer',
    alarms: ['timers@db-backup-ctv.timer'],
  },
  {
    name: 'a message was refused for good',
    breaks: `install -D -o holdfast /dev/null /var/lib/holdfast/spool/dead/refused.json`,
    mends: 'rm /var/lib/holdfast/spool/dead/refused.json',
    alarms: ['alert-delivery@machine'],
  },
  {
    name: 'a drill has failed',
    breaks: drill('failed'),
    mends: drill('passed'),
    alarms: ['backup-drill@ctv'],
  },
];

/** As restore drill writes it. */
function drill(outcome: 'failed' | 'passed'): string {
  return `sqlite3 /var/lib/holdfast/ops.db "INSERT INTO drills (run_id, app, name, at, outcome, detail) VALUES ('x', 'ctv', 'b.db', strftime('%Y-%m-%dT%H:%M:%fZ'), '${outcome}', 'rows are missing')"`;
}

describe.skipIf(missing.length > 0)(`a booted system (needs ${missing.join(', ') || 'nothing more'})`, () => {
  beforeAll(async () => {
    pi = await Pi.boot();
    await pi.machine.ok(
      `install -d -m 2770 ${days} && mount -t tmpfs -o size=2M,nr_inodes=100,mode=2770,gid=ctvapps tmpfs ${days}`,
    );
    await pi.writeConfiguration(config);
    const settings = `[apps.ctv.export]\ndirectory = "${days}"\ntables = ["booking"]\n[health.mounts]\npaths = ["${days}"]\n[health.load]\noff = true\n[health.memory]\noff = true\n`;
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
    await ask();
    const { exitCode, stdout } = await pi.machine.sh('health-check status');
    expect(stdout).not.toMatch(/^(WARNING|CRITICAL|UNKNOWN)/m);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^OK +backup-age +ctv /m);
    expect(await pi.log()).not.toMatch(/denied|warning|error/);
    expect(await open()).toEqual([]);
  });

  test.each(failures)(
    '$name: told within two runs, and over when it is mended',
    async ({ breaks, mends, alarms }) => {
      try {
        await pi.machine.ok(breaks);
        await ask();
        await ask();
        expect(await open()).toEqual(alarms.map((alarm) => `health:${alarm}`));
        expect((await pi.news()).ntfy.join('\n')).toContain('Next: health-check explain');
      } finally {
        await pi.machine.ok(mends);
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
  await pi.machine.ok('systemctl start alert-send');
  const { incidents } = (
    JSON.parse((await pi.machine.sh('alert-send list --json')).stdout) as {
      result: { incidents: { check: string; closed_at?: string }[] };
    }
  ).result;
  return incidents
    .filter(({ closed_at }) => closed_at === undefined)
    .map(({ check }) => check.replace(/-[0-9a-f]{8}$/, ''));
}
