// What was typed after `npm run units --`.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { requireAppName } from '../../lib/backup/name.ts';
import { errorMessage, OpsError } from '../../lib/base/errors.ts';
import { printable } from '../../lib/base/printable.ts';

export const usage = `usage: npm run units -- <install|uninstall|status|diff> --app <name> [options]
       npm run units -- <install|uninstall> --services [options]

  install      show what will change, check configuration and secrets, write the units, enable the timers
  diff         show line by line what install would change, and change nothing
  status       which files are installed, changed by hand or out of date, and when the timers run next
  uninstall    stop and remove the units of the app; data, secrets and configuration stay

  --app <name>           the app, as in [apps.<name>] of the configuration
  --services             what belongs to the machine and to no app: delta-receive and delta-pull, where they are configured
  --config <path>        the configuration; as installed before, else /etc/holdfast/holdfast.toml
  --env-file <path>      an environment file with DATABASE_PATH and DROPBOX_…; /etc/<app>-db-sync.env when it is there
  --user <name>          who runs the jobs; as installed before, else holdfast; root only where the app's group cannot
                         reach the database
  --take-over            let the units run this checkout, where they run another one
  --replace-edited       replace files that were changed by hand; what they were stays beside them as <file>.edited
  --root <directory>     work on a system that is not running, below this directory
`;

const commands = ['install', 'uninstall', 'status', 'diff'] as const;

export interface Arguments {
  command: (typeof commands)[number];
  app: string;
  configPath: string | undefined;
  environmentFile: string | undefined;
  /** Undefined for whoever it was before. */
  user: string | undefined;
  replaceEdited: boolean;
  /** Whether the units of another checkout become those of this one. */
  takeOver: boolean;
  /** '/' for the running system. */
  root: string;
}

/** The same for what belongs to no app. */
export interface ServicesArguments extends Omit<Arguments, 'app' | 'command'> {
  command: 'install-services' | 'uninstall-services';
}

/** Returns `help` when that was asked for. Throws OpsError `usage` or `config` for what cannot be meant. */
export function parseInstallArguments(argv: readonly string[]): Arguments | ServicesArguments | 'help' {
  const { values, positionals } = parse(argv);
  if (values.help === true) return 'help';
  const command = commands.find((name) => name === positionals[0]);
  if (command === undefined || positionals.length > 1)
    throw wrong(`cannot do ${JSON.stringify(positionals.join(' '))}: it is none of ${commands.join(', ')}`);
  const common = {
    configPath: values.config === undefined ? undefined : requireAbsolute('--config', values.config),
    environmentFile:
      values['env-file'] === undefined ? undefined : requireAbsolute('--env-file', values['env-file']),
    user: values.user === undefined ? undefined : requireUserName(values.user),
    replaceEdited: values['replace-edited'] === true,
    takeOver: values['take-over'] === true,
    root: resolve(values.root ?? '/'),
  };
  if (values.services === true) {
    if (values.app !== undefined)
      throw wrong('cannot do both: --services is what belongs to no app, --app to one');
    if (command === 'install') return { ...common, command: 'install-services' };
    if (command === 'uninstall') return { ...common, command: 'uninstall-services' };
    throw wrong(`cannot ${command} --services: it is for install and uninstall`);
  }
  if (values.app === undefined) throw wrong(`cannot ${command}: --app <name> is missing`);
  return { ...common, command, app: requireAppName(values.app) };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        app: { type: 'string' },
        services: { type: 'boolean' },
        config: { type: 'string' },
        'env-file': { type: 'string' },
        user: { type: 'string' },
        'replace-edited': { type: 'boolean' },
        'take-over': { type: 'boolean' },
        root: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw wrong(`cannot understand that: ${errorMessage(error)}`);
  }
}

/** The unit reads it as well, from its own directory. */
function requireAbsolute(option: string, path: string): string {
  if (path.startsWith('/') && printable(path) === path) return path;
  throw wrong(`cannot use ${option} ${JSON.stringify(path)}: it must be an absolute path`);
}

function requireUserName(name: string): string {
  if (/^[a-z_][a-z0-9_-]{0,30}$/.test(name)) return name;
  throw wrong(`cannot use --user ${JSON.stringify(name)}: that is no user name`);
}

function wrong(message: string): OpsError {
  return new OpsError('usage', message, { hint: 'npm run units -- --help' });
}
