// Which processes hold a file open (R7). Files are compared by device and inode, never by name: a holder may have
// opened the file under another path, or before it was renamed.
import { readFile, readdir, readlink, stat } from 'node:fs/promises';
import { errorCode } from '../base/errors.ts';
import { accountName } from '../files/accounts.ts';
import { servedMounts } from '../files/answering-mounts.ts';
import { ifThere } from '../files/if-there.ts';
import { serviceIn } from './holder-words.ts';
import { memberAt, memberPath, memberSuffixes, type SetPlace } from './database-set.ts';
import { processName } from './process-name.ts';
import { wrapped } from './wrapped.ts';

/** A process that holds one of the files open. */
export interface Holder {
  /** Zero or less where the kernel does not say, as for a process in another container. */
  pid: number;
  /** Its program and script, never its whole command line. */
  command: string;
  path: string;
  /** By name where this machine has one for it; undefined where it cannot be seen. */
  user: string | undefined;
  /** The service that it is of, where systemd has started it as one. */
  unit: string | undefined;
}

/** `partial`: the open files of some process could not be read, so there may be more holders. */
export interface Holders {
  holders: Holder[];
  partial: boolean;
}

/**
 * The other processes that hold a member of the set open; a member that is not there holds nobody. As root the answer is
 * complete. Otherwise `/proc/locks` still shows processes of other users that hold a lock, as everyone does who
 * has a SQLite database open in WAL mode.
 */
export async function findHolders(place: SetPlace): Promise<Holders> {
  const wanted = await identities(place);
  if (wanted.size === 0) return { holders: [], partial: false };
  const found = new Map<string, { pid: number; path: string }>();
  const own = await ownProcessId();
  const add = (pid: number, file: string): void => {
    const path = wanted.get(file);
    if (path !== undefined && pid !== own) found.set(`${pid} ${path}`, { pid, path });
  };
  let partial = false;
  const mayHang = servedMounts().length > 0;
  const devices = new Set([...wanted.keys()].map((file) => file.replace(/:.*/, '')));
  for (const pid of await processIds()) {
    const files = await openFiles(pid, mayHang ? silentIds(pid, devices) : none);
    if (files === undefined) partial = true;
    for (const file of files ?? []) add(pid, file);
  }
  for (const { pid, file } of await lockedFiles()) add(pid, file);
  const holders = await Promise.all(
    [...found.values()].map(async ({ pid, path }) => {
      const [command, user, unit] = await Promise.all([commandOf(pid), userOf(pid), unitOf(pid)]);
      return { pid, command, path, user, unit };
    }),
  );
  return { holders: holders.sort((a, b) => a.pid - b.pid), partial };
}

async function identities(place: SetPlace): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const suffix of memberSuffixes) {
    const path = memberPath(place, suffix);
    const identity = await wrapped(`look at ${path}`, () => identityOf(memberAt(place, suffix)));
    if (identity !== undefined) found.set(identity, path);
  }
  return found;
}

async function identityOf(path: string): Promise<string | undefined> {
  const status = await ifThere(stat(path, { bigint: true }));
  return status === undefined ? undefined : `${status.dev}:${status.ino}`;
}

async function ownProcessId(): Promise<number> {
  return Number(await wrapped('look at /proc/self', () => readlink('/proc/self')));
}

async function processIds(): Promise<number[]> {
  const names = await wrapped('list /proc', () => readdir('/proc'));
  return names.filter((name) => /^\d+$/.test(name)).map(Number);
}

/** The identities of a process's open files, or undefined when this process may not see them. */
async function openFiles(pid: number, passedOver: ReadonlySet<string>): Promise<string[] | undefined> {
  try {
    const descriptors = await readdir(`/proc/${pid}/fd`);
    const files = await Promise.all(descriptors.map((name) => openFile(pid, name, passedOver)));
    return files.filter((file) => file !== undefined);
  } catch (error) {
    const code = errorCode(error);
    return code === 'EACCES' || code === 'EPERM' ? undefined : []; // otherwise it has ended meanwhile
  }
}

async function openFile(
  pid: number,
  name: string,
  passedOver: ReadonlySet<string>,
): Promise<string | undefined> {
  try {
    if (passedOver.size > 0 && passedOver.has(await mountId(pid, name))) return undefined;
    return await identityOf(`/proc/${pid}/fd/${name}`);
  } catch {
    return undefined; // closed meanwhile
  }
}

const none: ReadonlySet<string> = new Set();

/**
 * The mounts of a process which may never answer, and on which none of `devices` lies: what it has open there is not looked at,
 * for it may be anybody's dead share.
 */
function silentIds(pid: number, devices: ReadonlySet<string>): ReadonlySet<string> {
  const others = servedMounts(pid).filter(({ device }) => {
    const [major = '', minor = ''] = device.split(':');
    return !devices.has(String(deviceNumber(BigInt(major), BigInt(minor))));
  });
  return new Set(others.map(({ id }) => id));
}

/** On which mount an open file lies, asked of the kernel alone. */
async function mountId(pid: number, name: string): Promise<string> {
  return /^mnt_id:\s*(\d+)$/m.exec(await readFile(`/proc/${pid}/fdinfo/${name}`, 'utf8'))?.[1] ?? '';
}

async function lockedFiles(): Promise<{ pid: number; file: string }[]> {
  let table: string;
  try {
    table = await readFile('/proc/locks', 'utf8');
  } catch {
    return []; // hidden here; the open files say what can be said
  }
  // 1: POSIX  ADVISORY  READ 812 fe:00:3157 1073741826 1073742335
  const pattern = /^\d+: (?:-> )?\S+\s+\S+\s+\S+\s+(-?\d+) ([0-9a-f]+):([0-9a-f]+):(\d+) /gm;
  return [...table.matchAll(pattern)].map(([, pid, major = '', minor = '', inode]) => ({
    pid: Number(pid),
    file: `${deviceNumber(BigInt(`0x${major}`), BigInt(`0x${minor}`))}:${inode}`,
  }));
}

/** Major and minor as `stat` joins them (makedev of the C library). */
function deviceNumber(major: bigint, minor: bigint): bigint {
  return (
    ((major & 0xfffff000n) << 32n) |
    ((major & 0xfffn) << 8n) |
    ((minor & 0xffffff00n) << 12n) |
    (minor & 0xffn)
  );
}

async function commandOf(pid: number): Promise<string> {
  for (const file of ['cmdline', 'comm']) {
    try {
      const name = processName(await readFile(`/proc/${pid}/${file}`, 'utf8'));
      if (name !== '') return name;
    } catch {
      continue; // ended meanwhile, or of another container: the next file, else nothing
    }
  }
  return 'unknown';
}

async function userOf(pid: number): Promise<string | undefined> {
  try {
    return accountName('user', (await stat(`/proc/${pid}`)).uid);
  } catch {
    return undefined; // ended meanwhile, or of another container
  }
}

async function unitOf(pid: number): Promise<string | undefined> {
  try {
    return serviceIn(await readFile(`/proc/${pid}/cgroup`, 'utf8'));
  } catch {
    return undefined;
  }
}
