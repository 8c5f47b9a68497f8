// The command line: a job's definition as a commander program. Only this file knows commander.
import { Command as Program, CommanderError, InvalidArgumentError, Option as ProgramOption } from 'commander';
import { errorExitCodes } from '../base/exit-code.ts';
import { printable } from '../base/printable.ts';
import { type Asked, type Meant, meant } from './asked.ts';
import { heading } from './colour.ts';
import { commandHint, examplesText, exitCodesText, typedCommand } from './help-text.ts';
import type { Command, Job } from './job.ts';
import type { Options } from './parameter.ts';
import {
  flaggedCommands,
  flagsOf,
  helpOption,
  helpWord,
  typedArguments,
  typedAs,
  typedCommands,
  type TypedOption,
  typedOptions,
  versionOption,
} from './typed.ts';

/** How parsing ended: something to run, or an exit code when help or an error was printed already. */
export type ParseResult = { run: Asked } | { exitCode: number };

export interface ParseStreams {
  version: string;
  writeOut(text: string): void;
  writeErr(text: string): void;
  /** Whether what is written out may have colours; it has none unless given. */
  isColoured?: boolean;
}

/** Parses `arguments` (without node and script). Prints help, the version or a usage error itself. */
export async function parseArguments(
  job: Job,
  args: readonly string[],
  streams: ParseStreams,
): Promise<ParseResult> {
  let run: Asked | undefined;
  const program = buildProgram(job, streams, (parsed) => (run = parsed));
  const exitCode = errorExitCodes.usage.code;
  try {
    await program.parseAsync(withCommandFirst(program, withoutHelpWord(job, args)), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { exitCode: 0 };
    // Without a command the help was printed, which says it all.
    if (error.code !== 'commander.help')
      await tellMistake(job, args, { ...mistake(program, job, args, error), exitCode }, streams);
    return { exitCode };
  }
  return run === undefined ? { exitCode } : { run };
}

/** `help` and `help COMMAND`, as people type them, are `--help` and `COMMAND --help`. */
function withoutHelpWord(job: Job, args: readonly string[]): string[] {
  const [word, name, ...others] = args;
  if (word !== 'help') return [...args];
  if (name === undefined) return ['--help'];
  if (!job.commands.some((command) => command.name === name)) throw unknownCommand(name);
  return [name, '--help', ...others];
}

/**
 * The same with the command before its options: `--config x info` is `info --config x`. Left as it is, the default command
 * would take the word for an argument of its own.
 */
function withCommandFirst(program: Program, args: readonly string[]): string[] {
  const at = firstWord(program, args);
  const word = args[at];
  if (word === undefined || !program.commands.some((command) => command.name() === word)) return [...args];
  return [word, ...args.slice(0, at), ...args.slice(at + 1)];
}

/** Where the first argument stands that is neither an option nor the value of one; -1 where there is none. */
function firstWord(program: Program, args: readonly string[]): number {
  const options = program.commands.flatMap((command) => command.options);
  const takeValues = new Set(options.filter(({ required }) => required).map(({ long }) => long));
  const end = args.indexOf('--'); // behind it all words are arguments
  return args
    .slice(0, end === -1 ? undefined : end)
    .findIndex((arg, index) => !arg.startsWith('-') && !takeValues.has(args[index - 1]));
}

function unknownCommand(name: string): CommanderError {
  return new CommanderError(1, 'commander.unknownCommand', `error: unknown command '${name}'`);
}

/** What is wrong with the command line, and what would be right. */
function mistake(program: Program, job: Job, args: readonly string[], error: CommanderError) {
  const [, cause = '', suggestion] = /^error: (.*?)(?:\n\((Did you mean .*)\))?$/s.exec(error.message) ?? [];
  const taken = error.code === 'commander.excessArguments' ? takenByDefault(program, job, args) : undefined;
  const message = taken === undefined ? cause : `unknown command '${taken}'`;
  const unknown = /^unknown command '(.*)'$/s.exec(message)?.[1];
  const hint =
    unknown === undefined
      ? (suggestion?.replace(/^Did/, 'did') ?? `${typedCommand(job, args)} --help shows what can be typed`)
      : commandHint(job, unknown);
  return { message: printable(`cannot understand the command line: ${message}`), hint: printable(hint) };
}

/** The word that was meant as a command, and that the default command was given as an argument too many. */
function takenByDefault(program: Program, job: Job, args: readonly string[]): string | undefined {
  const name = job.commands.find(({ isDefault }) => isDefault === true)?.name;
  if (name === undefined || args.includes(name)) return undefined;
  return program.commands.find((command) => command.name() === name)?.args[0];
}

async function tellMistake(
  job: Job,
  args: readonly string[],
  failure: { message: string; hint: string; exitCode: number },
  { writeOut, writeErr }: ParseStreams,
): Promise<void> {
  const command = args.find((arg) => job.commands.some(({ name }) => name === arg)) ?? '';
  const { renderers } = await import('./report.ts'); // --help must not wait for it
  const error = { kind: 'usage', ...failure } as const;
  if (args.includes('--json'))
    writeOut(renderers.json.failed({ job: job.name, command, error, traffic: undefined }));
  writeErr(`${job.name}: error: ${failure.message}\n${job.name}: hint: ${failure.hint}\n`);
}

/** The help text of a job, and of each of its commands: the source of docs/commands. */
export function helpTexts(job: Job, version: string): { name: string | undefined; text: string }[] {
  const streams = { version, writeOut() {}, writeErr() {} };
  const program = buildProgram(job, streams, () => undefined);
  return [
    { name: undefined, text: capture(program) },
    ...program.commands.map((command) => ({ name: command.name(), text: capture(command) })),
  ];
}

function capture(program: Program): string {
  let text = '';
  program.configureOutput({ writeOut: (part) => (text += part), getOutHelpWidth: () => 100 }).outputHelp();
  return text;
}

function buildProgram(job: Job, streams: ParseStreams, found: (parsed: Asked) => void): Program {
  const program = new Program(job.name)
    .description([job.summary, ...job.description].join('\n\n'))
    .version(streams.version, flagsOf(versionOption), versionOption.description)
    .helpOption(flagsOf(helpOption), helpOption.description)
    .helpCommand(`${helpWord.name} [command]`, helpWord.summary)
    .showSuggestionAfterError()
    .configureHelp({ sortSubcommands: false, sortOptions: false, styleTitle: heading })
    .configureOutput({
      writeOut: streams.writeOut,
      writeErr: streams.writeErr,
      getOutHasColors: () => streams.isColoured ?? false,
      outputError: () => undefined, // told by tellMistake
    })
    .exitOverride();
  for (const command of typedCommands(job)) addCommand(program, job, command, found);
  program.addHelpText(
    'after',
    `\n${examplesText(job.examples)}\n\n${heading('Exit codes:')}\n${exitCodesText(job)}`,
  );
  return program;
}

function addCommand(program: Program, job: Job, command: Command, found: (parsed: Asked) => void): void {
  const sub = program
    .command(command.name, { isDefault: command.isDefault ?? false })
    .description(command.summary)
    .copyInheritedSettings(program);
  for (const { usage, description } of typedArguments(command)) sub.argument(usage, description);
  for (const option of typedOptions(job, command))
    if (option !== helpOption) sub.addOption(programOption(option));
  const flagged = flaggedCommands(job, command);
  if (command.examples !== undefined) sub.addHelpText('after', `\n${examplesText(command.examples)}`);
  sub.addHelpText('after', `\nExit codes: see ${job.name} --help`);
  sub.action(() => {
    const given = sub.opts();
    const chosen = flagged.find((other) => given[typedAs(other)?.flag ?? ''] === true);
    const typed = chosen ?? command;
    found({ ...common(sub), ...meant(job, typed, optionsOf(typed, sub)) });
  });
}

/**
 * One with a value does not take the next option for it (`--to --yes` names no file), and of two values neither is quietly
 * dropped.
 */
function programOption(typed: TypedOption): ProgramOption {
  const option = new ProgramOption(flagsOf(typed), typed.description);
  if (typed.conflicts !== undefined) option.conflicts(typed.conflicts);
  if (typed.value === undefined) return option;
  return option.argParser((value: string, previous: string | undefined) => {
    if (previous !== undefined) throw new InvalidArgumentError('It was given twice.');
    if (value === '') throw new InvalidArgumentError('The value is empty.');
    if (!value.startsWith('--')) return value;
    throw new InvalidArgumentError('It looks like an option; the value is missing.');
  });
}

/** What the parameters of the command were given. */
function optionsOf({ parameters }: Command, sub: Program): Options {
  const given = sub.opts<Record<string, string | boolean | undefined>>();
  const kinds = Object.entries(parameters);
  const positions = kinds.filter(([, { kind }]) => kind === 'argument').map(([name]) => name);
  const options = kinds.map(([name, { kind }]) => {
    if (kind === 'argument') return [name, text(sub.processedArgs[positions.indexOf(name)])];
    return [name, kind === 'flag' ? given[name] === true : text(given[kind === 'app' ? 'app' : name])];
  });
  return Object.fromEntries(options) as Options;
}

/** What every command can be told. */
function common(sub: Program): Omit<Asked, keyof Meant> {
  const given = sub.opts<Record<string, string | boolean | undefined>>();
  return {
    app: text(given.app),
    dryRun: given.dryRun === true,
    configPath: text(given.config),
    envFile: text(given.envFile),
    format: given.json === true ? 'json' : 'text',
    withoutColour: given.color === false,
    verbosity: given.quiet === true ? 'quiet' : given.verbose === true ? 'verbose' : 'normal',
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
