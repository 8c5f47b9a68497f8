// What --help shows below the options.
import { exitCodeTable } from '../base/exit-code.ts';
import type { Example, Job } from './job.ts';

export function examplesText(examples: readonly Example[]): string {
  return [
    'Examples:',
    ...examples.flatMap(({ command, explanation }) => [`  ${command}`, `      ${explanation}`]),
  ].join('\n');
}

export function exitCodesText({ exits }: Job): string {
  return exitCodeTable(exits)
    .map(({ code, meaning }) => `  ${String(code).padStart(3)}  ${meaning}`)
    .join('\n');
}
