// One command over several apps: each in turn, one failure not stopping the others.
import { OpsError } from '../../lib/base/errors.ts';
import type { ErrorKind } from '../../lib/base/exit-code.ts';
import { type Finding, severityOfError } from '../../lib/base/finding.ts';
import { didYouMean } from '../../lib/base/nearest.ts';
import {
  databaseOf,
  type FileApp,
  type GuardedApp,
  guardedApps,
  isFileApp,
  isGuarded,
} from '../../lib/config/config.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome } from '../../lib/run/job.ts';

/** What a command over apps found out, of each in the order of the configuration. */
export interface AppsResult<Value> {
  apps: AppResult<Value>[];
}

/** How it went for one app: data, or the reason why it could not go on. */
export type AppResult<Value> =
  | { app: string; ok: true; value: Value }
  | { app: string; ok: false; error: { kind: ErrorKind; message: string; hint: string | undefined } };

/**
 * The apps with a database that a command is about: the one that was named, else all. Throws OpsError `usage` for an
 * unknown name, and `config` for an app without a database, or where no app has one.
 */
export function selectedApps({ config }: JobContext, name: string | undefined): readonly GuardedApp[] {
  const apps = guardedApps(config);
  if (apps.length === 0) throw withoutDatabase(`no app of ${config.source} has one`);
  if (name === undefined) return apps;
  const app = config.apps.find((candidate) => candidate.name === name);
  if (app !== undefined && isGuarded(app)) return [app];
  if (app !== undefined) throw withoutDatabase(`${app.name} of ${config.source} has none`);
  const known = apps.map((candidate) => candidate.name);
  throw new OpsError(
    'usage',
    `cannot find the app ${JSON.stringify(name)}: ${config.source} has ${known.join(', ')}${didYouMean(name, known)}`,
    { hint: `name one of them: --app ${known[0]}` },
  );
}

/** What is done with a file alone, and what there is for a database of a server: `maintain`, and the command that helps. */
export interface FileWork {
  readonly act: string;
  readonly instead: string;
}

/** The same of those whose database is a file. Throws OpsError `config` for one of a server that was named, and where there is no other. */
export function selectedFileApps(
  context: JobContext,
  name: string | undefined,
  work: FileWork,
): readonly FileApp[] {
  const apps = selectedApps(context, name);
  const files = apps.filter(isFileApp);
  return files.length > 0 ? files : apps.map((app) => requireFileApp(app, work));
}

/** Throws OpsError `config` for one whose database is a server's. */
export function requireFileApp(app: GuardedApp, { act, instead }: FileWork): FileApp {
  if (isFileApp(app)) return app;
  throw new OpsError(
    'config',
    `cannot ${act} ${databaseOf(app)}: the database of ${app.name} is in PostgreSQL, and that is for SQLite`,
    { hint: `${instead}; docs/operations.md#an-app-with-postgresql` },
  );
}

function withoutDatabase(why: string): OpsError {
  return new OpsError('config', `cannot find a database to guard: ${why}`, {
    hint: 'set DATABASE_PATH=/path/to/app.db, or write database = "/path/to/app.db" in the table of an app; docs/configuration.md has every key',
  });
}

/** The one app a command is about. Throws OpsError `usage` when there are several and none is named. */
export function selectedApp(context: JobContext, name: string | undefined): GuardedApp {
  const [app, ...others] = selectedApps(context, name);
  if (app !== undefined && others.length === 0) return app;
  const known = guardedApps(context.config)
    .map((candidate) => candidate.name)
    .join(', ');
  throw new OpsError('usage', `cannot tell which app is meant: ${context.config.source} has ${known}`, {
    hint: 'name it with --app <name>',
  });
}

/**
 * Does `work` for each app, in the order of the configuration. With a single app its error is the command's own;
 * with several, errors become data. Being stopped ends the round at once, and so does a bug.
 */
export async function eachApp<App extends GuardedApp, Value>(
  context: JobContext,
  apps: readonly App[],
  work: (app: App) => Promise<Value>,
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
      const { kind, message, hint } = error;
      results.push({ app: app.name, ok: false, error: { kind, message, hint } });
    }
  }
  return results;
}

/** What is bad about one app's value; its subject is the app. */
export type AppFinding = Omit<Finding, 'subject'>;

/** The command's outcome: an app that could not go on is a finding, and so is what `findingsOf` finds in a value. */
export function appsOutcome<Value>(
  results: AppResult<Value>[],
  findingsOf: (value: Value, app: string) => readonly AppFinding[] = () => [],
): Outcome<AppsResult<Value>> {
  const findings = results.flatMap((result) => {
    const { app } = result;
    if (result.ok) return findingsOf(result.value, app).map((finding) => ({ subject: app, ...finding }));
    return [{ subject: app, severity: severityOfError(result.error.kind), ...result.error }];
  });
  return { result: { apps: results }, findings };
}

/** What a person reads of it, app by app. */
export function appsText<Value>(
  { apps }: AppsResult<Value>,
  lines: (value: Value, app: string) => readonly string[],
): string[] {
  return apps.flatMap((result) =>
    result.ok ? lines(result.value, result.app) : [`${result.app}: failed: ${result.error.message}`],
  );
}
