// Measures how many files can still be made, by a program that can be given up.
import { OpsError } from '../base/errors.ts';
import type { InodeFacts } from '../health/inodes.ts';
import { askProgram } from '../process/abandon.ts';
import { fileSystems } from './file-systems.ts';
import type { Probe } from './probe.ts';

const timeoutMs = 8000;

export const inodesProbe: Probe<InodeFacts> = {
  async subjects(context) {
    return [...(await fileSystems(context)).keys()];
  },
  async measure(context, subject) {
    const places = (await fileSystems(context)).get(subject) ?? [];
    // All inodes and those that are free (stat(1) of coreutils).
    const args = ['--file-system', '--format=%c %d', '--', subject];
    const { stdout } = await askProgram('stat', args, { timeoutMs, signal: context.signal });
    const found = /^(\d+) (\d+)$/.exec(stdout.trim());
    if (found === null) throw new OpsError('io', `cannot read the inodes of ${subject}: ${stdout.trim()}`);
    return { total: Number(found[1]), free: Number(found[2]), paths: places.map(({ path }) => path) };
  },
};
