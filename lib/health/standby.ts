// Whether a standby could take over: the copy that lies ready is there, whole at a look, and new enough.
import { formatBytes, formatDuration, formatInstant } from '../base/format.ts';
import type { Check } from './check.ts';

export interface StandbyFacts {
  /** Since when the app lives here, where it was promoted; undefined for a standby. */
  liveSince: Date | undefined;
  /** What lies ready; undefined for nothing. */
  copy: { backup: string; takenAt: Date; pulledAt: Date; sizeBytes: number } | undefined;
  /** What is wrong with its file at a look, or why nobody can say. */
  problem: string | undefined;
  ageMsMax: number;
  sizeBytesMin: number | undefined;
}

export const standbyCheck: Check<StandbyFacts> = {
  name: 'standby',
  question: 'Does a copy lie ready that this machine could take over with?',
  unit: 's',
  limits: {},
  worse: 'above',
  failures: 1,
  causedBy: ['mounts', 'store'],
  needsClock: true,
  judge({ liveSince, copy, problem, ageMsMax, sizeBytesMin }, { subject, limits, now, timeZone }) {
    if (liveSince !== undefined)
      return {
        verdict: 'ok',
        value: 0,
        message: `it is live on this machine since ${formatInstant(liveSince, timeZone)}`,
      };
    const pull = `restore standby --app ${subject}`;
    if (copy === undefined)
      return { verdict: 'critical', message: problem ?? 'no warm copy lies ready', hint: pull };
    const ageMs = now.getTime() - copy.takenAt.getTime();
    const judged = {
      value: Math.round(ageMs / 1000),
      measures: { size_bytes: copy.sizeBytes },
      hint: `${pull}; whether backups are made where it is live: db-backup list-backups --app ${subject}`,
    };
    if (problem !== undefined) return { ...judged, verdict: 'critical', message: problem };
    if (sizeBytesMin !== undefined && copy.sizeBytes < sizeBytesMin) {
      const message = `the warm copy has only ${formatBytes(copy.sizeBytes)}, and should have ${formatBytes(sizeBytesMin)} at least`;
      return { ...judged, verdict: 'critical', message };
    }
    const message = `the warm copy was taken ${formatDuration(Math.max(0, ageMs))} ago, and pulled on ${formatInstant(copy.pulledAt, timeZone)}`;
    // From there on it is not made live without a word.
    const warningMs = limits.warning === undefined ? ageMsMax : limits.warning * 1000;
    const isCritical = limits.critical !== undefined && ageMs > limits.critical * 1000;
    if (ageMs <= warningMs && !isCritical) return { ...judged, verdict: 'ok', message };
    const late = `${message}: it may be ${formatDuration(warningMs)} old at most`;
    return { ...judged, verdict: isCritical ? 'critical' : 'warning', message: late };
  },
};
