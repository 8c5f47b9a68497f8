// Whether a replica that is kept of a master elsewhere is as young as its readers expect.
import { formatDuration } from '../base/format.ts';
import type { Verdict } from '../base/verdict.ts';
import type { Check } from './check.ts';

export interface DeltaPullFacts {
  /** What its service has left since the machine was started; undefined where none has run. */
  status: { running: boolean; lastSyncAt: Date | undefined; error: string | undefined } | undefined;
  ageMaxMs: number;
}

export const deltaPullCheck: Check<DeltaPullFacts> = {
  name: 'delta-pull',
  question: 'Is each replica of a master elsewhere young enough for its readers?',
  unit: 's',
  limits: {},
  worse: 'above',
  needsClock: true,
  causedBy: ['disk-space', 'read-only', 'units'],
  judge({ status, ageMaxMs }, { subject, limits, now }) {
    const unit = `delta-pull@${subject}`;
    if (status === undefined)
      return {
        verdict: 'warning',
        message: 'no service keeps this replica',
        hint: `sudo systemctl start ${unit}`,
      };
    const { lastSyncAt, error, running } = status;
    const why = error ?? (running ? undefined : 'its service has stopped');
    if (lastSyncAt === undefined)
      return {
        verdict: 'warning',
        message: `it was never as the master is${why === undefined ? '' : `: ${why}`}`,
        hint: `systemctl status ${unit}`,
      };
    const age = Math.max(0, Math.round((now.getTime() - lastSyncAt.getTime()) / 1000));
    const verdict = byAge(age, limits.warning ?? ageMaxMs / 1000, limits.critical);
    return {
      verdict,
      value: age,
      message: `it was as the master is ${formatDuration(age * 1000)} ago${why === undefined ? '' : `; ${why}`}`,
      hint: `systemctl status ${unit}`,
    };
  },
};

/** Old is a warning; a week old is critical, unless its operator has said otherwise. */
function byAge(age: number, warning: number, critical = Math.max(7 * 86_400, warning * 7)): Verdict {
  if (age >= critical) return 'critical';
  return age >= warning ? 'warning' : 'ok';
}
