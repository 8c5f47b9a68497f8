// The values of a chart as a table that a person can read: each of them where they are few, else by month.
import type { Table } from './document.ts';
import type { Point } from './picture.ts';
import { dateOf, minuteOf } from './words.ts';

/** More rows than that nobody reads. */
const rowsMax = 31;

/** The newest first. `format` writes a value; `called` is what the values are. */
export function valuesTable(
  points: readonly Point[],
  { called, format, timeZone }: { called: string; format: (value: number) => string; timeZone: string },
): Table {
  if (points.length <= rowsMax)
    return {
      caption: called,
      columns: [
        { title: 'When', isShort: true },
        { title: called, isNumber: true },
      ],
      rows: points.map(({ at, value }) => [minuteOf(at, timeZone), format(value)]).reverse(),
    };
  const months = Map.groupBy(points, ({ at }) => dateOf(at, timeZone).slice(0, 7));
  return {
    caption: `${called}, by month`,
    columns: [
      { title: 'Month', isShort: true },
      { title: 'Values', isNumber: true },
      { title: 'Least', isNumber: true },
      { title: 'Median', isNumber: true },
      { title: 'Most', isNumber: true },
    ],
    rows: [...months].reverse().map(([month, inMonth]) => {
      const sorted = inMonth.map(({ value }) => value).sort((a, b) => a - b);
      const at = (share: number) => format(sorted[Math.floor(share * (sorted.length - 1))] ?? 0);
      return [month, String(sorted.length), at(0), at(0.5), at(1)];
    }),
  };
}

/** Less than that is no time to see anything over. */
const shownMsMin = 14 * 86_400_000;

/** Where charts begin: with the first that is known, for a year of nothing before it says nothing. */
export function chartBegin(
  known: readonly (Date | undefined)[],
  { since, at }: { since: Date; at: Date },
): Date {
  const first = Math.min(
    ...known.filter((instant) => instant !== undefined).map((instant) => instant.getTime()),
  );
  return new Date(Math.max(since.getTime(), Math.min(first, at.getTime() - shownMsMin)));
}

/** The middle one; undefined of none. */
export function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)];
}
