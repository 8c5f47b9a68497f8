// Whether backups in pages have a full that is made in time, and are made by one machine alone.
import { formatBytes, formatDuration } from '../base/format.ts';
import type { Verdict } from '../base/verdict.ts';
import type { Check, Judgement } from './check.ts';

export interface SeriesFacts {
  /** What increments are made on; undefined where the store has none that can be built on. */
  full: { name: string; takenAt: Date; storedBytes: number } | undefined;
  /** Of the increments on it that are there. */
  increments: { count: number; storedBytes: number };
  /** Since when increments were made though a new full was due, and why it was. */
  due: { since: Date; why: string } | undefined;
  /** After so long the next window for fulls has come and gone. */
  dueMs: number;
  /** A full whose objects are on their way, since when, and how much of it the store has. */
  underWay: { name: string; since: Date; sentBytes: number; sizeBytes: number } | undefined;
  /** Two that made backups in turn, of late. */
  turn: { hosts: readonly [string, string]; backups: readonly [string, string] } | undefined;
}

const dayMs = 86_400_000;
/** Two windows of a week have passed, and it is still not there. */
const underWayMs = 15 * dayMs;
/** The first backup in pages is made with the next run, which may be tomorrow's. */
const firstRuns = 36 * 12;

export const backupSeriesCheck: Check<SeriesFacts> = {
  name: 'backup-series',
  question: 'Have backups in pages a full that is made in time, by one machine alone?',
  unit: 's',
  limits: {},
  worse: 'above',
  failures: 1,
  needsClock: true,
  causedBy: ['store'],
  judge(facts, { subject, limits, now }) {
    const late = lateness(facts, now);
    const verdict: Verdict =
      limits.critical !== undefined && late.ms > limits.critical * 1000
        ? 'critical'
        : late.ms > (limits.warning === undefined ? late.limitMs : limits.warning * 1000)
          ? 'warning'
          : 'ok';
    const value = Math.round(late.ms / 1000);
    const measures = {
      increments: facts.increments.count,
      increment_bytes: facts.increments.storedBytes,
      ...(facts.full === undefined ? {} : { full_bytes: facts.full.storedBytes }),
    };
    if (facts.turn !== undefined) return { ...twoMachines(facts.turn, subject), value, measures };
    if (facts.full === undefined && facts.underWay === undefined)
      return {
        ...{ verdict: 'warning', value, measures, patience: firstRuns },
        message: 'there is no full in the store that increments could be made on',
        hint: `make one: db-backup run --app ${subject}`,
      };
    return { verdict, value, measures, message: late.message, hint: late.hint(subject) };
  },
};

/** How long a full has been wanted or on its way, and from when on that is too long. */
function lateness(
  { full, increments, due, dueMs, underWay }: SeriesFacts,
  now: Date,
): { ms: number; limitMs: number; message: string; hint: (app: string) => string } {
  const since = (at: Date) => Math.max(0, now.getTime() - at.getTime());
  if (underWay !== undefined) {
    const { name, sentBytes, sizeBytes } = underWay;
    const ms = since(underWay.since);
    return {
      ...{ ms, limitMs: underWayMs },
      message: `a full has been under way for ${formatDuration(ms)}: ${name}, ${formatBytes(sentBytes)} of ${formatBytes(sizeBytes)} are in the store`,
      hint: (app) =>
        `a longer full_window for ${app} sends more of it in a night; what went over the line: health-check report`,
    };
  }
  const standing =
    full === undefined
      ? 'there is none yet'
      : `the full is ${formatDuration(since(full.takenAt))} old: ${full.name}, ${formatBytes(full.storedBytes)}, and ${formatBytes(increments.storedBytes)} in increments`;
  if (due === undefined) return { ms: 0, limitMs: dueMs, message: standing, hint: runNow };
  const ms = since(due.since);
  return {
    ...{ ms, limitMs: dueMs },
    message: `${standing}; a new one is due for ${formatDuration(ms)}: ${due.why}`,
    hint: runNow,
  };
}

function runNow(app: string): string {
  return `whether its timer starts it within full_window: systemctl list-timers 'db-backup@*'; what its last run said: journalctl --namespace=holdfast -u db-backup@${app}`;
}

function twoMachines(
  { hosts: [other, back], backups: [before, after] }: NonNullable<SeriesFacts['turn']>,
  app: string,
): Pick<Judgement, 'verdict' | 'message' | 'hint'> {
  const who = other === back ? `two machines of the name ${back}` : `${other} and ${back}`;
  return {
    verdict: 'warning',
    message: `${who} make backups of ${app} in turn, each of a database of its own: ${before} is of ${other}, ${after} of ${back}`,
    hint: `on the one where ${app} does not live, take it out of the configuration, or make that one its standby`,
  };
}
