// What --help shows below the options.
import { exitCodeTable } from '../base/exit-code.ts';
import { nearest } from '../base/nearest.ts';
import { heading } from './colour.ts';
import type { Example, Job } from './job.ts';
import { typedAs, typedCommands } from './typed.ts';

export function examplesText(examples: readonly Example[]): string {
  return [
    heading('Examples:'),
    ...examples.flatMap(({ command, explanation }) => [`  ${command}`, `      ${explanation}`]),
  ].join('\n');
}

export function exitCodesText({ exits }: Job): string {
  return exitCodeTable(exits)
    .map(({ code, meaning }) => `  ${String(code).padStart(3)}  ${meaning}`)
    .join('\n');
}

/** What helps who typed a command that there is none of. */
export function commandHint(job: Job, typed: string): string {
  const flagged = job.commands.find(({ name }) => name === typed);
  const as = flagged && typedAs(flagged);
  if (as !== undefined) return `did you mean ${job.name} ${as.command} --${as.flag}?`;
  const names = typedCommands(job).map(({ name }) => name);
  const near = nearest(typed, names);
  const known = `the commands are ${names.join(', ')}`;
  return near === undefined ? known : `did you mean ${job.name} ${near}? ${known}`;
}

/** `db-backup verify`, as far as a command was typed. */
export function typedCommand(job: Job, args: readonly string[]): string {
  const command = args.find((arg) => job.commands.some(({ name }) => name === arg));
  return command === undefined ? job.name : `${job.name} ${command}`;
}
