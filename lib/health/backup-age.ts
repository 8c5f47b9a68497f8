// Whether each database has a proven backup that is as new as its own timer makes them.
import { formatDuration } from '../base/format.ts';
import type { Verdict } from '../base/verdict.ts';
import type { Check } from './check.ts';

export interface BackupAgeFacts {
  /** The newest proven one; undefined where there is none. */
  newest: { name: string; at: Date } | undefined;
  /** Where it is known from. */
  from: 'the store' | 'the history';
  /** After so long the next one is late: what the configuration expects, else by its timer. */
  expectedMs: number;
  criticalMs: number;
  /** What says so: `the timer db-backup@ctv.timer`, `expect of ctv`, `every of ctv`. */
  expectedBy: string;
}

export const backupAgeCheck: Check<BackupAgeFacts> = {
  name: 'backup-age',
  question: 'Has each database a proven backup that is as new as it should be?',
  unit: 's',
  limits: {},
  worse: 'above',
  failures: 1,
  needsClock: true,
  causedBy: ['store'],
  judge({ newest, from, expectedMs, criticalMs, expectedBy }, { subject, limits, now }) {
    const make = `make one: db-backup run --app ${subject}`;
    if (newest === undefined)
      return { verdict: 'critical', message: `there is no proven backup in ${from}`, hint: make };
    const ageMs = now.getTime() - newest.at.getTime();
    const warningMs = limits.warning === undefined ? expectedMs : limits.warning * 1000;
    const badMs = limits.critical === undefined ? criticalMs : limits.critical * 1000;
    const verdict: Verdict = ageMs > badMs ? 'critical' : ageMs > warningMs ? 'warning' : 'ok';
    const age = `the newest proven backup is ${formatDuration(Math.max(0, ageMs))} old: ${newest.name}`;
    return {
      verdict,
      value: Math.round(ageMs / 1000),
      message:
        verdict === 'ok'
          ? age
          : `${age}; there should be one every ${formatDuration(warningMs)} (${expectedBy})`,
      hint: `${make}; whether it is started: systemctl list-timers 'db-backup*'`,
      measures: { taken_at_seconds: Math.round(newest.at.getTime() / 1000) },
    };
  },
};
