// Measures the file systems that hold something of ours, each once, by a program that can be given up.
import { OpsError } from '../base/errors.ts';
import type { SpaceFacts } from '../health/disk-space.ts';
import { askProgram } from '../process/abandon.ts';
import { fileSystems } from './file-systems.ts';
import type { Probe } from './probe.ts';

const timeoutMs = 8000;

export const diskSpaceProbe: Probe<SpaceFacts> = {
  async subjects(context) {
    return [...(await fileSystems(context)).keys()];
  },
  async measure(context, subject) {
    const places = (await fileSystems(context)).get(subject) ?? [];
    const { signal } = context;
    // Blocks, those that are free for everybody, and the size of one (stat(1) of coreutils).
    const { stdout } = await askProgram('stat', ['--file-system', '--format=%b %a %S', '--', subject], {
      timeoutMs,
      signal,
    });
    const [blocks = 0, free = 0, size = 0] = stdout.trim().split(' ').map(Number);
    if (!(size > 0)) throw new OpsError('io', `cannot read the space of ${subject}: ${stdout.trim()}`);
    return {
      totalBytes: blocks * size,
      freeBytes: free * size,
      holds: [...new Set(places.map(({ holds }) => holds))],
      paths: places.map(({ path }) => path),
    };
  },
};
