// The Debian that tests boot: made once with debootstrap, kept outside the checkout, never written again.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

// debootstrap resolves no virtual packages: libpam-systemd is the logind that polkitd wants.
const packages = [
  ...['systemd', 'systemd-sysv', 'dbus', 'polkitd', 'libpam-systemd', 'util-linux', 'git', 'ca-certificates'],
  ...['sudo', 'acl', 'procps', 'sqlite3', 'curl', 'libatomic1'],
];
/** Another list of packages is another root. */
const name = 'debian-bookworm-3';

/** What a machine needs from this one; tests that boot are visibly skipped where it is missing. */
export function missingForMachines(): string[] {
  const programs = ['systemd-nspawn', 'debootstrap', 'nsenter', 'ip'].filter(
    (program) => !isInstalled(program),
  );
  return process.geteuid?.() === 0 ? programs : ['root', ...programs];
}

/** The path of the root, which is made when it is not there: a minute, and 400 MB. */
export function baseRoot(): string {
  const cache = join(process.env.XDG_CACHE_HOME ?? '/var/cache', 'holdfast-test');
  const root = join(cache, name);
  if (existsSync(root)) return root;
  mkdirSync(cache, { recursive: true });
  const building = `${root}.${process.pid}`;
  try {
    const include = `--include=${packages.join(',')}`;
    execFileSync('debootstrap', ['--variant=minbase', include, 'bookworm', building], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    settle(building);
    renameSync(building, root);
  } catch (error) {
    rmSync(building, { recursive: true, force: true });
    if (!existsSync(root)) throw error; // else another test made it meanwhile
  }
  return root;
}

/** Every machine gets an id of its own at its first boot, and nothing but our own timers starts by itself. */
function settle(root: string): void {
  writeFileSync(join(root, 'etc/machine-id'), '');
  writeFileSync(join(root, 'etc/hostname'), 'pi\n');
  const mask = [
    'apt-daily.timer',
    'apt-daily-upgrade.timer',
    'dpkg-db-backup.timer',
    'e2scrub_all.timer',
    'e2scrub_reap.service',
    'fstrim.timer',
    'console-getty.service',
    'systemd-networkd-wait-online.service',
  ];
  execFileSync('systemctl', [`--root=${root}`, '--quiet', 'mask', ...mask]);
}

function isInstalled(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
