// What a job is: a name, and commands that take a context and return data. A job never prints, exits, or reads the
// clock or the environment itself; lib/run/main is the only frame around it.
import type { ErrorKind, ExitConvention } from '../base/exit-code.ts';
import type { Finding } from '../base/finding.ts';
import type { RunResult } from '../incident/observation.ts';
import type { JobContext } from './context.ts';
import type { Options, Parameters } from './parameter.ts';
import type { Serve } from './service.ts';

/** One executable: `bin/<name>`, `jobs/<name>.ts`, docs/commands/<name>.md. */
export interface Job {
  readonly name: string;
  /** One sentence, for `--help`. */
  readonly summary: string;
  /** What an operator should know before the first use; paragraphs for `--help`. */
  readonly description: readonly string[];
  readonly examples: readonly Example[];
  readonly commands: readonly Command[];
  /** How the verdict of a run becomes its exit code; `plain` unless said. */
  readonly exits?: ExitConvention;
  /** One command line, to be typed as it is, for the person who is told of a run that ended badly. */
  readonly nextCommand: (ended: EndedRun) => string;
}

export interface Example {
  readonly command: string;
  readonly explanation: string;
}

/** What is known of a run that ended badly, where the next command is chosen. */
export interface EndedRun {
  readonly result: RunResult;
  readonly kind: ErrorKind | undefined;
  /** The one app it is about, where there is one and others beside it. */
  readonly app: string | undefined;
  /** The systemd unit, where one is known. */
  readonly unit: string | undefined;
  /** What our own commands need beside it to find the configuration: ` --config <path>`, or nothing. */
  readonly configOption: string;
}

/** What is said of a command before it is loaded: `--help` must not wait for its steps. */
interface Described {
  readonly name: string;
  readonly summary: string;
  /** Runs when the job is started without a command. */
  readonly isDefault?: boolean;
  readonly examples?: readonly Example[];
  /** Whether the run leaves a row in the history, and is told of where it fails: it changes or proves something. */
  readonly inHistory?: boolean;
  /**
   * What it wants of the store: to `store` something, which makes one where nobody was before, or to make one on purpose,
   * `init`. Unless given it only looks, and changes nothing there but what it was told to; at a `glance` it has other things
   * to say, and does not wait for a store that does not answer.
   */
  readonly wantsStore?: 'store' | 'init' | 'glance';
  /** Whether it works with a store and no app that is configured. */
  readonly storeIsEnough?: boolean;
  /** Whether it works where nothing is configured yet. */
  readonly nothingIsNeeded?: boolean;
  /** Whether it works with a PostgreSQL database that DATABASE_URL names, and no app that is configured. */
  readonly databaseUrlIsEnough?: boolean;
  /** Whether it goes on with what was kept of the settings where they cannot be read now: it tells of such things. */
  readonly lastSettingsAreEnough?: boolean;
  /** Commands of this job whose failure is old news once this one ends well: it does what they do. */
  readonly proves?: readonly string[];
  /** It stops the services of an app meanwhile: where it leaves them so, that is told, whoever sees it. */
  readonly stopsServices?: boolean;
  /** A person sits before it and sees how it ends: nobody else is told. */
  readonly attended?: boolean;
  /** Rows pass through it by the million, as they do through every service of ours: see `keepHeapSmall`. */
  readonly passesRows?: boolean;
  /** It reads rows of a database: the process for that is started while all else is made ready. */
  readonly readsRows?: boolean;
}

/** One thing the job can be told to do. */
export type Command = EndingCommand | ServiceCommand;

/** Comes to an end by itself. Made by `defineCommand`, which checks that its parts fit. */
export interface EndingCommand extends Described {
  readonly kind: 'ending';
  readonly parameters: Parameters;
  readonly load: () => Promise<AnySteps>;
  /** What `--dry-run` does instead; without it there is no `--dry-run`. */
  readonly loadPlan: (() => Promise<AnySteps>) | undefined;
  /** What it is another name of: that is done, and said. Its own steps are never asked for. */
  readonly means?: Meaning;
}

/** The command of a job, here or elsewhere, that another name stands for. */
interface Meaning {
  readonly job: Job;
  readonly command: EndingCommand;
  /** What is said to it without being typed. */
  readonly given: Readonly<Record<string, string | boolean>>;
  /** The same as a person types it. */
  readonly typed: string;
}

/** Runs until it is told to stop; lib/run/serve is its frame. Made by `defineService`. */
export interface ServiceCommand extends Described {
  readonly kind: 'service';
  readonly parameters: Parameters;
  /** How long it may take to finish what it has in hand when it is told to stop. */
  readonly graceMs: number;
  /** It is typed as another command with a flag, `run --watch`, whose parameters it takes. */
  readonly typedAs?: { readonly command: string; readonly flag: string } | undefined;
  readonly load: () => Promise<{ readonly serve: Serve<Options> }>;
}

/** The steps of a command, and its result in words. */
export interface Steps<Given, Result> {
  /** Throws OpsError where it cannot go on; everything else thrown is a bug. */
  readonly run: (context: JobContext, options: Given) => Promise<Outcome<Result>>;
  /** What a person reads, line by line. */
  readonly text: (result: Result, view: View) => readonly string[];
}

/** Steps whose types fit one another, as `defineCommand` has seen. */
export type AnySteps = Steps<Options, unknown>;

/** How a command ended: the data, exactly as `--json` prints it, and the bad news in it. The verdict is the worst of them. */
export interface Outcome<Result> {
  readonly result: Result;
  readonly findings: readonly Finding[];
  /**
   * It has left everything to another run that is at work: it ends well, and is no news of any kind, neither that something is wrong
   * nor that it is well again.
   */
  readonly isLeftToOther?: boolean;
}

/** From where a result is looked at. */
export interface View {
  readonly now: Date;
  /** The zone that times are shown in. */
  readonly timeZone: string;
  /** How wide the terminal is that it is printed to; undefined for a file, a pipe or a program. */
  readonly columns?: number | undefined;
  /** The bad news of the run, with hints that work as typed. */
  readonly findings: readonly Finding[];
}

/** A command, its parameters and the module with its steps, which have to fit one another. */
export interface CommandDefinition<Given extends Parameters, Result, Plan> extends Described {
  readonly parameters: Given;
  readonly load: () => Promise<Steps<Options<Given>, Result>>;
  readonly loadPlan?: () => Promise<Steps<Options<Given>, Plan>>;
}

/** Checks that the steps take what the parameters give, and that their words are those of their result. */
export function defineCommand<Given extends Parameters, Result, Plan>(
  definition: CommandDefinition<Given, Result, Plan>,
): EndingCommand {
  const { load, loadPlan, ...described } = definition;
  return {
    ...described,
    kind: 'ending',
    // From here on nobody knows the types any more: the frame gives the steps what the parser made of the parameters,
    // and the words what the steps returned.
    load: load as unknown as EndingCommand['load'],
    loadPlan: loadPlan as unknown as EndingCommand['loadPlan'],
  };
}

/** A service, its parameters and the module with its work, which have to fit one another. */
interface ServiceDefinition<Given extends Parameters> extends Described {
  readonly parameters: Given;
  readonly graceMs: number;
  readonly typedAs?: ServiceCommand['typedAs'];
  readonly load: () => Promise<{ readonly serve: Serve<Options<Given>> }>;
}

/** Checks that the service takes what the parameters give. */
export function defineService<Given extends Parameters>(
  definition: ServiceDefinition<Given>,
): ServiceCommand {
  return { ...definition, kind: 'service', load: definition.load as unknown as ServiceCommand['load'] };
}

/** Another name, with a summary of its own, of a command that there is: with these of its parameters, and the rest as `given`. */
export function defineAlias({
  name,
  summary,
  takes,
  means: { job, command: meant, given, typed },
}: {
  name: string;
  summary: string;
  /** Those of its parameters that can be typed here. */
  takes: readonly string[];
  means: Omit<Meaning, 'command'> & { command: string };
}): EndingCommand {
  const command = job.commands.find((known) => known.name === meant);
  if (command?.kind !== 'ending') throw new Error(`${job.name} has no command ${meant}`);
  const parameters = Object.fromEntries(
    Object.entries(command.parameters).filter(([parameter]) => takes.includes(parameter)),
  );
  return { ...command, name, summary, parameters, means: { job, command, given, typed } };
}
