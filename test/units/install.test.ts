// The installer on a system that does not run (--root): what it checks, shows, writes, keeps and takes away.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Ended, filesBelow, runProgram } from '../support/world.ts';

const project = resolve(import.meta.dirname, '../..');
const isRoot = process.geteuid?.() === 0;
const group = 4242;

class FakeSystem implements Disposable {
  readonly root = mkdtempSync(join(tmpdir(), 'holdfast-root-'));

  constructor() {
    this.write('/etc/group', `root:x:0:\nctvapps:x:${group}:\n`);
    this.write('/srv/app/app.db', 'a database', 0o660);
    chownSync(this.path('/srv/app/app.db'), 0, group);
    chownSync(this.path('/srv/app'), 0, group);
    chmodSync(this.path('/srv/app'), 0o2770);
    mkdirSync(this.path('/mnt'));
    this.write(
      '/etc/holdfast/holdfast.toml',
      '[store]\nkind = "directory"\npath = "/mnt/backups"\n[apps.ctv]\ndatabase = "/srv/app/app.db"\n',
    );
  }

  path(inside: string): string {
    return join(this.root, inside);
  }

  write(inside: string, text: string, mode = 0o644): void {
    mkdirSync(dirname(this.path(inside)), { recursive: true });
    writeFileSync(this.path(inside), text);
    chmodSync(this.path(inside), mode);
  }

  read(inside: string): string {
    return readFileSync(this.path(inside), 'utf8');
  }

  units(...args: string[]): Promise<Ended> {
    return runProgram(
      join(project, 'node_modules/.bin/tsx'),
      [join(project, 'units/install.ts'), ...args, '--root', this.root],
      {
        environment: { PATH: `${join(project, 'node_modules/.bin')}:${process.env.PATH}` },
      },
    );
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

const dropIn = '/etc/systemd/system/db-backup@ctv.service.d/50-holdfast.conf';
const unit = '/etc/systemd/system/db-backup@.service';

describe.skipIf(!isRoot)('install', () => {
  test('writes the units and what belongs to the app, and a second time finds nothing to change', async () => {
    using system = new FakeSystem();
    const first = await system.units('install', '--app', 'ctv');
    expect(first).toMatchObject({ exitCode: 0, stderr: '' });
    expect(first.stdout).toContain(
      'jobs run as holdfast in the group ctvapps, and may write /srv/app and /mnt/backups',
    );
    expect(first.stdout).toContain('ctv: /mnt/backups is made, and belongs to holdfast');
    expect(first.stdout).toContain('alerts go nowhere, so nobody is told when a job fails');
    expect(first.stdout).toContain(`new     ${unit}`);
    expect(first.stdout).toContain('A first run: sudo systemctl start db-backup@ctv');
    expect(system.read(dropIn)).toContain('User=holdfast\nGroup=ctvapps\nBindPaths="-/srv/app"\n');
    expect(system.read(unit)).toContain(`ExecStart=${project}/bin/db-backup run --app %i\n`);
    expect(system.read('/etc/polkit-1/rules.d/50-holdfast-ctv.rules')).toContain("isInGroup('ctvapps')");
    expect((await system.units('install', '--app', 'ctv')).stdout).toContain('nothing to change');
    const plain = system.read('/etc/holdfast/holdfast.toml');
    system.write('/etc/holdfast/holdfast.toml', `${plain}[alerts]\ndesktop = true\n`);
    const { stdout } = await system.units('install', '--app', 'ctv');
    expect(stdout).toMatch(/alerts go nowhere[^]*the desktop shows nothing of these jobs/);
  });

  test('puts a man page and the completion of each command in place for everybody, and takes them away again', async () => {
    using system = new FakeSystem();
    const [page, fish] = ['/usr/local/share/man/man1/restore.1', '/etc/fish/completions/db-backup.fish'];
    const foreign = '/usr/local/share/zsh/site-functions/_restore';
    const umask = process.umask(0o077);
    try {
      system.write(foreign, 'of another program');
      const refused = await system.units('install', '--app', 'ctv');
      expect(refused).toMatchObject({ exitCode: 73 });
      expect(refused.stderr).toContain(`cannot replace ${foreign}: changed by hand, or not from here`);
      expect(existsSync(system.path(page))).toBe(false);
      rmSync(system.path(foreign));
      const { stdout } = await system.units('install', '--app', 'ctv');
      expect(stdout.match(/.*(man1|completions|site-functions).*/g)).toEqual([
        'new     /etc/fish/completions/',
        'new     /usr/local/share/bash-completion/completions/',
        'new     /usr/local/share/man/man1/',
        'new     /usr/local/share/zsh/site-functions/',
      ]);
    } finally {
      process.umask(umask);
    }
    expect(system.read(page)).toContain(`${project}/docs/operations.md`);
    expect(system.read(fish)).toContain(`(${project}/bin/db-backup __complete words `);
    for (const made of [page, fish, '/etc/fish/completions', '/usr/local/share/bash-completion/completions'])
      expect(statSync(system.path(made)).mode & 0o044).toBe(0o044);
    system.write('/usr/local/share/bash-completion/completions/theirs', '');
    expect(await system.units('uninstall', '--app', 'ctv')).toMatchObject({ exitCode: 0 });
    for (const gone of ['/etc/fish', '/usr/local/share/zsh', '/usr/local/share/man/man1'])
      expect(existsSync(system.path(gone)), gone).toBe(false);
    expect(filesBelow(system.path('/usr/local/share'))).toEqual(['bash-completion/completions/theirs']);
  });

  test('keeps the documents of an app that has any, with their directories and the secret of their reader', async () => {
    using system = new FakeSystem();
    const documents = '/etc/systemd/system/db-export-json@ctv.service.d/50-holdfast.conf';
    const plain = system.read('/etc/holdfast/holdfast.toml');
    const made = `${plain}[apps.ctv.export]\ndirectory = "/srv/days"\n`;
    system.write('/etc/holdfast/holdfast.toml', made);
    const missing = await system.units('install', '--app', 'ctv');
    expect(missing).toMatchObject({ exitCode: 78 });
    expect(missing.stderr).toContain('install -d -m 2770 -g ctvapps /srv/days');
    mkdirSync(system.path('/srv/days'));
    const foreign = await system.units('install', '--app', 'ctv');
    expect(foreign.stderr).toContain('chgrp ctvapps /srv/days && chmod g+rwxs /srv/days');
    chownSync(system.path('/srv/days'), 0, group);
    chmodSync(system.path('/srv/days'), 0o2770);
    const installed = await system.units('install', '--app', 'ctv');
    expect(installed, installed.stderr).toMatchObject({ exitCode: 0 });
    expect(installed.stdout).toContain('ctv: documents are kept in /srv/days');
    expect(system.read(documents)).toContain('ReadWritePaths="-/srv/days"');
    expect(system.read(documents)).not.toContain('ExecStart');
    expect(system.read(dropIn)).not.toContain('/srv/days');
    system.write('/etc/holdfast/ship-key', 'a key', 0o600);
    const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIkp6fy6Kf8Fyjv4nMxUQ9ZcZ1R1cfRQ7W6YQ0b0xN2u';
    system.write(
      '/etc/holdfast/holdfast.toml',
      `${made}[apps.ctv.export.ship]\nto = "days@reader:/"\nhost_key = "${key}"\nidentity = "/etc/holdfast/ship-key"\n`,
    );
    const shipped = await system.units('install', '--app', 'ctv');
    expect(shipped, shipped.stderr).toMatchObject({ exitCode: 0 });
    expect(system.read(documents)).toContain('LoadCredential=ship-identity:/etc/holdfast/ship-key');
    expect(system.read(documents)).toContain(
      `ExecStart=\nExecStart=${project}/bin/db-export-json run --ship --app %i\n`,
    );
    expect(system.read(dropIn)).not.toContain('ship-identity');
    chmodSync(system.path('/etc/holdfast/ship-key'), 0o644);
    const open = await system.units('install', '--app', 'ctv');
    expect(open.stderr).toContain('others than root may read /etc/holdfast/ship-key');
    system.write('/etc/holdfast/holdfast.toml', plain);
    await system.units('install', '--app', 'ctv');
    expect(existsSync(system.path(documents))).toBe(false);
  });

  test('starts an app with every between its nights, as often as that says, and no longer than it does', async () => {
    using system = new FakeSystem();
    const units = '/etc/systemd/system/';
    const timer = `${units}db-backup-hourly@ctv.timer.d/50-holdfast.conf`;
    const service = `${units}db-backup-hourly@ctv.service.d/50-holdfast.conf`;
    const failure = `${units}job-failed@db-backup-hourly@ctv.service.d/50-holdfast.conf`;
    const plain = system.read('/etc/holdfast/holdfast.toml');
    const install = async (keys: string) => {
      system.write('/etc/holdfast/holdfast.toml', plain + keys);
      const ended = await system.units('install', '--app', 'ctv');
      expect(ended, ended.stderr).toMatchObject({ exitCode: 0 });
      return ended.stdout;
    };
    expect(await install('')).not.toMatch(/db-backup-hourly@ctv/);
    expect(await install('every = "1h"\n')).toContain('ctv: backed up every 1 h, beside its nights');
    expect(system.read(`${units}db-backup-hourly@.service`)).toContain(
      `ExecStart=${project}/bin/db-backup hourly --app %i\n`,
    );
    expect(system.read(service)).toBe(system.read(dropIn));
    expect(system.read(timer)).toContain('OnCalendar=\nOnCalendar=*-*-* *:57:00 UTC\n');
    expect(system.read(failure)).toContain('HOLDFAST_APP=ctv');
    expect(system.read('/etc/polkit-1/rules.d/50-holdfast-ctv.rules')).toContain(
      "'db-backup-hourly@ctv.service'",
    );
    system.write('/etc/holdfast/holdfast.toml', `${plain}every = "6h"\n`);
    expect((await system.units('status', '--app', 'ctv')).stdout).toContain(
      `out of date: install renews it  ${timer}`,
    );
    await install('every = "6h"\n');
    expect(system.read(timer)).toContain('OnCalendar=*-*-* 00,06,12,18:57:00 UTC\n');
    await install('');
    for (const path of [timer, service, failure]) expect(existsSync(system.path(path))).toBe(false);
    expect(existsSync(system.path(dirname(timer)))).toBe(false);
  });

  test('gives an app with PostgreSQL its units: the address as a credential, the socket, no directory of a database', async () => {
    using system = new FakeSystem();
    const own = '/etc/systemd/system/db-backup@bags.service.d/50-holdfast.conf';
    const health = '/etc/systemd/system/health-check.service.d/50-holdfast.conf';
    const url = '/etc/holdfast/credentials/app-bags-postgres-url';
    const store = '[store]\nkind = "directory"\npath = "/mnt/backups"\n';
    const app = `${store}[apps.bags]\npostgres_url_file = "${url}"\n`;
    system.write('/etc/holdfast/holdfast.toml', app);
    const missing = await system.units('install', '--app', 'bags');
    expect(missing).toMatchObject({ exitCode: 78 });
    expect(missing.stderr).toContain(`sudo install -m 600 /dev/stdin ${url}`);
    const refused: [text: string, mode: number, says: string][] = [
      ['postgresql://app:hunter2@db/bags', 0o644, `others than root may read ${url}`],
      [
        'postgresql://app:hunter2@db,two/bags',
        0o600,
        `cannot use the address in ${url}: it names several hosts`,
      ],
    ];
    for (const [text, mode, says] of refused) {
      system.write(url, text, mode);
      const { stderr, exitCode } = await system.units('install', '--app', 'bags');
      expect({ exitCode, stderr }).toEqual({ exitCode: 78, stderr: expect.stringContaining(says) });
      expect(stderr).not.toContain('hunter2');
    }
    const sockets: [text: string, socket: string | undefined][] = [
      ['postgresql:///bags?user=app&host=/run/pg%20one', '/run/pg one'],
      ['postgresql:///bags?user=app', '/var/run/postgresql'],
      ['postgresql://app:hunter2@db/bags', undefined],
    ];
    for (const [text, socket] of sockets) {
      system.write(url, text, 0o600);
      const installed = await system.units('install', '--app', 'bags');
      expect(installed, installed.stderr).toMatchObject({ exitCode: 0 });
      expect(installed.stdout).toContain(
        'jobs run as holdfast in the group holdfast, and may write /mnt/backups\n',
      );
      const lines = system.read(own).split('\n');
      expect(lines.filter((line) => line.startsWith('BindReadOnlyPaths'))).toEqual(
        socket === undefined ? [] : [`BindReadOnlyPaths="-${socket}"`],
      );
      expect(lines.filter((line) => line.startsWith('ReadWritePaths'))).toEqual([
        'ReadWritePaths="-/mnt/backups"',
      ]);
      expect(lines).toEqual(
        expect.arrayContaining(['After=postgresql.service', 'User=holdfast', 'Group=holdfast']),
      );
      expect(lines.indexOf('After=postgresql.service')).toBeLessThan(lines.indexOf('[Service]'));
    }
    for (const path of [own, own.replace('db-backup', 'restore-drill'), health])
      expect(system.read(path)).toContain(`LoadCredential=app-bags-postgres-url:${url}\n`);
    const alerts = '/etc/systemd/system/alert-send.service.d/50-holdfast.conf';
    expect(system.read(alerts)).toContain(`HOLDFAST_SECRET_FILES=${url}`);
    expect(system.read(alerts)).not.toContain('LoadCredential');
    expect((await system.units('install', '--app', 'bags')).stdout).toContain('nothing to change');
    system.write(
      '/etc/holdfast/holdfast.toml',
      `${store}[apps.bags]\npostgres_url = "postgresql://app@db/bags"\n`,
    );
    system.write('/etc/holdfast/credentials/app-bags-postgres-password', 'hunter2', 0o600);
    await system.units('install', '--app', 'bags');
    expect(system.read(own)).toContain(
      'LoadCredential=app-bags-postgres-password:/etc/holdfast/credentials/',
    );
    expect((await system.units('uninstall', '--app', 'bags')).exitCode).toBe(0);
    expect(existsSync(system.path(own))).toBe(false);
  });

  test('hands the checks the passwords of the PostgreSQL databases that they watch, and the jobs none', async () => {
    using system = new FakeSystem();
    const health = '/etc/systemd/system/health-check.service.d/50-holdfast.conf';
    const plain = system.read('/etc/holdfast/holdfast.toml');
    const bags =
      '[health.postgres.databases.bags]\nuser = "holdfast"\npassword_file = "/etc/holdfast/bags"\n';
    system.write('/etc/holdfast/holdfast.toml', `${plain}${bags}`);
    system.write('/etc/holdfast/bags', 'secret', 0o644);
    const open = await system.units('install', '--app', 'ctv');
    expect(open.stderr).toContain('others than root may read /etc/holdfast/bags');
    chmodSync(system.path('/etc/holdfast/bags'), 0o600);
    const installed = await system.units('install', '--app', 'ctv');
    expect(installed, installed.stderr).toMatchObject({ exitCode: 0 });
    expect(system.read(health)).toContain('LoadCredential=postgres-bags-password:/etc/holdfast/bags\n');
    expect(system.read(dropIn)).not.toContain('bags');
  });

  test('diff shows it all and changes nothing', async () => {
    using system = new FakeSystem();
    const before = filesBelow(system.root);
    const { stdout, exitCode } = await system.units('diff', '--app', 'ctv');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('+OnFailure=job-failed@%N.service');
    expect(filesBelow(system.root)).toEqual(before);
  });

  test('does not replace what an operator changed, until told to, and keeps it then', async () => {
    using system = new FakeSystem();
    await system.units('install', '--app', 'ctv');
    system.write(unit, '# mine\n');
    expect((await system.units('status', '--app', 'ctv')).stdout).toContain(`changed by hand  ${unit}`);
    const refused = await system.units('install', '--app', 'ctv');
    expect(refused).toMatchObject({ exitCode: 73 });
    expect(refused.stderr).toContain(`cannot replace ${unit}: changed by hand`);
    expect(system.read(unit)).toBe('# mine\n');
    expect(await system.units('install', '--app', 'ctv', '--replace-edited')).toMatchObject({ exitCode: 0 });
    expect(system.read(`${unit}.edited`)).toBe('# mine\n');
    expect(system.read(unit)).toContain('[Service]');
  });

  test('from another checkout takes nothing over without being told to', async () => {
    using system = new FakeSystem();
    await system.units('install', '--app', 'ctv');
    const other = system.read(unit).replaceAll(project, '/opt/another');
    system.write(unit, other);
    const record = JSON.parse(system.read('/etc/holdfast/installed.json')) as {
      shared: Record<string, string>;
    };
    record.shared[unit] = createHash('sha256').update(other).digest('hex');
    system.write('/etc/holdfast/installed.json', JSON.stringify(record));
    const refused = await system.units('install', '--app', 'ctv');
    expect(refused).toMatchObject({ exitCode: 73 });
    expect(refused.stderr).toMatch(/the units of all apps run \/opt\/another\n.*--take-over/);
    expect(system.read(unit)).toBe(other);
    expect(await system.units('install', '--app', 'ctv', '--take-over')).toMatchObject({ exitCode: 0 });
    expect(system.read(unit)).toContain(project);
  });

  test('status shows what is installed also where nothing could be installed', async () => {
    using system = new FakeSystem();
    await system.units('install', '--app', 'ctv');
    system.write('/etc/holdfast/holdfast.toml', 'not toml at all');
    rmSync(system.path(dropIn));
    const { exitCode, stdout, stderr } = await system.units('status', '--app', 'ctv');
    expect(exitCode).toBe(78);
    expect(stdout).toMatch(new RegExp(`^as installed +${unit}$`, 'm'));
    expect(stdout).toMatch(new RegExp(`^gone +${dropIn}$`, 'm'));
    expect(stderr).toContain('/etc/holdfast/holdfast.toml: line 1');
  });

  test('uninstall leaves no unit behind, and everything else', async () => {
    using system = new FakeSystem();
    system.write('/etc/holdfast/credentials/ntfy-token', 'tk', 0o600);
    const before = filesBelow(system.root);
    await system.units('install', '--app', 'ctv');
    expect(await system.units('uninstall', '--app', 'ctv')).toMatchObject({ exitCode: 0 });
    expect(filesBelow(system.root)).toEqual(before);
    expect(existsSync(dirname(system.path(dropIn)))).toBe(false);
    expect(await system.units('uninstall', '--app', 'ctv')).toMatchObject({ exitCode: 66 });
  });

  test('another configuration is read by all units, also by what delivers alerts, and remembered', async () => {
    using system = new FakeSystem();
    const config = '/srv/holdfast/pi.toml';
    const alerts = '[alerts.ntfy]\ntopic_file = "/etc/holdfast/my-topic"\n';
    system.write(config, system.read('/etc/holdfast/holdfast.toml') + alerts);
    rmSync(system.path('/etc/holdfast/holdfast.toml'));
    system.write('/etc/holdfast/my-topic', 'a-topic\n', 0o600);
    const { exitCode, stdout } = await system.units('install', '--app', 'ctv', '--config', config);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('alerts go through ntfy\n');
    const bound = `Environment="HOLDFAST_CONFIG=${config}"\nBindReadOnlyPaths="-${config}"\n`;
    const alertSend = system.read('/etc/systemd/system/alert-send.service.d/50-holdfast.conf');
    const handler = '/etc/systemd/system/job-failed@db-backup@ctv.service.d/50-holdfast.conf';
    for (const text of [system.read(dropIn), system.read(handler), alertSend]) expect(text).toContain(bound);
    // That it is gone must not keep the other channels, and the last resort, from telling of it.
    const resort = system.read('/etc/systemd/system/alert-last-resort.service.d/50-holdfast.conf');
    for (const text of [alertSend, resort]) {
      expect(text).toContain('LoadCredential=ntfy-topic:/etc/holdfast/my-topic\n');
      expect(text).toContain('SetCredential=ntfy-topic:\\x20\n');
    }
    rmSync(system.path('/etc/holdfast/my-topic'));
    expect((await system.units('install', '--app', 'ctv')).stdout).toContain(
      'ctv: but not yet: /etc/holdfast/my-topic is missing; docs/operations.md, "Setting alerts up"\n',
    );
    system.write('/etc/holdfast/my-topic', 'a-topic\n', 0o600);
    await system.units('install', '--app', 'ctv');
    expect((await system.units('install', '--app', 'ctv')).stdout).toContain('nothing to change');
  });

  test('two configurations are refused: alerts, which are for all apps, come from one', async () => {
    using system = new FakeSystem();
    const other = system.read('/etc/holdfast/holdfast.toml').replace('apps.ctv', 'apps.baby');
    system.write('/etc/holdfast/baby.toml', other);
    await system.units('install', '--app', 'ctv');
    const before = filesBelow(system.root);
    const refused = await system.units('install', '--app', 'baby', '--config', '/etc/holdfast/baby.toml');
    expect(refused).toMatchObject({ exitCode: 78 });
    expect(refused.stderr).toContain(
      'read both /etc/holdfast/holdfast.toml (ctv) and /etc/holdfast/baby.toml (baby)',
    );
    expect(filesBelow(system.root)).toEqual(before);
  });

  test('who ran the jobs runs them after the next installation too', async () => {
    using system = new FakeSystem();
    await system.units('install', '--app', 'ctv', '--user', 'root');
    expect((await system.units('install', '--app', 'ctv')).stdout).toContain('nothing to change');
    await system.units('install', '--app', 'ctv', '--user', 'holdfast');
    expect(system.read(dropIn)).toContain('User=holdfast\n');
  });

  test('two apps share the units, which go with the last', async () => {
    using system = new FakeSystem();
    system.write(
      '/etc/holdfast/holdfast.toml',
      `${system.read('/etc/holdfast/holdfast.toml')}[apps.baby]\ndatabase = "/srv/app/app.db"\n`,
    );
    await system.units('install', '--app', 'ctv');
    await system.units('install', '--app', 'baby');
    await system.units('uninstall', '--app', 'ctv');
    expect(existsSync(system.path(dropIn))).toBe(false);
    expect(existsSync(system.path(unit))).toBe(true);
    await system.units('uninstall', '--app', 'baby');
    expect(existsSync(system.path(unit))).toBe(false);
  });
});

test.skipIf(!isRoot)(
  'a standby needs no database yet; which of its units run is for a promotion to say',
  async () => {
    using system = new FakeSystem();
    rmSync(system.path('/srv/app/app.db'));
    expect((await system.units('install', '--app', 'ctv')).exitCode).toBe(78);
    const toml = '/etc/holdfast/holdfast.toml';
    system.write(toml, `${system.read(toml)}[apps.ctv.standby]\n`);
    expect(await system.units('install', '--app', 'ctv')).toMatchObject({ exitCode: 0, stderr: '' });
    const condition = 'ConditionPathExists=/var/lib/holdfast/promoted/ctv/note.json';
    expect(system.read(dropIn)).toContain(condition);
    const of = (job: string) => system.read(`/etc/systemd/system/${job}@ctv.service.d/50-holdfast.conf`);
    for (const job of ['restore-drill', 'restore-standby']) expect(of(job)).not.toContain('Condition');
    expect(system.read('/etc/systemd/system/restore-standby@.service')).toContain(
      'ConditionPathExists=!/var/lib/holdfast/promoted/%i/note.json',
    );
  },
);

describe.skipIf(!isRoot)('of several apps', () => {
  const more = '[apps.baby]\ndatabase = "/srv/app/app.db"\nlatest = "/baby copy.db"\n';
  const hides = (system: FakeSystem, unit: string) =>
    system.read(`/etc/systemd/system/${unit}.service.d/60-holdfast-neighbours.conf`).match(/^Inacc.*$/gm);
  const baby = [
    'InaccessiblePaths="-+/mnt/backups/backups/baby"',
    'InaccessiblePaths="-+/mnt/backups/baby copy.db"',
  ];

  test('none sees the copies of another, also of one that is added later', async () => {
    using system = new FakeSystem();
    await system.units('install', '--app', 'ctv');
    expect(filesBelow(system.root).filter((path) => path.includes('neighbours'))).toEqual([]);
    system.write('/etc/holdfast/holdfast.toml', system.read('/etc/holdfast/holdfast.toml') + more);
    const added = await system.units('install', '--app', 'baby');
    expect(added).toMatchObject({ exitCode: 0, stderr: '' });
    for (const job of ['db-backup', 'db-backup-info', 'restore-drill']) {
      expect(hides(system, `${job}@ctv`)).toEqual(baby);
      expect(hides(system, `${job}@baby`)).toEqual([
        'InaccessiblePaths="-+/mnt/backups/backups/ctv"',
        'InaccessiblePaths="-+/mnt/backups/latest/ctv.db"',
      ]);
    }
    for (const app of ['ctv', 'baby'])
      expect((await system.units('install', '--app', app)).stdout).toContain('nothing to change');
  });

  test('those that are hidden from go with an app, and are renewed when one leaves the configuration', async () => {
    using system = new FakeSystem();
    const alone = system.read('/etc/holdfast/holdfast.toml');
    system.write('/etc/holdfast/holdfast.toml', alone + more);
    for (const app of ['ctv', 'baby']) await system.units('install', '--app', app);
    await system.units('uninstall', '--app', 'baby');
    expect(hides(system, 'db-backup@ctv')).toEqual(baby);
    expect(existsSync(system.path('/etc/systemd/system/db-backup@baby.service.d'))).toBe(false);
    system.write('/etc/holdfast/holdfast.toml', alone);
    await system.units('install', '--app', 'ctv');
    expect(filesBelow(system.root).filter((path) => path.includes('neighbours'))).toEqual([]);
  });
});

describe.skipIf(!isRoot)('the explorer', () => {
  const places = ['datasette.service', 'datasette.service.d/50-holdfast.conf'].map(
    (name) => `/etc/systemd/system/${name}`,
  );
  const [service = '', settings = ''] = places;
  const explorer = '[explorer]\nbase_url = "/explorer/"\nquery_seconds = 300\napps = ["ctv"]\n';

  test('is installed where it is configured, with its settings, and taken away where it is not any more', async () => {
    using system = new FakeSystem();
    const without = system.read('/etc/holdfast/holdfast.toml');
    await system.units('install', '--app', 'ctv');
    for (const path of places) expect(existsSync(system.path(path))).toBe(false);

    system.write('/etc/holdfast/holdfast.toml', `time_zone = "Europe/Berlin"\n${explorer}${without}`);
    system.write('/etc/holdfast/credentials/datasette-secret', 'secret\n', 0o600);
    expect(await system.units('install', '--app', 'ctv')).toMatchObject({ exitCode: 0, stderr: '' });
    expect(system.read(service)).toContain(`ExecStart=/usr/bin/python3 -I ${project}/units/explorer.py\n`);
    expect(system.read(settings)).toContain(
      [
        'Environment="EXPLORER_PROGRAM=/opt/datasette/venv/bin/datasette"',
        'Environment="EXPLORER_PORT=8001"',
        'Environment="EXPLORER_BASE_URL=/explorer/"',
        'Environment="EXPLORER_SETTINGS=sql_time_limit_ms=300000 max_returned_rows=1000"',
        'Environment="TZ=Europe/Berlin"',
        'LoadCredential=datasette-secret:/etc/holdfast/credentials/datasette-secret',
      ].join('\n'),
    );
    expect(system.read('/etc/sysusers.d/holdfast-explorer.conf')).toContain('u datasette ');
    expect((await system.units('install', '--app', 'ctv')).stdout).toContain('nothing to change');

    system.write('/etc/holdfast/holdfast.toml', without);
    expect((await system.units('install', '--app', 'ctv')).stdout).toContain(`remove  ${service}`);
    expect(filesBelow(system.root).filter((path) => /datasette\.|explorer/.test(path))).toEqual([]);
  });

  test('goes with the last app, and hides the copy of one app from the jobs of another', async () => {
    using system = new FakeSystem();
    const more = '[apps.baby]\ndatabase = "/srv/app/app.db"\n';
    system.write(
      '/etc/holdfast/holdfast.toml',
      `${explorer}[store]\nkind = "directory"\npath = "/mnt/b"\n[apps.ctv]\ndatabase = "/srv/app/app.db"\n${more}`,
    );
    for (const app of ['ctv', 'baby'])
      expect(await system.units('install', '--app', app)).toMatchObject({ exitCode: 0 });
    const hides = (app: string) =>
      system.read(`/etc/systemd/system/db-backup@${app}.service.d/60-holdfast-neighbours.conf`);
    expect(hides('baby')).toContain('InaccessiblePaths="-+/var/lib/holdfast/explorer/ctv"');
    expect(hides('ctv')).not.toContain('explorer');
    await system.units('uninstall', '--app', 'ctv');
    expect(existsSync(system.path(service))).toBe(true);
    await system.units('uninstall', '--app', 'baby');
    expect(existsSync(system.path(service))).toBe(false);
  });

  test('never replaces a datasette.service that was there before', async () => {
    using system = new FakeSystem();
    system.write(service, '[Service]\nExecStart=/usr/bin/datasette\n');
    expect(await system.units('install', '--app', 'ctv')).toMatchObject({ exitCode: 0 });
    system.write('/etc/holdfast/holdfast.toml', explorer + system.read('/etc/holdfast/holdfast.toml'));
    const refused = await system.units('install', '--app', 'ctv');
    expect(refused.exitCode).toBe(73);
    expect(refused.stderr).toContain(`cannot replace ${service}: changed by hand, or not from here`);
    expect(system.read(service)).toContain('/usr/bin/datasette');
  });
});

describe.skipIf(!isRoot)('secrets', () => {
  const environmentFile = '/etc/ctv-db-sync.env';
  const variables =
    'DATABASE_PATH=/srv/app/app.db\nDROPBOX_APP_KEY="key"\nDROPBOX_REFRESH_TOKEN=token-of-mine\n';

  test('of an existing environment file are taken as they are, under the name of the app', async () => {
    using system = new FakeSystem();
    rmSync(system.path('/etc/holdfast'), { recursive: true });
    system.write(environmentFile, variables, 0o600);
    const { exitCode, stdout } = await system.units('install', '--app', 'ctv');
    expect({ exitCode, stdout }).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining(`secrets come from ${environmentFile}`) as string,
    });
    expect(system.read(dropIn)).toContain(`EnvironmentFile=${environmentFile}\n`);
    // Its own timer may still be there: its lock is bound into a job's own /tmp, root's and from the start on.
    expect(system.read(dropIn)).toContain(
      'BindPaths="-/tmp/ctv-db-sync.lock"\nEnvironment="HOLDFAST_LOCK_FILE=/tmp/ctv-db-sync.lock"\n',
    );
    expect(system.read('/etc/tmpfiles.d/holdfast-ctv.conf')).toMatch(
      /^f "\/tmp\/ctv-db-sync\.lock" 0660 root \w+$/m,
    );
    expect(stdout + system.read(dropIn)).not.toContain('token-of-mine');
  });

  test.each([
    [0o644, 'chmod 600 /etc/ctv-db-sync.env'],
    [0o640, 'chmod 600 /etc/ctv-db-sync.env'],
  ])('in an environment file of mode %o are refused, with the command that helps', async (mode, command) => {
    using system = new FakeSystem();
    system.write(environmentFile, variables, mode);
    const { exitCode, stderr } = await system.units('install', '--app', 'ctv');
    expect(exitCode).toBe(78);
    expect(stderr).toContain(`try: ${command}`);
    expect(existsSync(system.path(unit))).toBe(false);
  });

  test('that others may read are refused, all at once', async () => {
    using system = new FakeSystem();
    const toml = system
      .read('/etc/holdfast/holdfast.toml')
      .replace(/kind.*\npath.*/, 'kind = "dropbox"\napp_key = "key"');
    system.write('/etc/holdfast/holdfast.toml', toml);
    system.write('/etc/holdfast/credentials/dropbox-refresh-token', 'token', 0o644);
    system.write('/etc/holdfast/credentials/ntfy-token', 'token', 0o604);
    const { stderr } = await system.units('install', '--app', 'ctv');
    expect(stderr).toContain('chmod 600 /etc/holdfast/credentials/dropbox-refresh-token');
    expect(stderr).toContain('chmod 600 /etc/holdfast/credentials/ntfy-token');
    chmodSync(system.path('/etc/holdfast/credentials/dropbox-refresh-token'), 0o600);
    chmodSync(system.path('/etc/holdfast/credentials/ntfy-token'), 0o600);
    expect(await system.units('install', '--app', 'ctv')).toMatchObject({ exitCode: 0 });
    expect(system.read(dropIn)).toContain(
      'LoadCredential=dropbox-refresh-token:/etc/holdfast/credentials/dropbox-refresh-token',
    );
  });

  test('that are missing are missed before the first night', async () => {
    using system = new FakeSystem();
    const toml = system
      .read('/etc/holdfast/holdfast.toml')
      .replace(/kind.*\npath.*/, 'kind = "dropbox"\napp_key = "key"');
    system.write('/etc/holdfast/holdfast.toml', toml);
    expect((await system.units('install', '--app', 'ctv')).stderr).toContain(
      'Dropbox would not let the jobs in',
    );
  });

  test('that name another configuration than --config does are refused: in the unit they would win', async () => {
    using system = new FakeSystem();
    system.write(environmentFile, `${variables}HOLDFAST_CONFIG=/etc/other.toml\n`, 0o600);
    const ended = await system.units('install', '--app', 'ctv', '--config', '/etc/holdfast/holdfast.toml');
    expect(ended.stderr).toContain('names another configuration, /etc/other.toml');
    expect(ended.exitCode).toBe(78);
  });

  test('a line that systemd would leave out is named without being shown', async () => {
    using system = new FakeSystem();
    system.write(environmentFile, `${variables}export NTFY_TOPIC=secret-topic\n`, 0o600);
    const { stderr } = await system.units('install', '--app', 'ctv');
    expect(stderr).toContain('line 4 begins with "export"');
    expect(stderr).not.toContain('secret-topic');
  });
});

describe.skipIf(!isRoot)('bad input', () => {
  test.each([
    [['install'], 64, '--app <name> is missing'],
    [['reinstall', '--app', 'ctv'], 64, 'it is none of install, uninstall, status, diff'],
    [['install', '--app', 'ctv', '--force'], 64, "Unknown option '--force'"],
    [['install', '--app', '../etc'], 78, 'as the name of an app'],
    [['install', '--app', 'a b'], 78, 'as the name of an app'],
    [['install', '--app', 'ctv@pi'], 78, 'as the name of an app'],
    [['install', '--app', 'ctv.service/x'], 78, 'as the name of an app'],
    [['install', '--app', '%i'], 78, 'as the name of an app'],
    [['install', '--app', ''], 78, 'it is empty'],
    [['install', '--app', 'ctv\n[Service]'], 78, 'as the name of an app'],
    [['install', '--app', 'other'], 78, 'has no app other'],
    [['install', '--app', 'ctv', '--user', 'root;id'], 64, 'that is no user name'],
    [['install', '--app', 'ctv', '--config', 'here.toml'], 64, 'must be an absolute path'],
  ])('%j exits %i', async (args, exitCode, words) => {
    using system = new FakeSystem();
    const ended = await system.units(...args);
    expect(ended.stderr).toContain(words);
    expect(ended.exitCode).toBe(exitCode);
    expect(existsSync(system.path('/etc/systemd'))).toBe(false);
  });

  test('a database that the group cannot reach is refused with what to do', async () => {
    using system = new FakeSystem();
    chownSync(system.path('/srv/app/app.db'), 0, 0);
    const { stderr, exitCode } = await system.units('install', '--app', 'ctv');
    expect(exitCode).toBe(78);
    expect(stderr).toContain('belongs to the group root, through which holdfast cannot reach it');
    expect(await system.units('install', '--app', 'ctv', '--user', 'root')).toMatchObject({ exitCode: 0 });
    expect(system.read(dropIn)).toContain('User=root\n');
  });

  test.each([
    ['a file', (path: string) => writeFileSync(path, ''), 'the store /mnt/backups is not a directory'],
    [
      'full of other things',
      (path: string) => (mkdirSync(path), writeFileSync(join(path, 'holiday.jpg'), '')),
      "and what is in it is not Holdfast's",
    ],
  ])('a store that is %s is refused, and not touched', async (_, make, words) => {
    using system = new FakeSystem();
    make(system.path('/mnt/backups'));
    const before = filesBelow(system.root);
    const { stderr, exitCode } = await system.units('install', '--app', 'ctv');
    expect(stderr).toContain(words);
    expect(exitCode).toBe(78);
    expect(filesBelow(system.root)).toEqual(before);
  });

  test('a store whose disk is not mounted is refused with what to do', async () => {
    using system = new FakeSystem();
    rmSync(system.path('/mnt'), { recursive: true });
    const { stderr } = await system.units('install', '--app', 'ctv');
    expect(stderr).toContain('the store /mnt/backups cannot be made: /mnt is not there');
    expect(stderr).toContain('is its disk mounted?');
  });

  test('a configuration that is wrong is told with its places', async () => {
    using system = new FakeSystem();
    system.write('/etc/holdfast/holdfast.toml', '[apps.ctv]\ndatabse = "/srv/app/app.db"\n');
    expect((await system.units('install', '--app', 'ctv')).stderr).toContain('did you mean database?');
  });

  test('an app without a database gets no units that back it up', async () => {
    using system = new FakeSystem();
    system.write(
      '/etc/holdfast/holdfast.toml',
      `${system.read('/etc/holdfast/holdfast.toml')}[apps.mirror]\n`,
    );
    const { stderr, exitCode } = await system.units('install', '--app', 'mirror');
    expect(exitCode).toBe(78);
    expect(stderr).toContain('names no database of mirror: there is nothing to back up');
    expect(await system.units('install', '--app', 'ctv')).toMatchObject({ exitCode: 0 });
  });

  test('someone who is not root is told so', () => {
    const command = [
      join(project, 'node_modules/.bin/tsx'),
      join(project, 'units/install.ts'),
      'install',
      '--app',
      'ctv',
    ];
    const asNobody = () =>
      execFileSync('setpriv', ['--reuid=65534', '--clear-groups', '--', ...command], {
        stdio: 'pipe',
        cwd: '/',
        env: { PATH: `${join(project, 'node_modules/.bin')}:${process.env.PATH}` },
      });
    expect(asNobody).toThrow(/that is for root/);
  });
});

describe.skipIf(!isRoot)('install of an app that replicas follow', () => {
  const serve = '/etc/systemd/system/delta-serve@ctv.service.d/50-holdfast.conf';
  const failure = '/etc/systemd/system/job-failed@delta-serve@ctv.service.d/50-holdfast.conf';
  const table = `[apps.ctv.serve]
listen = "0.0.0.0:5001"
certificate = "/etc/holdfast/serve.pem"
private_key = "/etc/holdfast/serve.key"
`;

  test('lets its service write beside the database and read its key, and nothing of the store', async () => {
    using system = new FakeSystem();
    const toml = system.read('/etc/holdfast/holdfast.toml');
    system.write('/etc/holdfast/holdfast.toml', toml + table);
    system.write('/etc/holdfast/serve.key', 'a key', 0o644);
    expect(await system.units('install', '--app', 'ctv')).toMatchObject({
      exitCode: 78,
      stderr: expect.stringMatching(/others than root may read \/etc\/holdfast\/serve\.key/) as string,
    });
    chmodSync(system.path('/etc/holdfast/serve.key'), 0o600);
    expect(await system.units('install', '--app', 'ctv')).toMatchObject({ exitCode: 0, stderr: '' });
    const text = system.read(serve);
    expect(text).toContain(
      'User=holdfast\nGroup=ctvapps\nBindPaths="-/srv/app"\nReadWritePaths="-/srv/app"\n',
    );
    expect(text).toContain('LoadCredential=serve-private-key:/etc/holdfast/serve.key');
    expect(text).not.toContain('/mnt/backups');
    expect(system.read(dropIn)).not.toContain('serve-private-key');
    expect(existsSync(system.path(failure))).toBe(true);

    system.write('/etc/holdfast/holdfast.toml', toml);
    expect((await system.units('install', '--app', 'ctv')).exitCode).toBe(0);
    expect([serve, failure].filter((path) => existsSync(system.path(path)))).toEqual([]);
  });

  test('takes it away with the app', async () => {
    using system = new FakeSystem();
    system.write('/etc/holdfast/holdfast.toml', system.read('/etc/holdfast/holdfast.toml') + table);
    expect((await system.units('install', '--app', 'ctv')).exitCode).toBe(0);
    expect(existsSync(system.path(serve))).toBe(true);
    expect((await system.units('uninstall', '--app', 'ctv')).exitCode).toBe(0);
    expect(filesBelow(system.path('/etc/systemd/system')).filter((name) => name.includes('serve'))).toEqual(
      [],
    );
  });
});

describe.skipIf(!isRoot)('install --services', () => {
  const receiver = `[receive]
listen = "0.0.0.0:8790"
certificate = "/etc/holdfast/receive.pem"
private_key = "/etc/holdfast/receive.key"
[replicas.tagtracker]
database = "/srv/reports/tagtracker.db"
sources = ["laptop-1"]
`;
  const files = (system: FakeSystem) =>
    filesBelow(system.path('/etc/systemd/system')).filter((name) => /\/?(job-failed@)?delta-/.test(name));

  test('puts the receiver in place on a machine that has no app, and takes it away again', async () => {
    using system = new FakeSystem();
    system.write('/etc/holdfast/holdfast.toml', receiver);
    system.write('/etc/holdfast/receive.key', 'a key', 0o600);
    mkdirSync(system.path('/srv/reports'), { recursive: true });
    chownSync(system.path('/srv/reports'), 0, group);
    const installed = await system.units('install', '--services');
    expect(installed).toMatchObject({ exitCode: 0, stderr: '' });
    const text = system.read('/etc/systemd/system/delta-receive.service.d/50-holdfast.conf');
    expect(text).toContain('User=holdfast\nSupplementaryGroups=ctvapps\n');
    expect(text).toContain('ReadWritePaths="-/srv/reports"');
    expect(text).toContain('LoadCredential=receive-private-key:/etc/holdfast/receive.key');
    expect((await system.units('install', '--services')).stdout.trim()).toBe('');
    const removed = await system.units('uninstall', '--services');
    expect(removed).toMatchObject({ exitCode: 0, stderr: '' });
    expect(files(system)).toEqual([]);
    expect(await system.units('uninstall', '--services')).toMatchObject({ exitCode: 66 });
  });

  test('keeps what belongs to an app when it goes, and refuses a key that others may read', async () => {
    using system = new FakeSystem();
    expect((await system.units('install', '--app', 'ctv')).exitCode).toBe(0);
    const toml = system.read('/etc/holdfast/holdfast.toml');
    expect(await system.units('install', '--services')).toMatchObject({
      exitCode: 78,
      stderr: expect.stringMatching(/has neither \[receive\] nor \[pulls/) as string,
    });
    system.write('/etc/holdfast/holdfast.toml', toml + receiver);
    system.write('/etc/holdfast/receive.key', 'a key', 0o644);
    expect(await system.units('install', '--services')).toMatchObject({
      exitCode: 78,
      stderr: expect.stringMatching(/others than root may read \/etc\/holdfast\/receive\.key/) as string,
    });
    expect(existsSync(system.path('/etc/systemd/system/delta-receive.service.d'))).toBe(false);
    chmodSync(system.path('/etc/holdfast/receive.key'), 0o600);
    mkdirSync(system.path('/srv/reports'), { recursive: true });
    expect((await system.units('install', '--services')).exitCode).toBe(0);
    expect((await system.units('uninstall', '--services')).exitCode).toBe(0);
    expect(existsSync(system.path(dropIn))).toBe(true);
    expect(existsSync(system.path(unit))).toBe(true);
  });

  test('a pull has a unit of its name, and one that left the configuration goes', async () => {
    using system = new FakeSystem();
    const pull = (name: string) =>
      `[pulls.${name}]\nfrom = "http://127.0.0.1:5001"\nreplica = "/srv/herd/${name}.db"\n`;
    system.write('/etc/holdfast/holdfast.toml', pull('one') + pull('two'));
    expect(await system.units('install', '--services')).toMatchObject({
      exitCode: 78,
      stderr: expect.stringContaining('sudo install -d -m 2775 -g <group> /srv/herd') as string,
    });
    mkdirSync(system.path('/srv/herd'), { recursive: true });
    expect(await system.units('install', '--services')).toMatchObject({ exitCode: 0, stderr: '' });
    expect(existsSync(system.path('/etc/systemd/system/delta-pull@two.service.d/50-holdfast.conf'))).toBe(
      true,
    );
    system.write('/etc/holdfast/holdfast.toml', pull('one'));
    expect((await system.units('install', '--services')).exitCode).toBe(0);
    expect(existsSync(system.path('/etc/systemd/system/delta-pull@two.service.d/50-holdfast.conf'))).toBe(
      false,
    );
    expect(existsSync(system.path('/etc/systemd/system/delta-pull@one.service.d/50-holdfast.conf'))).toBe(
      true,
    );
  });
});
