// For each day whether it left a proven backup: what a night that nobody noticed looks like.
import { dateOf } from './words.ts';
import type { AppFacts } from './facts.ts';
import type { Day, DayState } from './picture.ts';

const dayMs = 86_400_000;

/**
 * One entry for each day of the zone from `since` to `at`. A run that ended well and made no backup, because nothing had
 * changed, is as good as one. Before the first trace of the app nothing was to be expected, and today is not over.
 */
export function daysOf(
  { backups, runs }: Pick<AppFacts, 'backups' | 'runs'>,
  { since, at, timeZone }: { since: Date; at: Date; timeZone: string },
): Day[] {
  const states = new Map<string, DayState>();
  const note = (instant: Date, state: DayState) => {
    const date = dateOf(instant, timeZone);
    const before = states.get(date);
    if (before === undefined || ranks[state] > ranks[before]) states.set(date, state);
  };
  for (const { startedAt, isDone } of runs) note(startedAt, isDone ? 'good' : 'failed');
  for (const { takenAt, isSound } of backups) note(takenAt, isSound ? 'good' : 'odd');
  const today = dateOf(at, timeZone);
  const first = [...states.keys()].sort()[0] ?? today;
  return datesBetween(dateOf(since, timeZone), today).map((date) => ({
    date,
    weekday: (new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7,
    state: states.get(date) ?? (date < first || date === today ? undefined : 'missing'),
  }));
}

/** Of two things on one day the better one counts: a second run that worked made up for the first. */
const ranks: Readonly<Record<DayState, number>> = { missing: 0, failed: 1, odd: 2, good: 3 };

function datesBetween(first: string, last: string): string[] {
  const start = Date.parse(`${first}T00:00:00Z`);
  const days = Math.round((Date.parse(`${last}T00:00:00Z`) - start) / dayMs);
  return Array.from({ length: Math.max(0, days) + 1 }, (_, index) =>
    new Date(start + index * dayMs).toISOString().slice(0, 10),
  );
}
