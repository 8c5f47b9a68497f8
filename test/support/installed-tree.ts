// A machine on which Holdfast is installed well, as a tree of files and what its programs say; a test breaks one thing of it.
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { CommandRunner } from '../../lib/base/command.ts';
import { OpsError } from '../../lib/base/errors.ts';
import { type DoctorContext, lookAt, type Looked } from '../../lib/probe/doctor.ts';
import { doctorParts } from '../../lib/probe/doctor-parts.ts';
import { hashOf } from '../../lib/probe/install-record.ts';
import { probeWorld } from './probe-context.ts';
import { scratch } from './scratch.ts';

const toml = `[store]
kind = "directory"
path = "/srv/backups"
[apps.ctv]
database = "/srv/ctv/ctv.db"
maintain = { vacuum_days = 30, integrity_days = 30, min_free_percent = 20 }
[apps.ctv.export]
directory = "/srv/ctv-documents"
`;

const units = ['db-backup@', 'restore-drill@', 'db-maintain@', 'db-export-json@', 'job-failed@'].map(
  (name) => `${name}.service`,
);
const group = process.getgid?.() === 0 ? 4242 : (process.getgid?.() ?? 0);

export class InstalledTree {
  readonly root = scratch();
  toml = toml;
  isRunning = true;
  /** What `systemctl show` says beside what is said of every unit that is well. */
  readonly properties = new Map<string, Record<string, string>>();
  readonly exposures = new Map<string, string>();
  watchdog = '15s';
  /** What these print; undefined where they are not installed. */
  readonly prints = new Map<string, string | undefined>([
    ['sqlite3', '3.51.3 2026-03-13 10:11:12 0123456789abcdef\n'],
    ['python3', '3.51.3\n'],
  ]);
  readonly asked: string[] = [];

  constructor() {
    const files = new Map([
      ...[...units, 'health-check.service', 'alert-send.service'].map((name) => unit(name)),
      ...units.map((name) => dropIn(name.replace('@', name.startsWith('job') ? '@db-backup@ctv' : '@ctv'))),
      dropIn('health-check.service'),
    ]);
    for (const [path, text] of files) this.put(path, text);
    const hashes = Object.fromEntries([...files].map(([path, text]) => [path, hashOf(text)]));
    const app = { files: hashes, configFile: '/etc/holdfast/holdfast.toml', user: 'holdfast' };
    this.put('/etc/holdfast/installed.json', JSON.stringify({ version: 1, shared: {}, apps: { ctv: app } }));
    this.put('/etc/holdfast/credentials/ntfy-topic', 'something', 0o600);
    this.chmod('/etc/holdfast/credentials', 0o700);
    this.put('/srv/ctv/ctv.db', `SQLite format 3\0\x10\0\x02\x02${'\0'.repeat(80)}`, 0o660);
    this.put('/srv/ctv/ctv.db-wal', '', 0o660);
    this.put('/srv/ctv/ctv.db-shm', '', 0o660);
    for (const path of ['ctv.db', 'ctv.db-wal', 'ctv.db-shm', '']) this.chgrp(join('/srv/ctv', path), group);
    this.chmod('/srv/ctv', 0o2770);
    this.put('/var/lib/holdfast/ops.db', '');
    this.chmod('/var/lib/holdfast', 0o750);
    this.put('/proc/self/mountinfo', '22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n');
    this.put('/proc/1/comm', 'systemd\n');
    this.put('/run/systemd/system/.keep', '');
    this.put('/run/holdfast/locks/ctv.lock', '');
    this.put('/sys/class/rtc/rtc0/name', 'rtc_cmos\n');
    this.put('/sys/class/watchdog/watchdog0/identity', 'Broadcom BCM2835 Watchdog timer\n');
    this.put('/sys/fs/cgroup/cgroup.controllers', 'cpuset cpu io memory pids\n');
    this.put('/etc/systemd/journald.conf', '[Journal]\n#Storage=auto\n');
    this.put('/etc/systemd/journald@holdfast.conf', '[Journal]\nStorage=persistent\n');
    this.put('/var/log/journal/.keep', '');
    this.put('/etc/crontab', '17 * * * * root run-parts /etc/cron.hourly\n# 5 3 * * * root cli_db_sync\n');
    this.put('/etc/systemd/system/timers.target.wants/db-backup@ctv.timer', '');
    for (const name of ['flock', 'systemd-notify']) this.put(`/usr/bin/${name}`, '');
  }

  put(path: string, text: string, mode = 0o644): void {
    const target = join(this.root, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text, 'latin1');
    chmodSync(target, mode);
  }

  remove(path: string): void {
    rmSync(join(this.root, path), { recursive: true });
  }

  chmod(path: string, mode: number): void {
    chmodSync(join(this.root, path), mode);
  }

  /** To a number that only root can give is given by root alone: the others have one that does. */
  chgrp(path: string, id: number): void {
    const mine = process.getuid?.() ?? 0;
    if (mine === 0) chownSync(join(this.root, path), mine, id);
  }

  link(path: string, target: string): void {
    rmSync(join(this.root, path), { force: true });
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    symlinkSync(target, join(this.root, path));
  }

  set(unit: string, properties: Record<string, string>): void {
    this.properties.set(unit, { ...this.properties.get(unit), ...properties });
  }

  context(change: Partial<DoctorContext> = {}): DoctorContext {
    const { config, signal } = probeWorld({ root: this.root, toml: this.toml });
    const rootId = process.getuid?.() ?? 0;
    const { run, root, isRunning } = this;
    return { ...{ config, signal, run, ask: askHere, root, isRunning, rootId }, ...change };
  }

  look(change: Partial<DoctorContext> = {}): Promise<Looked[]> {
    return lookAt(this.context(change), doctorParts);
  }

  readonly run: CommandRunner = async (command, args) => {
    this.asked.push([command, ...args].join(' '));
    return { exitCode: 0, stdout: this.#answer(command, args), stderr: '' };
  };

  #answer(command: string, args: readonly string[]): string {
    if (command === 'env') {
      const wanted = /--property=(\S+)/.exec(args.join(' '))?.[1]?.split(',') ?? [];
      return args
        .slice(args.indexOf('--') + 1)
        .map((name) => this.#shown(name, wanted))
        .join('\n');
    }
    if (command === 'systemctl') return `RuntimeWatchdogUSec=${this.watchdog}\n`;
    if (command === 'systemd-analyze') return this.#security(args.at(-1) ?? '');
    const said = this.prints.get(command);
    if (said === undefined) throw new OpsError('missing', `cannot run ${command}: it is not installed`);
    return said;
  }

  #shown(name: string, wanted: readonly string[]): string {
    const isOn = name.endsWith('.timer') || name.endsWith('.path') || name.includes('-wait');
    const usual: Record<string, string> = {
      ...{ Id: name, LoadState: 'loaded', ActiveState: 'active', NeedDaemonReload: 'no', Type: 'oneshot' },
      ...{ UnitFileState: isOn ? 'enabled' : 'static', User: 'holdfast', TimeoutStartUSec: '1h' },
      Environment:
        'NODE_ENV=production HOLDFAST_STATE=/var/lib/holdfast "HOLDFAST_SECRET_FILES=/etc/holdfast/credentials/a b"',
      SupplementaryGroups: name === 'health-check.service' ? 'ctvapps' : '',
    };
    const all = { ...usual, ...this.properties.get(name) };
    return wanted.map((property) => `${property}=${all[property] ?? ''}\n`).join('');
  }

  /** The end of what systemd 252 prints. */
  #security(name: string): string {
    const usual = name.startsWith('job-failed@') ? '0.2' : name === 'health-check.service' ? '1.3' : '1.1';
    const exposure = this.exposures.get(name) ?? usual;
    return `✓ CapabilityBoundingSet=~CAP_SYS_TTY_CONFIG                   Service cannot issue vhangup()
✗ RestrictAddressFamilies=~AF_(INET|INET6)                    Service may allocate Internet sockets                              0.3
✓ UMask=                                                      Files created by service are accessible only by service's own user by default

→ Overall exposure level for ${name}: ${exposure} OK 🙂
`;
  }
}

/** What stat and od print, without a process; a test asks them as well. */
const askHere: DoctorContext['ask'] = async (command, args) => {
  const paths = args.slice(args.indexOf('--') + 1);
  if (command === 'od') {
    const [path = ''] = paths;
    return { exitCode: 0, stdout: ` ${readFileSync(path)[18] ?? ''}\n`, stderr: '' };
  }
  const found = paths.map((path) => ({ path, status: statSync(path, { throwIfNoEntry: false }) }));
  const lines = found.flatMap(({ path, status }) =>
    status === undefined ? [] : [`${status.uid} ${status.gid} ${status.mode.toString(16)} ${path}\n`],
  );
  const missing = found.flatMap(({ path, status }) =>
    status === undefined ? [`stat: cannot statx '${path}': No such file or directory\n`] : [],
  );
  return { exitCode: missing.length > 0 ? 1 : 0, stdout: lines.join(''), stderr: missing.join('') };
};

function unit(name: string): [path: string, text: string] {
  return [`/etc/systemd/system/${name}`, `[Unit]\nDescription=Holdfast: ${name}\n`];
}

function dropIn(name: string): [path: string, text: string] {
  return [`/etc/systemd/system/${name}.d/50-holdfast.conf`, '[Service]\nUser=holdfast\n'];
}
