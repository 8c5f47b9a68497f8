// What else is there, for a doctor: programs that were there before Holdfast and do the same, locks that nobody holds, and programs
// that are wanted and missing.
import { access } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { shellWord } from '../base/shell-word.ts';
import { fileApps, guardedApps } from '../config/config.ts';
import { readOwner } from '../lock/owner.ts';
import { amiss, type Looked, type Part, unknownOf, well } from './doctor.ts';
import { namesAt, textAt } from './doctor-files.ts';

const older = /\b(cli_db_sync|ctv[-_]db[-_]sync)\b/;
const olderLockFile = '/tmp/ctv-db-sync.lock';
const olderUnit = /^(cli_db_sync|ctv[-_]db[-_]sync)\b.*\.(timer|service)$/;

/** Two that copy one database into one store replace each other's copies. */
export const olderScripts: Part = async ({ config, root }) => {
  const looked: Looked[] = [];
  const subject = 'older scripts';
  for (const path of ['/etc/crontab', ...(await tables(root, looked))]) {
    const line = await lineIn(root, path).catch((error: unknown) => {
      looked.push(unknownOf(subject, error));
      return undefined;
    });
    if (line !== undefined)
      looked.push(amiss(subject, `${path} still starts one (line ${line})`, removal(path)));
  }
  for (const timer of await enabledTimers(root))
    if (olderUnit.test(timer) || timer === 'db-backup.timer')
      looked.push(
        amiss(
          subject,
          `the older ${timer} is still enabled: there are two runs a night`,
          `sudo systemctl disable --now ${shellWord(timer)}`,
        ),
      );
  // Where our runs take it as well they make it, and it says nothing.
  const isOurs = guardedApps(config).some(({ lockFile }) => lockFile === olderLockFile);
  if (!isOurs && (await namesAt(root, '/tmp')).includes(basename(olderLockFile)))
    looked.push(
      amiss(
        subject,
        `${olderLockFile} is there: the script that makes it ran since the last start, or still does`,
        'who has it open: sudo fuser -v /tmp/ctv-db-sync.lock; while its timer is there: lock_file = "/tmp/ctv-db-sync.lock" under the app; nobody: sudo rm /tmp/ctv-db-sync.lock',
      ),
    );
  return looked.length > 0 ? looked : [well(subject, 'none is started any more')];
};

function removal(path: string): string {
  const user = /^\/var\/spool\/cron\/(?:crontabs\/)?([^/]+)$/.exec(path)?.[1];
  if (user !== undefined) return `take the line out: sudo crontab -u ${shellWord(user)} -e`;
  return path.startsWith('/etc/cron.d/') || path === '/etc/crontab'
    ? `take the line out: sudo editor ${shellWord(path)}`
    : `sudo chmod a-x ${shellWord(path)}`;
}

const tableDirectories = [
  ...['/etc/cron.d', '/etc/cron.hourly', '/etc/cron.daily', '/etc/cron.weekly', '/etc/cron.monthly'],
  '/var/spool/cron/crontabs',
];

/** Paths of the tables and scripts of cron; a directory that cannot be read is noted. */
async function tables(root: string, looked: Looked[]): Promise<string[]> {
  const paths: string[] = [];
  for (const directory of tableDirectories)
    try {
      paths.push(...(await namesAt(root, directory)).map((name) => join(directory, name)));
    } catch (error) {
      looked.push(unknownOf('older scripts', error));
    }
  return paths;
}

/** The number of the first line that is no remark; not the line, in which a secret may stand. */
async function lineIn(root: string, path: string): Promise<number | undefined> {
  const lines = ((await textAt(root, path)) ?? '').split('\n');
  const at = lines.findIndex((line) => !line.trim().startsWith('#') && older.test(line));
  return at < 0 ? undefined : at + 1;
}

async function enabledTimers(root: string): Promise<string[]> {
  const names = await namesAt(root, '/etc/systemd/system/timers.target.wants');
  return names.filter((name) => name.endsWith('.timer'));
}

/** Locks are files that stay, and of the kernel: what is left of a run that was killed excludes nobody, but for a directory. */
export const locks: Part = async ({ config, root }) => {
  const directory = join(config.runDirectory, 'locks');
  const names = await namesAt(root, directory);
  const looked: Looked[] = [];
  for (const name of names.filter((one) => one.endsWith('.heartbeat'))) {
    const lock = name.replace(/\.heartbeat$/, '');
    const owner = await readOwner(join(root, directory), lock);
    if (owner?.alive === true) continue;
    looked.push(
      amiss(
        'locks',
        `${join(directory, name)} was left behind by a run that is gone: the next waits for it to be old`,
        `sudo rmdir ${shellWord(join(directory, name))}`,
      ),
    );
  }
  return looked.length > 0 ? looked : [well('locks', 'no run has left one behind')];
};

const pathDirectories = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** What the jobs start. */
export const tools: Part = async (context) => {
  const { config, root } = context;
  const readers = fileApps(config).flatMap((app) => app.export?.ship?.reader.kind ?? []);
  const wanted: [program: string, what: string, packageName: string][] = [
    ['flock', 'without it locks are weaker', 'util-linux'],
    ['systemd-notify', 'without it nobody sees how far a job is', 'systemd'],
    ...(readers.length === 0 ? [] : [['rsync', 'documents are shipped with it', 'rsync'] as const]),
    ...(readers.includes('ssh')
      ? [['ssh', 'documents are shipped through it', 'openssh-client'] as const]
      : []),
    ...(config.alerts?.desktop === undefined
      ? []
      : [['notify-send', 'alerts on the desktop are shown with it', 'libnotify-bin'] as const]),
  ].map(([program = '', what = '', packageName = '']) => [program, what, packageName]);
  const missing: Looked[] = [];
  for (const [program, what, packageName] of wanted)
    if (!(await isOnPath(root, program)))
      missing.push(
        amiss('programs', `${program} is not installed: ${what}`, `sudo apt-get install ${packageName}`),
      );
  return missing.length > 0
    ? missing
    : [well('programs', `${wanted.map(([program]) => program).join(', ')}: all there`)];
};

async function isOnPath(root: string, program: string): Promise<boolean> {
  const tries = pathDirectories.map((directory) => access(join(root, directory, program)));
  return (await Promise.allSettled(tries)).some(({ status }) => status === 'fulfilled');
}
