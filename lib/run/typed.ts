// What can be typed behind the name of a job, as data: the one table of which the parser, --help, the completion of shells
// and the man pages are made.
import type { Command, Job, ServiceCommand } from './job.ts';
import type { Offered, Parameter } from './parameter.ts';

export interface TypedOption {
  /** `app` for `--app`. */
  readonly long: string;
  /** `y` for `-y`. */
  readonly short?: string | undefined;
  /** What stands for its value in --help; undefined for a flag, which has none. */
  readonly value?: string | undefined;
  readonly description: string;
  readonly offered?: Offered;
  /** The option that it cannot be typed with. */
  readonly conflicts?: string;
}

export interface TypedArgument {
  /** `<name>`, or `[name]` where it may be left out. */
  readonly usage: string;
  readonly description: string;
  readonly offered: Offered;
}

export const helpOption: TypedOption = { long: 'help', short: 'h', description: 'print this help' };
/** Without a command alone. */
export const versionOption: TypedOption = { long: 'version', short: 'V', description: 'print the version' };
/** What people type in the place of a command. */
export const helpWord = { name: 'help', summary: 'print this help, or that of a command' };

const config: TypedOption = {
  long: 'config',
  value: 'path',
  description: 'the configuration file',
  offered: { files: 'file' },
};
const envFile: TypedOption = {
  long: 'env-file',
  value: 'path',
  description: 'settings as systemd reads them, before the environment',
  offered: { files: 'file' },
};
const json: TypedOption = { long: 'json', description: 'print the result as one JSON object' };
const noColor: TypedOption = { long: 'no-color', description: 'print without colours' };
const dryRun: TypedOption = { long: 'dry-run', description: 'say what would happen, and change nothing' };
const quiet: TypedOption = {
  long: 'quiet',
  short: 'q',
  description: 'log warnings and errors only',
  conflicts: 'verbose',
};
const verbose: TypedOption = { long: 'verbose', short: 'v', description: 'log every detail' };

/** The commands that have a word of their own. */
export function typedCommands(job: Job): Command[] {
  return job.commands.filter((command) => typedAs(command) === undefined);
}

/** Of a service that is typed as another command with a flag, both. */
export function typedAs(command: Command): ServiceCommand['typedAs'] {
  return command.kind === 'service' ? command.typedAs : undefined;
}

/** The services that are typed as this command with a flag. */
export function flaggedCommands(job: Job, { name }: Command): Command[] {
  return job.commands.filter((other) => typedAs(other)?.command === name);
}

/** In the order of the command line. */
export function typedArguments({ parameters }: Command): TypedArgument[] {
  return Object.entries(parameters).flatMap(([name, parameter]) => {
    if (parameter.kind !== 'argument') return [];
    const { required, description, offered } = parameter;
    return [{ usage: required ? `<${typedName(name)}>` : `[${typedName(name)}]`, description, offered }];
  });
}

/** In the order of --help: those of the command first, and then what every command can be told. */
export function typedOptions(job: Job, command: Command): TypedOption[] {
  const own = Object.entries(command.parameters).flatMap(([name, parameter]) => optionOf(name, parameter));
  const flagged = flaggedCommands(job, command).map((other) => ({
    long: typedAs(other)?.flag ?? '',
    description: other.summary,
  }));
  return [...own, ...flagged, ...commonOptions(command)];
}

/** What every command can be told; a plan only where it has one. */
export function commonOptions(command: Command): TypedOption[] {
  const hasPlan = command.kind === 'ending' && command.loadPlan !== undefined;
  return [config, envFile, json, noColor, ...(hasPlan ? [dryRun] : []), quiet, verbose, helpOption];
}

function optionOf(name: string, parameter: Parameter): TypedOption[] {
  const { description } = parameter;
  switch (parameter.kind) {
    case 'argument':
      return [];
    case 'app':
      return [{ long: 'app', value: 'name', description, offered: { names: 'app' } }];
    case 'flag':
      return [{ long: typedName(name), short: parameter.short, description }];
    case 'option': {
      const { value, offered } = parameter;
      return [{ long: typedName(name), value, description, offered }];
    }
  }
}

/** `-y, --yes`, `--app <name>`. */
export function flagsOf({ long, short, value }: TypedOption): string {
  return `${short === undefined ? '' : `-${short}, `}--${long}${value === undefined ? '' : ` <${value}>`}`;
}

/** The flag of a parameter's name: `acceptShrink` is typed `accept-shrink`. */
function typedName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
