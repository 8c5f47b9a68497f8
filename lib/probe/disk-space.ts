// Measures the file systems that hold something of ours, each once, by a program that can be given up.
import { OpsError } from '../base/errors.ts';
import type { SpaceFacts } from '../health/disk-space.ts';
import { askProgram } from '../process/abandon.ts';
import { mountOf, readMounts } from './mount-table.ts';
import { type Place, placesOf } from './places.ts';
import type { Probe, ProbeContext } from './probe.ts';

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

/** Nothing is mounted there yet: what will be is known when it is used. */
const awaited = 'autofs';

/**
 * Each file system that holds something of ours once, by the first place on it: where it is mounted a sandbox does not show, and
 * what is found there and by hand must be one thing.
 */
async function fileSystems({ config, root }: ProbeContext): Promise<Map<string, Place[]>> {
  const mounts = await readMounts(root);
  const byDevice = new Map<string, Place[]>();
  for (const place of placesOf(config)) {
    const mount = mountOf(place.path, mounts);
    if (mount === undefined || mount.type === awaited) continue;
    byDevice.set(mount.device, [...(byDevice.get(mount.device) ?? []), place]);
  }
  return new Map([...byDevice.values()].map((places) => [places[0]?.path ?? '', places]));
}
