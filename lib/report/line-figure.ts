// A figure of one value over time, with its sentence and its table.
import { formatCount } from '../base/format.ts';
import { median, valuesTable } from './by-period.ts';
import type { Figure } from './document.ts';
import type { ReportFacts } from './facts.ts';
import { formatMeasure } from './measures.ts';
import type { Measure, Point } from './picture.ts';
import { dateOf } from './words.ts';

const dayMs = 86_400_000;

/** None without a point. `points` are oldest first; those that are odd were backups that looked emptied or damaged. */
export function line(
  title: string,
  measure: Measure,
  points: readonly Point[],
  facts: ReportFacts,
): Figure[] {
  const last = points.at(-1);
  const first = points[0];
  if (first === undefined || last === undefined) return [];
  const format = (value: number) => formatMeasure(measure, value);
  const usual = median(points.map(({ value }) => value)) ?? 0;
  const odd = points.filter(({ isOdd }) => isOdd === true).length;
  const { since: from, at: to, timeZone } = facts;
  const before =
    points.length === 1
      ? ''
      : `; ${format(first.value)} on ${dateOf(first.at, timeZone)}, usually ${format(usual)}`;
  return [
    {
      title,
      says:
        `${format(last.value)} on ${dateOf(last.at, timeZone)}${before}.` +
        (odd === 0 ? '' : ` ${formatCount(odd, 'backup')} looked emptied or damaged: marked.`),
      picture: { kind: 'line', measure, from, to, points, gapMs: 2.5 * dayMs },
      table: valuesTable(points, { called: title, format, timeZone }),
    },
  ];
}
