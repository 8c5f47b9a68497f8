// How near a store in a directory lies to a database: what ends the one may end the other. Through mounts, bind mounts, subvolumes,
// partitions and what is stacked upon disks: the kernel's table and /sys say what is below them.
import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Mount } from '../files/mount-info.ts';
import { kernelNames, kernelText } from './kernel-files.ts';
import { mountOf, readMounts } from './mount-table.ts';

/**
 * `in-app`: below the directory of the database; `around-app`: that directory is below the store; `same-disk`; `elsewhere`: on another
 * disk; `served`: by a network, or a program.
 */
export type Nearness = 'in-app' | 'around-app' | 'same-disk' | 'elsewhere' | 'served';

/** Undefined where it cannot be found out. Both are there, and were asked already. */
export async function storeNearness(
  { store, database }: { store: string; database: string },
  root = '/',
): Promise<Nearness | undefined> {
  try {
    const [storePath, app] = await Promise.all([realpath(store), realpath(dirname(database))]);
    if (await isBelow(storePath, app)) return 'in-app';
    if (await isBelow(app, storePath)) return 'around-app';
    const mounts = await readMounts(root);
    const [ofStore, ofApp] = [mountOf(storePath, mounts), mountOf(app, mounts)];
    if (ofStore === undefined || ofApp === undefined) return undefined;
    return await nearnessOf(ofStore, ofApp, root);
  } catch {
    return undefined; // that it is not there, or not for this user, is told by who has to read it
  }
}

/** Of two mounts. */
export async function nearnessOf(store: Mount, app: Mount, root: string): Promise<Nearness> {
  const [below, disks] = await Promise.all([disksBelow(store, root), disksBelow(app, root)]);
  if (below.some((disk) => disks.includes(disk))) return 'same-disk';
  return served.test(store.type) ? 'served' : 'elsewhere';
}

const served = /^(nfs4?|cifs|smb3|9p|virtiofs|ceph|fuse\..+|afs|lustre|davfs|vboxsf)$/;

/** By what the directories are, and not by what they are called: a bind mount has two names. */
async function isBelow(path: string, directory: string): Promise<boolean> {
  const wanted = await stat(directory);
  for (let at = path; ; at = dirname(at)) {
    const { dev, ino } = await stat(at);
    if (dev === wanted.dev && ino === wanted.ino) return true;
    if (at === dirname(at)) return false;
  }
}

/** The disks that hold it; where there are none that the kernel knows, such as in memory or on a network, the file system itself. */
async function disksBelow({ type, source, device }: Mount, root: string): Promise<string[]> {
  if (type === 'zfs') return [`zfs ${source.split('/')[0]}`];
  // btrfs has no device of its own: each subvolume has another number, and one source.
  if (!source.startsWith('/dev/')) return [device];
  const block = basename(await realpath(join(root, source)).catch(() => source));
  return wholeDisks(block, root);
}

async function wholeDisks(block: string, root: string): Promise<string[]> {
  const place = join('sys/class/block', block);
  const stackedOn = await kernelNames(root, join(place, 'slaves'));
  if (stackedOn.length > 0) return (await Promise.all(stackedOn.map((one) => wholeDisks(one, root)))).flat();
  if ((await kernelText(root, join(place, 'partition'))) === undefined) return [block];
  return [basename(dirname(await realpath(join(root, place))))];
}
