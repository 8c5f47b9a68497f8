// A configuration that cannot be used, where a command goes on with what was kept of it while it could.
import type { OpsError } from '../base/errors.ts';
import { formatInstant } from '../base/format.ts';
import type { Config } from '../config/config.ts';

export interface BrokenSettings {
  /** What is the matter, in which file and where, and which settings are used instead. */
  readonly message: string;
  readonly hint: string | undefined;
}

export function describeBroken(
  { message, hint }: OpsError,
  { config: { source, timeZone }, readAt }: { config: Config; readAt: Date },
): BrokenSettings {
  const cause = message
    .split('\n')
    .map((line) => line.trim())
    .join(' ');
  const instead = `alerts go on with its settings of ${formatInstant(readAt, timeZone)}, and no other job runs`;
  const what = cause.includes(source) ? cause : `cannot use ${source}: ${cause}`;
  return { message: `the configuration is broken: ${what}; ${instead}`, hint };
}
