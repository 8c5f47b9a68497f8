// Whether a backup of each database was tried, and restored.
import { formatDuration } from '../base/format.ts';
import type { Check } from './check.ts';

export interface DrillFacts {
  /** The newest drill; undefined where there was none. */
  last: { name: string; at: Date; outcome: 'passed' | 'failed'; detail: string } | undefined;
  /** Since when there have been backups to try; undefined for none. */
  backupsSince: Date | undefined;
  expectedMs: number;
  /** Whether backups are sealed now: then only who has the identity can try one, and `last` is of a sealed one where it passed. */
  isSealed: boolean;
}

export const backupDrillCheck: Check<DrillFacts> = {
  name: 'backup-drill',
  question: 'Was a backup of each database restored on trial, and sound?',
  unit: 's',
  limits: {},
  worse: 'above',
  failures: 1,
  needsClock: true,
  judge({ last, backupsSince, expectedMs, isSealed }, { subject, limits, now }) {
    const try_ = isSealed
      ? `bring the identity from the safe: restore drill --identity <file> --app ${subject}`
      : `restore drill --app ${subject}`;
    if (last?.outcome === 'failed')
      return {
        verdict: 'critical',
        message: `the last restore drill failed: ${last.name}: ${last.detail}`,
        hint: `which are sound: db-backup verify --all --app ${subject}; then once more: ${try_}`,
      };
    const limitMs = limits.warning === undefined ? expectedMs : limits.warning * 1000;
    const since = last?.at ?? backupsSince;
    const ageMs = since === undefined ? 0 : now.getTime() - since.getTime();
    const isCritical = limits.critical !== undefined && ageMs > limits.critical * 1000;
    const words =
      last === undefined
        ? isSealed
          ? 'no restore drill of a sealed backup yet'
          : 'no restore drill yet'
        : `the last restore drill passed ${formatDuration(Math.max(0, ageMs))} ago`;
    if (ageMs <= limitMs && !isCritical)
      return { verdict: 'ok', value: Math.round(ageMs / 1000), message: words };
    return {
      verdict: isCritical ? 'critical' : 'warning',
      value: Math.round(ageMs / 1000),
      message: `${words}, and there should be one every ${formatDuration(limitMs)}`,
      hint: try_,
    };
  },
};
