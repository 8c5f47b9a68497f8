// What a job is: a name, and commands that take a context and return data. A job never prints, exits, or reads the
// clock or the environment itself; lib/run/main is the only frame around it.
import type { ErrorKind } from '../base/exit-code.ts';
import type { JobContext } from './context.ts';

/** One executable: `bin/<name>`, `jobs/<name>.ts`, docs/commands/<name>.md. */
export interface Job {
  readonly name: string;
  /** One sentence, for `--help`. */
  readonly summary: string;
  /** What an operator should know before the first use; paragraphs for `--help`. */
  readonly description: readonly string[];
  readonly examples: readonly Example[];
  readonly commands: readonly Command[];
}

export interface Example {
  readonly command: string;
  readonly explanation: string;
}

/** One thing the job can be told to do. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  /** Runs when the job is started without a command. */
  readonly isDefault?: boolean;
  readonly arguments?: readonly Argument[];
  readonly options?: readonly Option[];
  readonly examples?: readonly Example[];
  /** Whether the run leaves a row in the history: it changes something or proves something. */
  readonly recorded: boolean;
  /** Commands of this job whose failure is old news once this one ends well: it does what they do. */
  readonly proves?: readonly string[];
  /** A person sits before it and sees how it ends: nobody else is told. */
  readonly attended?: boolean;
  /** Loads the steps, only when they are needed: `--help` must not wait for them. */
  readonly load: () => Promise<{ run: CommandRun }>;
}

/** An argument by position; `[name]` in the usage line unless required. */
export interface Argument {
  readonly name: string;
  readonly description: string;
  readonly required: boolean;
}

/** `--flag`, or `--flag <value>`. */
export interface Option {
  readonly flags: string;
  readonly description: string;
}

/** The steps of a command. Throws OpsError where it cannot go on; everything else thrown is a bug. */
export type CommandRun = (context: JobContext, input: Input) => Promise<Outcome>;

/** What was typed. */
export interface Input {
  argument(position: number): string | undefined;
  /** The value of `--name <value>`. */
  option(name: string): string | undefined;
  /** Whether `--name` was given. */
  flag(name: string): boolean;
  readonly dryRun: boolean;
  /** The app named by `--app`. */
  readonly app: string | undefined;
}

/** How a command ended: the data (`--json` prints it), the same in words, and whether it is good news. */
export interface Outcome {
  readonly result: unknown;
  readonly lines: readonly string[];
  /** Bad news exits 1. */
  readonly badNews: boolean;
  /** Which apps the bad news is about, for an alert; the lines tell it where this is left out. */
  readonly troubles?: readonly Trouble[];
}

/** The bad news of one app. */
export interface Trouble {
  readonly app: string;
  readonly message: string;
  readonly hint?: string | undefined;
  /** Where an error is the reason. */
  readonly kind?: ErrorKind | undefined;
}
