// Measures whether what has to be written can be: reads what the kernel says, and writes a little where that is for us.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { OpsError } from '../base/errors.ts';
import type { Config } from '../config/config.ts';
import type { Mount } from '../files/mount-info.ts';
import type { ReadOnlyFacts, WriteOutcome } from '../health/read-only.ts';
import { askProgram } from '../process/abandon.ts';
import { awaited } from './file-systems.ts';
import { kernelLink, kernelNumber } from './kernel-files.ts';
import { mountOf, readMounts } from './mount-table.ts';
import { placesOf } from './places.ts';
import type { Probe, ProbeContext } from './probe.ts';

const timeoutMs = 8000;

export const readOnlyProbe: Probe<ReadOnlyFacts> = {
  async subjects({ config, root }) {
    const mounts = await readMounts(root);
    const isThere = (path: string) => mountOf(path, mounts)?.type !== awaited;
    return [...new Set(placesOf(config).map(({ path }) => path))].filter(isThere);
  },
  async measure(context, subject) {
    const { root, config } = context;
    const mount = mountOf(subject, await readMounts(root));
    return {
      mount: mount && { point: mount.point, type: mount.type },
      isReadOnly: mount?.isReadOnly ?? false,
      errors: mount && (await errorsOf(root, mount)),
      write: isOurs(config, subject) ? await tryWrite(context, subject) : undefined,
    };
  },
};

/** The state and the store are for us to write in; databases and documents are the apps'. */
function isOurs({ stateDirectory, store }: Config, path: string): boolean {
  return path === stateDirectory || (store.kind === 'directory' && path === store.path);
}

/** What ext4 has counted. By the number of the device, for its name may be that of a link. */
async function errorsOf(root: string, { type, device }: Mount): Promise<number | undefined> {
  if (!/^ext[234]$/.test(type)) return undefined;
  const name = await kernelLink(root, join('sys/dev/block', device));
  return name === undefined ? undefined : kernelNumber(root, join('sys/fs/ext4', name, 'errors_count'));
}

/**
 * Makes a file, has it reach the disk, and takes it away: by one call that never opens what is there already, for others may write
 * in that directory. What an earlier one left that was killed goes first.
 */
const script = `rm -f -- "$1"/.holdfast-write-*
dd if=/dev/zero of="$2" bs=4096 count=1 conv=excl,fsync status=none; code=$?
rm -f -- "$2"
exit $code`;

async function tryWrite({ signal }: ProbeContext, directory: string): Promise<WriteOutcome | undefined> {
  const file = join(directory, `.holdfast-write-${randomBytes(8).toString('hex')}`);
  try {
    await askProgram('sh', ['-c', script, 'sh', directory, file], { timeoutMs, signal });
    return { kind: 'written' };
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    const words = error.message.slice(error.message.lastIndexOf(': ') + 2);
    // It is made with the first backup; where it should be there, the check of the store says so.
    if (words === 'No such file or directory') return undefined;
    return { kind: error.kind === 'unavailable' ? 'hangs' : 'refused', words };
  }
}
