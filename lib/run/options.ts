// The command line: a job's definition as a commander program. Only this file knows commander.
import { Command as Program, CommanderError, InvalidArgumentError, Option as ProgramOption } from 'commander';
import { errorExitCodes, exitCodeTable } from '../base/exit-code.ts';
import type { Command, Example, Input, Job } from './job.ts';

/** What was asked for, ready for main. */
export interface Parsed {
  command: Command;
  input: Input;
  configPath: string | undefined;
  json: boolean;
  verbosity: 'quiet' | 'normal' | 'verbose';
}

/** How parsing ended: something to run, or an exit code when help or an error was printed already. */
export type ParseResult = { run: Parsed } | { exitCode: number };

export interface ParseStreams {
  version: string;
  writeOut(text: string): void;
  writeErr(text: string): void;
}

/** Parses `arguments` (without node and script). Prints help, the version or a usage error itself. */
export async function parseArguments(
  job: Job,
  args: readonly string[],
  streams: ParseStreams,
): Promise<ParseResult> {
  let run: Parsed | undefined;
  const program = buildProgram(job, streams, (parsed) => (run = parsed));
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { exitCode: 0 };
    const exitCode = errorExitCodes.usage.code;
    // Without a command the help was printed, which says it all.
    if (error.code !== 'commander.help')
      await tellMistake(job, args, { ...mistake(program, job, args, error), exitCode }, streams);
    return { exitCode };
  }
  return run === undefined ? { exitCode: errorExitCodes.usage.code } : { run };
}

/** What is wrong with the command line, and what would be right. */
function mistake(program: Program, job: Job, args: readonly string[], error: CommanderError) {
  const [, cause = '', suggestion] = /^error: (.*?)(?:\n\((Did you mean .*)\))?$/s.exec(error.message) ?? [];
  const taken = error.code === 'commander.excessArguments' ? takenByDefault(program, job, args) : undefined;
  const message = taken === undefined ? cause : `unknown command '${taken}'`;
  const commands = `the commands are ${job.commands.map(({ name }) => name).join(', ')}`;
  const other = message.startsWith('unknown command')
    ? commands
    : `${job.name} --help shows what can be typed`;
  const hint = suggestion?.replace(/^Did/, 'did') ?? other;
  return { message: printable(`cannot understand the command line: ${message}`), hint: printable(hint) };
}

/** What was typed, with control characters escaped: it is shown on terminals. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => JSON.stringify(character).slice(1, -1));
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
  const { failureJson } = await import('./report.ts'); // --help must not wait for it
  if (args.includes('--json')) writeOut(failureJson(job.name, command, { kind: 'usage', ...failure }));
  writeErr(`${job.name}: error: ${failure.message}\n${job.name}: error: hint: ${failure.hint}\n`);
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

function buildProgram(job: Job, streams: ParseStreams, found: (parsed: Parsed) => void): Program {
  const program = new Program(job.name)
    .description([job.summary, ...job.description].join('\n\n'))
    .version(streams.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .showSuggestionAfterError()
    .configureHelp({ sortSubcommands: false, sortOptions: false })
    .configureOutput({
      writeOut: streams.writeOut,
      writeErr: streams.writeErr,
      outputError: () => undefined, // told by tellMistake
    })
    .exitOverride();
  for (const command of job.commands) addCommand(program, job, command, found);
  program.addHelpText('after', `\n${examplesText(job.examples)}\n\nExit codes:\n${exitCodesText()}`);
  return program;
}

function addCommand(program: Program, job: Job, command: Command, found: (parsed: Parsed) => void): void {
  const sub = program
    .command(command.name, { isDefault: command.isDefault ?? false })
    .description(command.summary)
    .helpOption('-h, --help', 'print this help')
    .copyInheritedSettings(program);
  for (const { name, description, required } of command.arguments ?? []) {
    sub.argument(required ? `<${name}>` : `[${name}]`, description);
  }
  for (const { flags, description } of command.options ?? []) sub.addOption(option(flags, description));
  addCommonOptions(sub);
  if (command.examples !== undefined) sub.addHelpText('after', `\n${examplesText(command.examples)}`);
  sub.addHelpText('after', `\nExit codes: see ${job.name} --help`);
  sub.action((...given: unknown[]) => {
    const options = sub.opts<Record<string, string | boolean | undefined>>();
    found(parsed(command, given.slice(0, command.arguments?.length ?? 0), options));
  });
}

/** An option; one with a value does not take the next option for it: `--to --yes` names no file. */
function option(flags: string, description: string): ProgramOption {
  const made = new ProgramOption(flags, description);
  if (!made.required) return made;
  return made.argParser((value: string) => {
    if (value === '') throw new InvalidArgumentError('The value is empty.');
    if (!value.startsWith('--')) return value;
    throw new InvalidArgumentError('It looks like an option; the value is missing.');
  });
}

function addCommonOptions(sub: Program): void {
  sub
    .addOption(option('--app <name>', 'only this app; every app of the configuration unless given'))
    .addOption(option('--config <path>', 'the configuration file'))
    .option('--json', 'print the result as one JSON object')
    .option('--dry-run', 'say what would happen, and change nothing')
    .addOption(new ProgramOption('-q, --quiet', 'log warnings and errors only').conflicts('verbose'))
    .option('-v, --verbose', 'log every detail');
}

function parsed(
  command: Command,
  given: unknown[],
  options: Record<string, string | boolean | undefined>,
): Parsed {
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
  const named = (name: string) =>
    options[name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())];
  return {
    command,
    input: {
      argument: (position) => text(given[position]),
      option: (name) => text(named(name)),
      flag: (name) => named(name) === true,
      dryRun: options.dryRun === true,
      app: text(options.app),
    },
    configPath: text(options.config),
    json: options.json === true,
    verbosity: options.quiet === true ? 'quiet' : options.verbose === true ? 'verbose' : 'normal',
  };
}

function examplesText(examples: readonly Example[]): string {
  return [
    'Examples:',
    ...examples.flatMap(({ command, explanation }) => [`  ${command}`, `      ${explanation}`]),
  ].join('\n');
}

function exitCodesText(): string {
  return exitCodeTable()
    .map(({ code, meaning }) => `  ${String(code).padStart(3)}  ${meaning}`)
    .join('\n');
}
