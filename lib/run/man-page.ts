// The man page of a job, in the language of man(7), made of the table behind --help.
import { exitCodeTable } from '../base/exit-code.ts';
import type { Command, Example, Job } from './job.ts';
import {
  commonOptions,
  flagsOf,
  helpWord,
  typedArguments,
  typedCommands,
  type TypedOption,
  typedOptions,
  versionOption,
} from './typed.ts';

/** What the page says that no job knows. */
export interface Surroundings {
  version: string;
  /** Where the checkout is, and with it the pages for people. */
  place: string;
  /** The other jobs, by name. */
  others: readonly string[];
}

/** One page, of section 1. */
export function manPage(job: Job, { version, place, others }: Surroundings): string {
  const commands = typedCommands(job);
  const everywhere = shared(commands);
  return [
    macro('TH', job.name.toUpperCase(), '1', '', `Holdfast ${version}`, 'Holdfast'),
    macro('SH', 'NAME'),
    `${text(job.name)} \\- ${text(job.summary.replace(/\.$/, ''))}`,
    macro('SH', 'SYNOPSIS'),
    macro('B', job.name),
    line('[command] [options]'),
    macro('SH', 'DESCRIPTION'),
    ...paragraphs([job.summary, ...job.description]),
    macro('SH', 'COMMANDS'),
    ...commands.flatMap((command) => commandSection(job, command, everywhere)),
    macro('SS', `${job.name} ${helpWord.name} [command]`),
    line(`${capital(helpWord.summary)}.`),
    macro('SH', 'OPTIONS'),
    line('Every command can be told:'),
    ...everywhere.flatMap(optionItem),
    line('Without a command:'),
    ...optionItem(versionOption),
    macro('SH', 'EXIT STATUS'),
    ...exitCodeTable(job.exits).flatMap(({ code, meaning }) => item(bold(String(code)), meaning)),
    macro('SH', 'FILES'),
    ...files.flatMap(([path, meaning]) => item(italic(path), meaning)),
    ...item(italic(`${place}/docs/operations.md`), 'the runbook, ordered by what went wrong'),
    macro('SH', 'EXAMPLES'),
    ...job.examples.flatMap(exampleItem),
    macro('SH', 'SEE ALSO'),
    others.map((name) => `.BR ${text(name)} (1)`).join(' ,\n'),
    '',
  ].join('\n');
}

const files: [path: string, meaning: string][] = [
  ['/etc/holdfast/holdfast.toml', 'the configuration, unless another is named'],
  ['/var/lib/holdfast/ops.db', 'the history'],
];

/** What is said once: it can be told every command of the job. */
function shared(commands: readonly Command[]): TypedOption[] {
  const [first, ...others] = commands.map(commonOptions);
  return (first ?? []).filter((option) => others.every((options) => options.includes(option)));
}

function commandSection(job: Job, command: Command, everywhere: readonly TypedOption[]): string[] {
  const args = typedArguments(command);
  const usage = [job.name, command.name, ...args.map((each) => each.usage)].join(' ');
  return [
    macro('SS', usage),
    line(command.summary),
    ...args.flatMap((each) => item(italic(each.usage), each.description)),
    ...typedOptions(job, command)
      .filter((option) => !everywhere.includes(option))
      .flatMap(optionItem),
    ...(command.examples ?? []).flatMap(exampleItem),
  ];
}

function optionItem(option: TypedOption): string[] {
  return item(bold(flagsOf(option)), option.description);
}

function exampleItem({ command, explanation }: Example): string[] {
  return item(bold(command), explanation);
}

function item(tag: string, meaning: string): string[] {
  return ['.TP', tag, line(meaning)];
}

function paragraphs(texts: readonly string[]): string[] {
  return texts.flatMap((each, index) => (index === 0 ? [line(each)] : ['.PP', line(each)]));
}

/** A macro and its arguments, each of which may have spaces in it. */
function macro(name: string, ...args: string[]): string {
  return `.${name} ${args.map((each) => `"${text(each).replaceAll('"', '\\(dq')}"`).join(' ')}`;
}

/** A line that begins with a dot or an apostrophe would be taken for a macro. */
function line(words: string): string {
  return text(words).replace(/^(?=[.'])/, '\\&');
}

function bold(words: string): string {
  return `\\fB${text(words)}\\fR`;
}

function italic(words: string): string {
  return `\\fI${text(words)}\\fR`;
}

/** Characters that roff would take for others: an escape, a hyphen, quotes that open and close. */
function text(words: string): string {
  return words
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('`', '\\(ga')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti');
}

function capital(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
