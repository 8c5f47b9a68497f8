// The log and the progress of a run, on stderr: a bar on a terminal, plain lines elsewhere, priorities in the journal.
import type { Clock } from '../base/clock.ts';
import { formatBytes, formatDuration, groupThousands } from '../base/format.ts';
import type { Log, LogFields, Progress, ProgressUnit } from '../base/log.ts';
import { clip, printable } from '../base/printable.ts';

/** What of it is shown: `quiet` only warnings and errors, `verbose` every detail. */
export type Verbosity = 'quiet' | 'normal' | 'verbose';

export interface TerminalOptions {
  write(text: string): void;
  name: string;
  verbosity: Verbosity;
  isTerminal: boolean;
  columns: number;
  journal: boolean;
  clock: Clock;
  /** Where a service manager listens: told how far the work is, as often as a line is written. */
  tellStatus?: ((text: string) => void) | undefined;
}

const levels = { debug: 7, info: 6, warn: 4, error: 3 } as const;

/** As long as a message of an error may be. */
const messageCharactersMax = 4000;
const fieldCharactersMax = 1000;

const lineIntervalMs = 5000;
const barIntervalMs = 100;

/** A log and a progress display that share one stream without writing into each other. */
export function createTerminal(options: TerminalOptions): { log: Log; progress: Progress } {
  let barShown = false;
  const clearBar = () => {
    if (barShown) options.write('\r\u001b[K');
    barShown = false;
  };
  const say =
    (level: keyof typeof levels) =>
    (message: string, fields: LogFields = {}) => {
      if (level === 'debug' && options.verbosity !== 'verbose') return;
      if (level === 'info' && options.verbosity === 'quiet') return;
      clearBar();
      const shown = clip(printable(message), messageCharactersMax);
      options.write(`${prefix(level, options)}${shown}${formatFields(fields)}\n`);
    };
  const draw = (text: string) => {
    if (options.verbosity === 'quiet') return;
    options.write(`\r${text.slice(0, Math.max(1, options.columns - 1))}\u001b[K`);
    barShown = true;
  };
  return {
    log: { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') },
    progress: createProgress(options, draw, clearBar, say('info')),
  };
}

function prefix(level: keyof typeof levels, { journal, isTerminal, name, clock }: TerminalOptions): string {
  const word = level === 'warn' ? 'warning: ' : level === 'error' ? 'error: ' : '';
  if (journal) return `<${levels[level]}>${word}`;
  if (isTerminal) return `${name}: ${word}`;
  return `${clock.now().toISOString()} ${name}: ${word}`;
}

function formatFields(fields: LogFields): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}=${formatField(value)}`)
    .join('');
}

function formatField(value: LogFields[string]): string {
  const text = clip(String(value), fieldCharactersMax);
  return /^[^\s"=]+$/.test(text) && printable(text) === text ? text : printable(JSON.stringify(text));
}

function createProgress(
  { isTerminal, clock, tellStatus }: TerminalOptions,
  draw: (text: string) => void,
  clear: () => void,
  say: (message: string) => void,
): Progress {
  let task: Task = newTask('', 0, 'bytes', 0);
  return {
    start(given, total, unit = 'bytes') {
      const name = clip(printable(given), fieldCharactersMax);
      const startedMs = clock.monotonicMs();
      task = newTask(name, total, unit, startedMs);
      // A bar is there with the first word: what takes long may have no other for long.
      if (isTerminal) task.shownMs -= barIntervalMs;
      tellStatus?.(name);
    },
    update(done, detail) {
      const now = clock.monotonicMs();
      task.first ??= { done, ms: now };
      if (now - task.shownMs < (isTerminal ? barIntervalMs : lineIntervalMs)) return;
      task.shownMs = now;
      const text = progressText(task, { done, detail, now, bar: isTerminal });
      if (isTerminal) draw(text);
      else say(text);
      tellStatus?.(text);
    },
    end: clear,
  };
}

interface Task {
  name: string;
  total: number;
  unit: ProgressUnit;
  startedMs: number;
  shownMs: number;
  /** Where it stood when it was first heard of: an upload that goes on is not fast because of what was sent before. */
  first: { done: number; ms: number } | undefined;
}

function newTask(name: string, total: number, unit: ProgressUnit, startedMs: number): Task {
  return { name, total, unit, startedMs, shownMs: startedMs, first: undefined };
}

interface Reached {
  done: number;
  detail: string | undefined;
  now: number;
  bar: boolean;
}

/** `copying  ███████░░░  62 %  620 MB of 1.0 GB  180 MB/s  2 s left`; without the bar off a terminal. */
function progressText(
  { name, total, unit, startedMs, first }: Task,
  { done, detail, now, bar }: Reached,
): string {
  const since = first !== undefined && done > first.done ? first : { done: 0, ms: startedMs };
  const perMs = (done - since.done) / Math.max(1, now - since.ms);
  const share = total === 0 ? undefined : Math.min(1, done / total);
  const parts = [name];
  if (bar && share !== undefined) parts.push('█'.repeat(Math.round(share * 20)).padEnd(20, '░'));
  if (share !== undefined) parts.push(`${Math.floor(share * 100)} %`);
  if (unit === 'rows')
    parts.push(`${groupThousands(done)}${share === undefined ? '' : ` of ${groupThousands(total)}`} rows`);
  if (unit === 'bytes' && share !== undefined) {
    parts.push(`${formatBytes(done)} of ${formatBytes(total)}`);
    parts.push(`${formatBytes(perMs * 1000)}/s`);
  }
  if (detail !== undefined) parts.push(printable(detail));
  if (share === undefined) parts.push(formatDuration(now - startedMs));
  else if (share > 0.01 && share < 1 && perMs > 0)
    parts.push(`${formatDuration((total - done) / perMs)} left`);
  return parts.join('  ');
}
