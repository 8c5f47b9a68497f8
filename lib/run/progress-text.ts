// How far a task is, in one line: `copying  ███████░░░  62 %  620 MB of 1.0 GB  180 MB/s  2 s left`.
import { formatBytes, formatDuration, groupThousands } from '../base/format.ts';
import type { ProgressUnit } from '../base/log.ts';
import { printable } from '../base/printable.ts';
import { cutToWidth, textWidth } from '../base/text-width.ts';

export interface Task {
  readonly name: string;
  /** 0 where nobody knows. */
  readonly total: number;
  readonly unit: ProgressUnit;
  readonly startedMs: number;
}

export interface Reached {
  done: number;
  detail: string | undefined;
  now: number;
  /** Where it stood when it was first heard of: an upload that goes on is not fast because of what was sent before. */
  first: { done: number; ms: number } | undefined;
  /** As wide as it may be, with a bar; undefined for a line of a log, which has none. */
  columns: number | undefined;
}

/** A part of the line. Where there is no room the one that matters least goes first. */
interface Part {
  text: string;
  matters: number;
}

const between = '  ';
const narrow = 60;

/** The text; never empty. */
export function progressText(task: Task, reached: Reached): string {
  const parts = partsOf(task, reached);
  const { columns } = reached;
  const text = () => parts.map((part) => part.text).join(between);
  while (columns !== undefined && parts.length > 2 && textWidth(text()) > columns)
    parts.splice(parts.indexOf(leastOf(parts)), 1);
  return columns === undefined || textWidth(text()) <= columns ? text() : cutName(task.name, parts, columns);
}

function partsOf({ name, total, unit, startedMs }: Task, reached: Reached): Part[] {
  const { done, detail, now, first, columns } = reached;
  const since = first !== undefined && done > first.done ? first : { done: 0, ms: startedMs };
  const perMs = (done - since.done) / Math.max(1, now - since.ms);
  const share = total === 0 ? undefined : Math.min(1, done / total);
  const parts: (Part | false)[] = [
    { text: name, matters: 9 },
    columns !== undefined && share !== undefined && { text: bar(share, columns), matters: 3 },
    share !== undefined && { text: `${Math.floor(share * 100)} %`, matters: 8 },
    unit === 'rows' && { text: rowsWords(done, total), matters: 5 },
    unit === 'bytes' &&
      share !== undefined && { text: `${formatBytes(done)} of ${formatBytes(total)}`, matters: 2 },
    unit === 'bytes' &&
      share !== undefined &&
      perMs > 0 && { text: `${formatBytes(perMs * 1000)}/s`, matters: 1 },
    detail !== undefined && { text: printable(detail), matters: 4 },
    share === undefined && now - startedMs >= 1000 && { text: formatDuration(now - startedMs), matters: 7 },
    share !== undefined &&
      share > 0.01 &&
      share < 1 &&
      perMs > 0 && { text: `${formatDuration((total - done) / perMs)} left`, matters: 6 },
  ];
  return parts.filter((part) => part !== false);
}

function bar(share: number, columns: number): string {
  const width = columns < narrow ? 10 : 20;
  return '█'.repeat(Math.round(share * width)).padEnd(width, '░');
}

function rowsWords(done: number, total: number): string {
  return `${groupThousands(done)}${total === 0 ? '' : ` of ${groupThousands(total)}`} rows`;
}

function leastOf(parts: readonly Part[]): Part {
  return parts.reduce((least, part) => (part.matters < least.matters ? part : least));
}

/** What stands behind the name is the news. */
function cutName(name: string, parts: readonly Part[], columns: number): string {
  const others = parts.slice(1).map(({ text }) => between + text);
  const room = columns - textWidth(others.join('')) - 1;
  return room < 1 ? cutToWidth(name, columns) : `${cutToWidth(name, room)}…${others.join('')}`;
}
