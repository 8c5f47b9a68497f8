// `apps.<name>.expect`: how often there has to be a backup, and a drill.
import { z } from 'zod';
import { type Expectations, usualExpectations } from '../../backup/expectations.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

const hours = z.number().positive('must be more than 0').max(8784, 'must be at most a year (8784)');

export const expectTable = z
  .strictObject({
    backup_hours: hours.optional().describe('without a good backup for longer it is a warning'),
    backup_critical_hours: hours.optional().describe('without one for longer it is critical'),
    drill_days: z
      .number()
      .min(0, 'must not be negative')
      .max(366, 'must be at most a year (366)')
      .optional()
      .describe('without a restore drill for longer it is a warning; 0 where none is expected'),
  })
  .refine(
    ({ backup_hours = 0, backup_critical_hours = backup_hours }) => backup_critical_hours >= backup_hours,
    'backup_critical_hours must not be less than backup_hours',
  );

/** What is expected where nothing else is said: of an app with `every` more than of one with its nights alone. */
function usualOf(everyMs: number | undefined): Pick<Expectations, 'backupMs' | 'backupCriticalMs'> {
  if (everyMs === undefined) return usualExpectations;
  // Two may be left out, or what fits into the time that a nightly run takes.
  return { backupMs: Math.max(3 * everyMs, 2 * hourMs), backupCriticalMs: Math.max(8 * everyMs, dayMs) };
}

/** Who expects backups less often than usual has the longer time for what is critical, twice as long, as well. */
export function expectConfig(
  { backup_hours, backup_critical_hours, drill_days }: z.infer<typeof expectTable> = {},
  everyMs?: number,
): Expectations {
  const { backupMs: usualMs, backupCriticalMs: usualCriticalMs } = usualOf(everyMs);
  const criticalMs = backup_critical_hours === undefined ? undefined : backup_critical_hours * hourMs;
  const backupMs =
    backup_hours === undefined ? Math.min(usualMs, criticalMs ?? usualMs) : backup_hours * hourMs;
  return {
    backupMs,
    backupCriticalMs: criticalMs ?? Math.max(usualCriticalMs, 2 * backupMs),
    drillMs: drill_days === undefined ? usualExpectations.drillMs : drill_days * dayMs || undefined,
  };
}
