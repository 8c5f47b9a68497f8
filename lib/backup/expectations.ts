// How often a database is expected to be backed up, and a backup of it to be tried: what comes later is bad news.

/** Of one app. */
export interface Expectations {
  /** Without a good backup for longer it is a warning. */
  backupMs: number;
  /** Without one for longer than this it is critical. */
  backupCriticalMs: number;
  /** Without a restore drill for longer, where there have been backups for longer, it is a warning; undefined for never. */
  drillMs: number | undefined;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** A night was missed; nobody has looked for a week; a drill a month, and some days for the month that is long. */
export const usualExpectations: Expectations = {
  backupMs: 36 * hourMs,
  backupCriticalMs: 7 * dayMs,
  drillMs: 40 * dayMs,
};
