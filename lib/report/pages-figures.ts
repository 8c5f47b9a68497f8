// What the report says of backups in pages: how the series stands, what each backup added, and what a restore to each hour reads.
import { formatBytes, formatCount } from '../base/format.ts';
import type { Figure, Table } from './document.ts';
import type { AppFacts, PagesFacts, ReportFacts, RestoreNeed } from './facts.ts';
import { line } from './line-figure.ts';
import { ago, dateOf, minuteOf } from './words.ts';

/** Beside the newest backup of an app; nothing for one that has none in pages. */
export function pagesPairs({ pages }: AppFacts, { at, timeZone }: ReportFacts): [string, string][] {
  if (pages === undefined) return [];
  const newest = pages.needs.at(-1);
  return [
    ['In pages', fullWords(pages, at, timeZone)],
    ...(newest === undefined ? [] : [['Their newest reads', needWords(newest)] as [string, string]]),
  ];
}

function fullWords({ full, increments, due }: PagesFacts, at: Date, timeZone: string): string {
  if (full === undefined) return 'none that increments can be made on';
  const { takenAt, storedBytes } = full;
  const on =
    increments.count === 0
      ? 'no increment on it yet'
      : `${formatCount(increments.count, 'increment')} on it, ${formatBytes(increments.storedBytes)}`;
  const next = due === undefined ? '' : `; a new one is due since ${dateOf(due.since, timeZone)}: ${due.why}`;
  return `${dateOf(takenAt, timeZone)}, ${ago(takenAt, at)}, ${formatBytes(storedBytes)}; ${on}${next}`;
}

function needWords({ backups, readBytes }: RestoreNeed): string {
  return `${formatBytes(readBytes)}, ${backups === 1 ? 'a full' : backups === 2 ? 'a full and an increment' : `a full and ${backups - 1} increments`}`;
}

/** What was added, by the history, and what is needed, by the store. */
export function pagesFigures(app: AppFacts, facts: ReportFacts): Figure[] {
  return [...addedFigure(app, facts), ...needsFigure(app, facts)];
}

/** Increments alone are drawn: beside a full they would be a line on the ground. */
function addedFigure({ backups }: AppFacts, facts: ReportFacts): Figure[] {
  const inPages = backups.filter(({ level }) => level !== undefined);
  const fulls = inPages.filter(({ level }) => level === 0);
  const points = inPages
    .filter(({ level }) => level !== 0)
    .map(({ takenAt, storedBytes, isSound }) => ({ at: takenAt, value: storedBytes, isOdd: !isSound }));
  const last = fulls.at(-1);
  const also =
    last === undefined
      ? ''
      : ` Beside them ${formatCount(fulls.length, 'full')}, the last of ${formatBytes(last.storedBytes)} on ${dateOf(last.takenAt, facts.timeZone)}.`;
  return line('What an increment added to the store', 'bytes', points, facts).map((figure) => ({
    ...figure,
    says: figure.says + also,
  }));
}

function needsFigure({ pages }: AppFacts, facts: ReportFacts): Figure[] {
  const needs = pages?.needs ?? [];
  const points = needs.map(({ at, readBytes }) => ({ at, value: readBytes }));
  const most = Math.max(0, ...needs.map(({ backups }) => backups));
  const also = ` A restore to any of them needs ${formatCount(most, 'backup')} at most.`;
  return line('What a restore reads', 'bytes', points, facts).map((figure) => ({
    ...figure,
    says: figure.says + also,
    table: needsTable(needs, facts),
  }));
}

/** Two days of hours; of older ones restore plan says it. */
const needsMax = 48;

function needsTable(needs: readonly RestoreNeed[], { timeZone }: ReportFacts): Table {
  const shown = needs.slice(-needsMax).reverse();
  return {
    caption: 'What a restore to each needs',
    columns: [
      { title: 'To', isShort: true },
      { title: 'Kind' },
      { title: 'Added', isNumber: true, inWords: 'added' },
      { title: 'A restore reads', isNumber: true, inWords: 'a restore reads' },
      { title: 'Backups', isNumber: true, inWords: 'of backups' },
    ],
    rows: shown.map(({ at, level, addedBytes, readBytes, backups }) => [
      minuteOf(at, timeZone),
      level === 0 ? 'full' : `increment of level ${level}`,
      formatBytes(addedBytes),
      formatBytes(readBytes),
      String(backups),
    ]),
    rest:
      needs.length > shown.length
        ? `and ${needs.length - shown.length} earlier ones: restore plan shows the chain of each`
        : undefined,
  };
}
