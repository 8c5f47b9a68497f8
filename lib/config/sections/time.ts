// `time_zone` and `clock`: when a day begins, and whether the time of day can be believed.
import { readlinkSync } from 'node:fs';
import { z } from 'zod';
import { OpsError } from '../../base/errors.ts';
import type { Config } from '../config.ts';
import type { Environment } from '../environment.ts';

export const timeKeys = {
  time_zone: z
    .string()
    .refine(isTimeZone, 'must be a time zone such as "Europe/Berlin"')
    .optional()
    .describe(
      "the zone in which days begin, and in which times are read and shown; the machine's own unless given",
    ),
  clock: z
    .enum(['auto', 'trusted'], 'must be "auto" or "trusted"')
    .default('auto')
    .describe('"trusted" where no time service can vouch for the clock'),
};

/** Throws OpsError `config` where neither the file nor the environment names a zone that is one. */
export function timeConfig(
  table: z.infer<z.ZodObject<typeof timeKeys>>,
  environment: Environment,
): Pick<Config, 'timeZone' | 'clock'> {
  return { timeZone: table.time_zone ?? zoneOf(environment.TZ), clock: table.clock };
}

/** As tzset(3) has it: an empty TZ is UTC, a colon may stand before the name, and the name may be the path of its file. */
function zoneOf(given: string | undefined): string {
  if (given === '') return 'UTC';
  if (given === undefined) return known(new Intl.DateTimeFormat().resolvedOptions().timeZone);
  const path = given.replace(/^:/, '');
  if (path === '/etc/localtime') return known(nameIn(readlinkSync(path)));
  if (isTimeZone(nameIn(path))) return nameIn(path);
  throw new OpsError('config', `cannot use TZ=${given}: it is not a time zone that is known here`, {
    hint: 'TZ=Europe/Berlin is one; time_zone in a configuration file goes before it',
  });
}

/** Where the machine has none that is known it is UTC, as for every other program. */
function known(zone: string): string {
  return isTimeZone(zone) ? zone : 'UTC';
}

function nameIn(path: string): string {
  return path.replace(/^.*\/zoneinfo\/((posix|right)\/)?/, '');
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false; // Intl throws a RangeError for an unknown zone
  }
}
