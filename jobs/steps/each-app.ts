// One command over several apps: each in turn, one failure not stopping the others.
import { OpsError } from '../../lib/base/errors.ts';
import type { ErrorKind } from '../../lib/base/exit-code.ts';
import { type GuardedApp, guardedApps, isGuarded } from '../../lib/config/config.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Input, Outcome, Trouble } from '../../lib/run/job.ts';

/** How it went for one app: data, or the reason why it could not go on. */
export type AppResult<Value> =
  | { app: string; ok: true; value: Value }
  | { app: string; ok: false; error: { kind: ErrorKind; message: string; hint: string | undefined } };

/**
 * The apps with a database that a command is about: the one named by `--app`, else all. Throws OpsError `usage` for an
 * unknown name, and `config` for an app without a database, or where no app has one.
 */
export function selectedApps({ config }: JobContext, input: Input): readonly GuardedApp[] {
  const apps = guardedApps(config);
  if (apps.length === 0) throw withoutDatabase(`no app of ${config.source} has one`);
  if (input.app === undefined) return apps;
  const app = config.apps.find(({ name }) => name === input.app);
  if (app !== undefined && isGuarded(app)) return [app];
  if (app !== undefined) throw withoutDatabase(`${app.name} of ${config.source} has none`);
  const known = apps.map(({ name }) => name).join(', ');
  throw new OpsError(
    'usage',
    `cannot find the app ${JSON.stringify(input.app)}: ${config.source} has ${known}`,
    {
      hint: `name one of them: --app ${apps[0]?.name}`,
    },
  );
}

function withoutDatabase(why: string): OpsError {
  return new OpsError('config', `cannot find a database to guard: ${why}`, {
    hint: 'write database = "/path/to/app.db" in the table of an app; docs/configuration.md has every key',
  });
}

/** The one app a command is about. Throws OpsError `usage` when there are several and none is named. */
export function selectedApp(context: JobContext, input: Input): GuardedApp {
  const [app, ...others] = selectedApps(context, input);
  if (app !== undefined && others.length === 0) return app;
  const known = guardedApps(context.config)
    .map(({ name }) => name)
    .join(', ');
  throw new OpsError('usage', `cannot tell which app is meant: ${context.config.source} has ${known}`, {
    hint: 'name it with --app <name>',
  });
}

/**
 * Does `work` for each app, in the order of the configuration. With a single app its error is the command's own;
 * with several, errors become data. Being stopped ends the round at once, and so does a bug.
 */
export async function eachApp<Value>(
  context: JobContext,
  apps: readonly GuardedApp[],
  work: (app: GuardedApp) => Promise<Value>,
): Promise<AppResult<Value>[]> {
  const results: AppResult<Value>[] = [];
  for (const app of apps) {
    context.signal.throwIfAborted();
    try {
      results.push({ app: app.name, ok: true, value: await work(app) });
    } catch (error) {
      if (!(error instanceof OpsError) || apps.length === 1 || context.signal.aborted) throw error;
      context.log.error(`${app.name}: ${error.message}`);
      if (error.hint !== undefined) context.log.error(`${app.name}: hint: ${error.hint}`);
      results.push({
        app: app.name,
        ok: false,
        error: { kind: error.kind, message: error.message, hint: error.hint },
      });
    }
  }
  return results;
}

/** How the values of a command are told. */
export interface Description<Value> {
  lines(value: Value, app: string): readonly string[];
  isBad(value: Value): boolean;
}

/** The command's outcome: bad news when any app failed or `isBad` says so of its value. */
export function appsOutcome<Value>(
  results: readonly AppResult<Value>[],
  describe: Description<Value>,
): Outcome {
  const troubles = results.flatMap((result) => troubleOf(result, describe));
  return {
    result: { apps: results },
    lines: results.flatMap((result) =>
      result.ok
        ? describe.lines(result.value, result.app)
        : [`${result.app}: failed: ${result.error.message}`],
    ),
    badNews: troubles.length > 0,
    troubles,
  };
}

/** The lines in capitals are the bad ones: SUSPECT, LOST, NOT SOUND. Where there is none, all are told. */
function troubleOf<Value>(result: AppResult<Value>, describe: Description<Value>): Trouble[] {
  const { app } = result;
  if (!result.ok) return [{ app, ...result.error }];
  if (!describe.isBad(result.value)) return [];
  const lines = describe.lines(result.value, app).map((line) => line.replace(`${app}: `, '').trim());
  const bad = lines.filter((line) => /^[A-Z][A-Z ]+:/.test(line));
  return [{ app, message: (bad.length > 0 ? bad : lines).join('; ') }];
}
