// A booted system whose settings are in a file that is not the usual one, with a secret a file: getting the database of a
// running app back, and news that wait for the network.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { missingForMachines } from '../support/machine/base-root.ts';
import { backup, database, Pi } from '../support/machine/pi.ts';

const missing = missingForMachines();
/** Outside /etc, which the sandbox of the jobs shows them anyway. */
const config = '/srv/holdfast/pi.toml';
const nothing = { ntfy: [], slack: [] };
let pi: Pi;

describe.skipIf(missing.length > 0)(`a booted system (needs ${missing.join(', ') || 'nothing more'})`, () => {
  beforeAll(async () => {
    pi = await Pi.boot();
    await pi.writeConfiguration(config);
    await pi.install(`--config ${config}`);
    await pi.startApp();
  }, 300_000);
  afterAll(async () => {
    await pi?.[Symbol.asyncDispose]();
  });
  afterEach(async () => {
    pi.machine.network.plugIn();
    await pi.clear();
  });

  test('beside the running app a backup is made and proven, with secrets that nobody else can read', async () => {
    await pi.backUpWell();
    await pi.machine.ok('systemctl start restore-drill@ctv');
    const names = pi.dropbox.files.list().map(({ path }) => path);
    expect(names.filter((name) => /^\/backups\/ctv\/ctv-\d{8}T\d{6}Z\.(db|json)$/.test(name))).toHaveLength(
      2,
    );
    expect(await pi.log()).toContain('ctv: restore drill passed');
    const shown = await pi.machine.ok(`systemctl show ${backup} alert-send.service; systemctl cat ${backup}`);
    const { DROPBOX_REFRESH_TOKEN = '?', DROPBOX_APP_SECRET = '?' } = pi.dropbox.environment;
    for (const secret of [DROPBOX_REFRESH_TOKEN, DROPBOX_APP_SECRET, pi.ntfy.topic, pi.slack.path])
      expect(shown).not.toContain(secret);
    for (const user of ['dev', 'other', 'flaskapp'])
      expect(
        (await pi.machine.sh(`su -s /bin/sh ${user} -c 'ls /etc/holdfast/credentials'`)).exitCode,
      ).not.toBe(0);
  });

  test('a restore stops the app and starts it, with owner, group and mode as before, and can be undone', async () => {
    const before = { process: await appProcess(), files: await files(), bookings: await bookings() };
    await pi.machine.ok('curl --silent --request POST http://127.0.0.1:8000/lose');
    expect(await bookings()).toBeLessThan(2000);
    const said = await byHand('restore run latest --yes');
    expect(said).toMatch(/ctv: restored backups\/ctv\/ctv-\d{8}T\d{6}Z\.db to /);
    expect(said).toContain('ctv: the app is well: ');
    expect(await appProcess()).not.toBe(before.process);
    expect(await pi.show('ActiveState', 'flaskapp.service')).toBe('active');
    expect(await bookings()).toBeGreaterThanOrEqual(2000);
    expect(await files()).toEqual(before.files);
    await byHand('restore undo --yes');
    expect(await bookings()).toBeLessThan(2000);
    expect(await files()).toEqual(before.files);
    await byHand('restore undo --yes');
    expect(await bookings()).toBeGreaterThanOrEqual(2000);
    expect(await files()).toEqual(before.files);
    await pi.backUpWell();
    expect(await pi.silence()).toEqual(nothing);
  });

  test('a restore that leaves the app unwell undoes itself, and that is told', async () => {
    const before = await files();
    await pi.machine.ok('touch /opt/apps/ctv-bookedbiz-db/data/unwell');
    const short = "sed 's/timeout_seconds = 60/timeout_seconds = 2/'";
    await pi.machine.ok(`${short} ${config} > /srv/holdfast/short.toml`);
    const ended = await pi.machine.sh(typed('restore run latest --yes', '/srv/holdfast/short.toml'));
    expect(ended.exitCode).toBe(1);
    expect(ended.stdout).toContain('ctv: NOT RESTORED: the app was not well with backups/ctv/');
    await pi.machine.ok('rm /opt/apps/ctv-bookedbiz-db/data/unwell');
    expect(await bookings()).toBeGreaterThanOrEqual(2000);
    expect(await files()).toEqual(before);
    const { ntfy, slack } = await pi.news();
    for (const messages of [ntfy, slack]) {
      expect(messages).toEqual([expect.stringMatching(/^pi: restore of ctv has bad news\n/)]);
      expect(messages[0]).toContain('Next: restore status --config /srv/holdfast/short.toml\n');
    }
  });

  test('with the network cut nothing is lost: the alert arrives when it returns, once', async () => {
    // A person need not wait for the pause after a failed attempt, nor need this test.
    await pi.override(
      'ExecStart=\nExecStart=/opt/holdfast/bin/alert-send deliver --now',
      'alert-send.service',
    );
    await pi.override('OnUnitInactiveSec=1s\nAccuracySec=1s', 'alert-send.timer', 'Timer');
    await pi.machine.ok('systemctl restart alert-send.timer');
    pi.machine.network.cut();
    await pi.backUp();
    expect(await pi.show('ExecMainStatus')).toBe('69');
    const tried = `journalctl --namespace=holdfast --unit=alert-send --output=cat --follow --lines=all --since=-1min`;
    await pi.machine.ok(`${tried} | grep --max-count=1 'no answer from ntfy'`);
    await pi.machine.ok(`${tried} | grep --max-count=1 'no answer from Slack'`);
    expect(pi.phone.heard()).toEqual(nothing);
    pi.machine.network.plugIn();
    const { ntfy, slack } = await pi.news();
    for (const messages of [ntfy, slack]) {
      expect(messages).toEqual([expect.stringMatching(/^pi: db-backup of ctv failed\n/)]);
      expect(messages[0]).toContain('no answer from ');
      expect(messages[0]).toContain(`Next: db-backup test --config ${config}\n`);
    }
    await pi.backUpWell();
    const after = await pi.news();
    for (const messages of [after.ntfy, after.slack])
      expect(messages).toEqual([expect.stringMatching(/^pi: db-backup of ctv is well again\n/)]);
    expect(await pi.silence()).toEqual(nothing);
  });

  test('a configuration that is broken stops no alert, and is told', async () => {
    await pi.machine.ok('systemctl start alert-send');
    await pi.machine.ok(`cp -p ${config} /root/good.toml && echo 'x = [' >> ${config}`);
    await pi.machine.ok('systemctl start alert-send');
    const { ntfy, slack } = await pi.silence();
    for (const messages of [ntfy, slack])
      expect(messages).toEqual([
        expect.stringMatching(
          /^pi: configuration failed\nthe configuration is broken: .*pi\.toml: line \d+, /,
        ),
      ]);
    await pi.machine.ok(`cp /root/good.toml ${config}`);
    const after = await pi.silence();
    for (const messages of [after.ntfy, after.slack])
      expect(messages).toEqual([expect.stringMatching(/^pi: configuration is well again\n/)]);
  });
});

/** As an administrator types it. */
function typed(command: string, path = config): string {
  return `HOLDFAST_DROPBOX_URL=${pi.dropbox.url} ${command} --app ctv --config ${path}`;
}

function byHand(command: string): Promise<string> {
  return pi.machine.ok(typed(command));
}

/** Owner, group and mode of the database, of each file that SQLite keeps beside it, and of their directory. */
async function files(): Promise<string[]> {
  const listed = await pi.machine.ok(
    `stat --format='%n %U %G %a' ${database} ${database}-wal ${database}-shm "$(dirname ${database})"`,
  );
  return listed.trim().split('\n');
}

async function bookings(): Promise<number> {
  const answered = await pi.machine.ok(
    'curl --silent --retry 20 --retry-connrefused http://127.0.0.1:8000/health',
  );
  return Number(answered);
}

function appProcess(): Promise<string> {
  return pi.show('MainPID', 'flaskapp.service');
}
