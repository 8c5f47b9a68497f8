// What a job may say while it runs. Where the words go (a terminal, the journal, nowhere) is decided by lib/run.

/** Constant message, facts in fields. Secrets never enter a field. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export type LogFields = Record<string, string | number | boolean | null | undefined>;

/** What progress is counted in. Rows are shown as such, also where nobody knows how many there will be. */
export type ProgressUnit = 'bytes' | 'steps' | 'rows';

/** Tells a person how far long work is. `update` may be called as often as one likes. */
export interface Progress {
  /** Starts a task of `total` bytes (or steps, or rows); ends the one before it. 0 where nobody knows: the time is shown. */
  start(task: string, total: number, unit?: ProgressUnit): void;
  /** `detail`: what else is to be seen of it, such as `batch 3`. */
  update(done: number, detail?: string): void;
  /** Ends the current task, leaving nothing on the terminal. */
  end(): void;
}

/** Says nothing: for code that runs without a person watching. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
export const silentProgress: Progress = { start() {}, update() {}, end() {} };
