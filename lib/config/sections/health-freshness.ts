// `[health.freshness.things.<name>]`: what other tools should keep making.
import { z } from 'zod';
import type { FreshThing } from '../health-config.ts';
import { limitFor } from './health-limit.ts';
import { limitsOf, namedTables } from './health-thing.ts';
import { absolutePath } from './values.ts';

const thingTable = z
  .strictObject({
    path: absolutePath.optional().describe('a file; or a directory, of which the newest file counts'),
    unit: z
      .string()
      .regex(
        /^[A-Za-z0-9@:_.\\-]+\.(service|mount|socket|target|path|timer)$/,
        'must be a unit such as "restic.service"',
      )
      .optional()
      .describe('a systemd unit, of which the newest good end counts'),
    depth: z.int().min(1).max(10).default(1).describe('of a directory: how many levels are looked at'),
    suffix: z
      .string()
      .regex(/^[^/*?[\]\\]{1,64}$/, 'must be the end of a name, such as ".db"')
      .optional()
      .describe('of a directory: only files whose names end so'),
    min_size: limitFor('B').optional().describe('a smaller file is critical; such as "100 MB"'),
    warn: limitFor('s').optional().describe('an age from which on it is a warning; such as "36h"'),
    critical: limitFor('s').optional().describe('and critical'),
  })
  .superRefine(({ path, unit, suffix, min_size }, context) => {
    const problem = (message: string) => context.addIssue({ code: 'custom', message });
    if ((path === undefined) === (unit === undefined)) problem('needs either path or unit');
    if (unit !== undefined && (suffix !== undefined || min_size !== undefined))
      problem('has suffix or min_size, which are for a path');
  });

export const freshnessKeys = {
  things: namedTables(thingTable).default({}).describe('what has to be new enough, by a name of its own'),
};

type FreshnessTable = z.infer<z.ZodObject<typeof freshnessKeys>>;

export function freshnessConfig(table: FreshnessTable | undefined): readonly FreshThing[] {
  return Object.entries(table?.things ?? {}).map(([name, thing]) => ({
    name,
    path: thing.path,
    unit: thing.unit,
    depth: thing.depth,
    suffix: thing.suffix,
    sizeBytesMin: thing.min_size,
    limits: limitsOf(thing.warn, thing.critical),
  }));
}
