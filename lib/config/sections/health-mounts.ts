// `[health.mounts]`: what has to be mounted.
import { posix } from 'node:path';
import { z } from 'zod';
import { absolutePath } from './values.ts';

export const mountKeys = {
  // As the kernel names a mount point: without a slash at its end, and nothing twice.
  paths: z
    .array(absolutePath.transform((path) => posix.normalize(path).replace(/(.)\/$/, '$1')))
    .default([])
    .describe('mount points that have to be there, and answer'),
};

export interface MountSettings {
  readonly paths: readonly string[];
}

/** Of the whole table of the check. */
export function mountSettings(table: object = {}): MountSettings {
  return z.object(mountKeys).parse(table);
}
