// README's five minutes on a booted system, with the sample configuration as it is: copies in a directory, made by units
// and by hand.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missingForMachines } from '../support/machine/base-root.ts';
import { Pi } from '../support/machine/pi.ts';

const missing = missingForMachines();
const info = 'systemctl start db-backup-info@ctv && cat /run/holdfast/info/ctv';
let pi: Pi;

describe.skipIf(missing.length > 0)(`a booted system (needs ${missing.join(', ') || 'nothing more'})`, () => {
  beforeAll(async () => {
    pi = await Pi.boot();
    await pi.put();
  }, 300_000);
  afterAll(async () => {
    await pi?.[Symbol.asyncDispose]();
  });

  test("README's path ends with a backup that is proven to restore", async () => {
    await pi.machine.ok(
      'cd /opt/holdfast && install -D -m 644 etc/holdfast.toml /etc/holdfast/holdfast.toml',
    );
    const said = await pi.machine.ok('cd /opt/holdfast && npm run units -- install --app ctv');
    expect(said).toContain('ctv: /srv/backups is made, and belongs to holdfast');
    await pi.backUpWell();
    await pi.machine.ok('systemctl start restore-drill@ctv');
    expect(await pi.log()).toContain('ctv: restore drill passed');
    expect(await pi.machine.ok('ls /srv/backups/backups/ctv')).toMatch(
      /^ctv-\d{8}T\d{6}Z\.db\nctv-.*Z\.json\n$/,
    );
    expect(await pi.machine.ok("stat --format='%U %a' /srv/backups/database.db")).toBe('holdfast 640\n');
  });

  test('a run by hand as root, and then the units again', async () => {
    await pi.change();
    await pi.machine.ok('db-backup run && db-backup backup before-the-move');
    await pi.change();
    await pi.backUpWell();
    await pi.machine.ok('systemctl start restore-drill@ctv');
    expect(await pi.machine.ok(`su dev -c '${info}'`)).toMatch(/backups: 4 proven, /);
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
});
