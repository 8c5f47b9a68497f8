// The file systems that hold something of ours.
import { mountOf, readMounts } from './mount-table.ts';
import { type Place, placesOf } from './places.ts';
import type { ProbeContext } from './probe.ts';

/** Nothing is mounted there yet: what will be is known when it is used. */
export const awaited = 'autofs';

/**
 * Each once, by the first place on it: where it is mounted a sandbox does not show, and what is found there and by hand must be
 * one thing.
 */
export async function fileSystems({
  config,
  root,
}: Pick<ProbeContext, 'config' | 'root'>): Promise<Map<string, Place[]>> {
  const mounts = await readMounts(root);
  const byDevice = new Map<string, Place[]>();
  for (const place of placesOf(config)) {
    const mount = mountOf(place.path, mounts);
    if (mount === undefined || mount.type === awaited) continue;
    byDevice.set(mount.device, [...(byDevice.get(mount.device) ?? []), place]);
  }
  return new Map([...byDevice.values()].map((places) => [places[0]?.path ?? '', places]));
}
