// What was asked for on the command line. Another name of a command, which people are used to typing, asks for what it stands
// for: the history, the alerts and the hints know that alone.
import type { Command, Job } from './job.ts';
import type { Options } from './parameter.ts';
import type { Format } from './report.ts';

/** Ready for main. */
export interface Asked extends Meant {
  /** The app that was named, for a command that takes one. */
  app: string | undefined;
  dryRun: boolean;
  configPath: string | undefined;
  envFile: string | undefined;
  format: Format;
  verbosity: 'quiet' | 'normal' | 'verbose';
  /** Not to be, whatever can show it. */
  withoutColour: boolean;
}

/** What is to be done, whatever it was called. */
export interface Meant {
  job: Job;
  command: Command;
  options: Options;
  /** The other name that was typed, and what it means; undefined where it was called by its own. */
  alias: { name: string; means: string } | undefined;
}

/** What was typed, or what that is another name of. */
export function meant(job: Job, command: Command, options: Options): Meant {
  if (command.kind === 'service' || command.means === undefined)
    return { job, command, options, alias: undefined };
  const { job: other, command: meaning, given, typed } = command.means;
  const unsaid = Object.entries(meaning.parameters).map(([name, { kind }]) => [
    name,
    kind === 'flag' ? false : undefined,
  ]);
  return {
    job: other,
    command: meaning,
    options: { ...Object.fromEntries(unsaid), ...options, ...given } as Options,
    alias: { name: `${job.name} ${command.name}`, means: typed },
  };
}
