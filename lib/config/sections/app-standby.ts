// `apps.<name>.standby`: this machine keeps a warm copy of a database that is live elsewhere. Without it none.
import { z } from 'zod';
import type { StandbyConfig } from '../standby-config.ts';
import { limitFor } from './health-limit.ts';
import { duration } from './values.ts';

export const standbyTable = z.strictObject({
  max_age: duration
    .default(36 * 3_600_000)
    .describe('how old the backup in the warm copy may be, by when it was taken'),
  min_size: limitFor('B').optional().describe('a smaller copy is not made live; such as "100 MB"'),
});

export function standbyConfig({ max_age, min_size }: z.infer<typeof standbyTable>): StandbyConfig {
  return { ageMsMax: max_age, sizeBytesMin: min_size };
}
