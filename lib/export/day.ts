// Service days: what a query lists, and the files that hold them.
import { isCalendarTime } from '../base/calendar.ts';
import type { Cell } from './cell.ts';

/** A service day, `2026-11-27`: a date that the calendar has. */
export type Day = string;

/** Whether `text` is a day, and nothing else: it becomes a part of a file's name. */
export function isDay(text: string): boolean {
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text) ?? [];
  if (year === undefined) return false;
  return isCalendarTime({
    year: Number(year),
    month: Number(month),
    day: Number(day),
    hour: 0,
    minute: 0,
    second: 0,
  });
}

/** What a list of days turned out to be. */
export interface DayList {
  /** In order. */
  days: Day[];
  /** What is wrong with it, in sentences; then no day of it is to be used. */
  problems: string[];
}

/** The days in the first column of what a query returned. One that is listed twice, or is none, is a problem. */
export function dayList(rows: readonly (readonly Cell[])[]): DayList {
  const days = new Set<Day>();
  const problems: string[] = [];
  for (const [index, [cell = null]] of rows.entries()) {
    const problem = dayProblem(cell, days);
    if (problem !== undefined) problems.push(`row ${index + 1} ${problem}`);
    else if (typeof cell === 'string') days.add(cell);
  }
  return { days: [...days].sort(), problems };
}

function dayProblem(cell: Cell, before: ReadonlySet<Day>): string | undefined {
  if (cell === null) return 'is NULL';
  if (typeof cell !== 'string') return 'is no text such as 2026-11-27';
  if (!isDay(cell)) return `is ${JSON.stringify(cell.slice(0, 40))}, which is no day such as 2026-11-27`;
  return before.has(cell) ? `is ${cell}, which was listed before` : undefined;
}

const placeholder = '{day}';

/** The name of a day's file: the pattern with the day in it. */
export function dayFileName(pattern: string, day: Day): string {
  return pattern.replace(placeholder, day);
}

/** The day whose file has this name; undefined for any other file. */
export function dayOfFile(pattern: string, name: string): Day | undefined {
  const [before = '', after = ''] = pattern.split(placeholder);
  if (!name.startsWith(before) || !name.endsWith(after)) return undefined;
  const day = name.slice(before.length, name.length - after.length);
  return isDay(day) && dayFileName(pattern, day) === name ? day : undefined;
}

/** The table whose file has this name; undefined for any other file. */
export function tableOfFile(pattern: string, name: string): string | undefined {
  const [before = '', after = ''] = pattern.split('{table}');
  if (!name.startsWith(before) || !name.endsWith(after)) return undefined;
  const table = name.slice(before.length, name.length - after.length);
  return table !== '' && tableFileName(pattern, table) === name ? table : undefined;
}

/** What is wrong with a pattern for the names of files, in words; undefined when it can be used. */
export function filePatternProblem(pattern: string, wanted: '{day}' | '{table}'): string | undefined {
  if (pattern.split(wanted).length !== 2) return `must have ${wanted} in it once`;
  if (/[/\0]/.test(pattern) || /^\./.test(pattern))
    return 'must be the name of a file, without a folder or a leading dot';
  // What has such a name is replaced: that is never a database, nor what lies beside one.
  if (!/\.(json|ndjson|jsonl)$/.test(pattern)) return 'must end with .json, .ndjson or .jsonl';
  return undefined;
}

/** The name of a table's file; undefined where the table's name cannot be a part of one. */
export function tableFileName(pattern: string, table: string): string | undefined {
  if (/[/\p{Cc}]/u.test(table)) return undefined;
  const name = pattern.replace('{table}', () => table);
  return name.startsWith('.') || Buffer.byteLength(name) > 255 ? undefined : name;
}
