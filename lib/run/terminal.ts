// The log and the progress of a run, on stderr: a bar on a terminal, plain lines elsewhere, priorities in the journal.
import type { Clock } from '../base/clock.ts';
import type { Log, LogFields, Progress } from '../base/log.ts';
import { clip, printable } from '../base/printable.ts';
import { colouredLog } from './colour.ts';
import { progressText, type Reached, type Task } from './progress-text.ts';
import { createStatusLine, type StatusLine } from './status-line.ts';

/** What of it is shown: `quiet` only warnings and errors, `verbose` every detail. */
export type Verbosity = 'quiet' | 'normal' | 'verbose';

export interface TerminalOptions {
  write(text: string): void;
  name: string;
  verbosity: Verbosity;
  isTerminal: boolean;
  /** How wide it is now: a person may change that. */
  columns(): number;
  isColoured: boolean;
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
  const status = createStatusLine(options.write);
  const say =
    (level: keyof typeof levels) =>
    (message: string, fields: LogFields = {}) => {
      if (level === 'debug' && options.verbosity !== 'verbose') return;
      if (level === 'info' && options.verbosity === 'quiet') return;
      const shown = clip(printable(message), messageCharactersMax);
      const line = `${prefix(level, shown, options)}${shown}${formatFields(fields)}\n`;
      status.above(options.isColoured ? colouredLog(line) : line);
    };
  return {
    log: { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') },
    progress: createProgress(options, status, say('info')),
  };
}

/** What helps is no error, though it is as urgent as the one that it follows. */
const hint = /^(\S+: )?hint: /;

function prefix(
  level: keyof typeof levels,
  message: string,
  { journal, isTerminal, name, clock }: TerminalOptions,
): string {
  const word = level === 'warn' ? 'warning: ' : level === 'error' && !hint.test(message) ? 'error: ' : '';
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
  { isTerminal, columns, verbosity, clock, tellStatus }: TerminalOptions,
  status: StatusLine,
  say: (message: string) => void,
): Progress {
  let task: Task = { name: '', total: 0, unit: 'bytes', startedMs: 0 };
  let shownMs = 0;
  let first: Reached['first'];
  const textAt = (done: number, detail?: string) => {
    // One column stays free: a terminal that wraps at once would begin a line of its own.
    const room = isTerminal ? Math.max(1, columns() - 1) : undefined;
    return progressText(task, { done, detail, first, now: clock.monotonicMs(), columns: room });
  };
  const draw = (text: string) => {
    if (verbosity !== 'quiet') status.show(text);
  };
  return {
    start(given, total, unit = 'bytes') {
      const name = clip(printable(given), fieldCharactersMax);
      shownMs = clock.monotonicMs();
      task = { name, total, unit, startedMs: shownMs };
      first = undefined;
      // With its first word: what takes long may have no other for long.
      if (isTerminal) draw(textAt(0));
      tellStatus?.(name);
    },
    update(done, detail) {
      const now = clock.monotonicMs();
      first ??= { done, ms: now };
      if (now - shownMs < (isTerminal ? barIntervalMs : lineIntervalMs)) return;
      shownMs = now;
      const text = textAt(done, detail);
      if (isTerminal) draw(text);
      else say(text);
      tellStatus?.(text);
    },
    end: () => status.clear(),
  };
}
