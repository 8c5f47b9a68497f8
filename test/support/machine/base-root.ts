// The Debian that tests boot: made once with debootstrap, kept outside the checkout, never written again.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

// debootstrap resolves no virtual packages: libpam-systemd is the logind that polkitd wants.
const packages = [
  ...['systemd', 'systemd-sysv', 'dbus', 'polkitd', 'libpam-systemd', 'util-linux', 'git', 'ca-certificates'],
  ...['sudo', 'acl', 'procps', 'sqlite3', 'curl', 'libatomic1'],
  // Documents are shipped from it, and to it; rrsync is written in python.
  ...['rsync', 'openssh-client', 'openssh-server', 'python3-minimal'],
];
/** Another list of packages is another root. */
const name = 'debian-bookworm-4';

/** Nothing but our own timers starts by itself. */
const masked = [
  'apt-daily.timer',
  'apt-daily-upgrade.timer',
  'dpkg-db-backup.timer',
  'e2scrub_all.timer',
  'e2scrub_reap.service',
  'fstrim.timer',
  'ssh.service',
  'console-getty.service',
  'systemd-networkd-wait-online.service',
];

/** What a machine needs from this one; tests that boot are visibly skipped where it is missing. */
export function missingForMachines(): string[] {
  const needed = ['systemd-nspawn', 'debootstrap', 'nsenter', 'ip', 'flock'];
  const programs = needed.filter((program) => !isInstalled(program));
  return process.geteuid?.() === 0 ? programs : ['root', ...programs];
}

/**
 * The path of the root, which is made when it is not there: a minute, and 400 MB. Of several test files that want it at
 * once one makes it, and the others wait. Every machine gets an id of its own at its first boot.
 */
export function baseRoot(): string {
  const cache = join(process.env.XDG_CACHE_HOME ?? '/var/cache', 'holdfast-test');
  const root = join(cache, name);
  mkdirSync(cache, { recursive: true });
  const make = `set -e
    [ ! -e "$1" ] || exit 0
    rm -rf "$1.new"
    debootstrap --variant=minbase --include="$2" bookworm "$1.new" >"$1.log" 2>&1 || { tail "$1.log" >&2; exit 1; }
    : >"$1.new/etc/machine-id"
    echo pi >"$1.new/etc/hostname"
    systemctl --root="$1.new" --quiet mask $3
    mv "$1.new" "$1"`;
  const values = [root, packages.join(','), masked.join(' ')];
  execFileSync('flock', [join(cache, 'lock'), 'sh', '-c', make, 'sh', ...values], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return root;
}

function isInstalled(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
