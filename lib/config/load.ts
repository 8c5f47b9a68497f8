// Finds the configuration and completes it. The only reader of the environment.
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { appNameFromPath, defaultLatestName, latestNameProblem, requireAppName } from '../backup/name.ts';
import { OpsError, systemError } from '../base/errors.ts';
import { alertsFromEnvironment, alertsFromFile } from './alerts.ts';
import type { AppConfig, Config, StoreConfig } from './config.ts';
import { dropboxConfig } from './dropbox.ts';
import { absolute, type Environment, nonEmpty } from './environment.ts';
import { environmentFileHint } from './environment-file-hint.ts';
import { parseConfigFile } from './parse.ts';
import type { ConfigFile } from './schema.ts';

/** Where the configuration is unless something else is said. */
export const defaultPath = '/etc/holdfast/holdfast.toml';

/**
 * Loads the configuration: the file named by `path` (`--config`), else by `$HOLDFAST_CONFIG`, else
 * /etc/holdfast/holdfast.toml, else the environment alone, which is enough for one app.
 *
 * Throws OpsError `config` with every problem, or `denied`.
 */
export function loadConfig(options: { path?: string | undefined; environment?: Environment } = {}): Config {
  const environment = options.environment ?? process.env;
  const named = options.path ?? nonEmpty(environment.HOLDFAST_CONFIG);
  const path = named ?? (existsSync(defaultPath) ? defaultPath : undefined);
  return deepFreeze(path === undefined ? fromEnvironment(environment) : fromFile(resolve(path), environment));
}

/**
 * The identity systemd gave this run, or undefined outside systemd. A shell that systemd started hands its own
 * INVOCATION_ID down to everything typed in it; only the process systemd itself executed may call itself by it.
 */
export function invocationId(pid: number, environment: Environment = process.env): string | undefined {
  return environment.SYSTEMD_EXEC_PID === String(pid) ? nonEmpty(environment.INVOCATION_ID) : undefined;
}

/** How systemd says that a unit ended: to its handler (`MONITOR_…`, for OnFailure=), or to its own ExecStopPost=. */
export interface ServiceEnding {
  /** Whether another unit's end is meant, and this process handles it. */
  isHandler: boolean;
  unit: string | undefined;
  /** `success`, `exit-code`, `signal`, `timeout`, `oom-kill` … */
  result: string | undefined;
  /** A number after `exited`, else the name of a signal. */
  exitStatus: string | undefined;
  invocationId: string | undefined;
}

/** What systemd's variables say; all undefined outside systemd. */
export function serviceEnding(environment: Environment = process.env): ServiceEnding {
  const isHandler = nonEmpty(environment.MONITOR_SERVICE_RESULT) !== undefined;
  const of = (name: string) => nonEmpty(environment[isHandler ? `MONITOR_${name}` : name]);
  const result = of('SERVICE_RESULT');
  return {
    isHandler,
    unit: nonEmpty(environment.MONITOR_UNIT),
    result,
    exitStatus: of('EXIT_STATUS'),
    // A shell under systemd hands its own id down; only beside a result does it belong to the unit that ended.
    invocationId: result === undefined ? undefined : of('INVOCATION_ID'),
  };
}

/** Whether a service manager listens for how far we are. */
export function isNotified(environment: Environment = process.env): boolean {
  return nonEmpty(environment.NOTIFY_SOCKET) !== undefined;
}

/** Whether stderr is the journal, which understands `<3>` style priority prefixes. */
export function logsToJournal(environment: Environment = process.env): boolean {
  return nonEmpty(environment.JOURNAL_STREAM) !== undefined;
}

function fromFile(path: string, environment: Environment): Config {
  const file = parseConfigFile(readText(path), path);
  const stateDirectory = file.state_directory ?? stateFrom(environment);
  const timeZone = file.time_zone ?? systemTimeZone();
  return {
    source: path,
    apps: Object.entries(file.apps).map(([name, app]) => appFromFile(name, app)),
    store: storeFromFile(file.store, environment, stateDirectory),
    stateDirectory,
    runDirectory: file.run_directory ?? runFrom(environment, stateDirectory),
    timeZone,
    clock: file.clock,
    alerts: alertsFromFile(file.alerts, environment, timeZone),
  };
}

function storeFromFile(
  store: ConfigFile['store'],
  environment: Environment,
  stateDirectory: string,
): StoreConfig {
  if (store === undefined) return storeFrom(environment, stateDirectory);
  return store.kind === 'directory' ? store : dropboxConfig(store, environment, stateDirectory);
}

function appFromFile(name: string, app: ConfigFile['apps'][string]): AppConfig {
  return {
    name,
    database: app.database,
    layout: 'app',
    latest: app.latest === false ? undefined : (app.latest ?? defaultLatestName(name)).replace(/^\//, ''),
    keep: app.keep,
    services: {
      units: app.services,
      stop: app.stop,
      start: app.start,
      timeoutMs: app.service_timeout_seconds * 1000,
    },
    health:
      app.health === undefined
        ? undefined
        : { command: app.health.command, url: app.health.url, timeoutMs: app.health.timeout_seconds * 1000 },
  };
}

/** One app from the names the existing scripts use. */
function fromEnvironment(environment: Environment): Config {
  const database = nonEmpty(environment.DATABASE_PATH);
  if (database === undefined) {
    throw new OpsError(
      'config',
      'cannot find a database to guard: there is no configuration file, and DATABASE_PATH is not set',
      {
        hint:
          environmentFileHint() ??
          `set DATABASE_PATH=/path/to/app.db, or write ${defaultPath} (sample: etc/holdfast.toml)`,
      },
    );
  }
  const stateDirectory = stateFrom(environment);
  const path = resolve(database);
  return {
    source: 'the environment',
    apps: [
      {
        name: appNameFrom(environment, path),
        database: path,
        layout: 'classic',
        latest: latestFrom(environment),
        keep: { last: 7, daily: 0, weekly: 0, monthly: 0 },
        services: { units: [], stop: undefined, start: undefined, timeoutMs: 120_000 },
        health: undefined,
      },
    ],
    store: storeFrom(environment, stateDirectory),
    stateDirectory,
    runDirectory: runFrom(environment, stateDirectory),
    timeZone: systemTimeZone(),
    clock: 'auto',
    alerts: alertsFromEnvironment(environment, systemTimeZone()),
  };
}

/** `HOLDFAST_APP`, by which a unit's instance and the environment's one app become the same; else the file's name. */
function appNameFrom(environment: Environment, path: string): string {
  const given = nonEmpty(environment.HOLDFAST_APP);
  return given === undefined ? appNameFromPath(path) : requireAppName(given);
}

/** `DROPBOX_DB_PATH`, `/database.db` unless set; it may not lie among the backups, where it would be taken for one. */
function latestFrom(environment: Environment): string {
  const latest = (nonEmpty(environment.DROPBOX_DB_PATH) ?? '/database.db').replace(/^\/+/, '');
  const problem = latestNameProblem(latest);
  if (problem === undefined) return latest;
  throw new OpsError('config', `cannot use DROPBOX_DB_PATH=${latest}: it ${problem}`, {
    hint: 'use a name outside /backups, such as /database.db',
  });
}

function storeFrom(environment: Environment, stateDirectory: string): StoreConfig {
  const path = absolute(environment, 'HOLDFAST_STORE');
  if (path !== undefined) return { kind: 'directory', path };
  // Off-site copies were asked for: keeping them on the same disk instead would be a failure that nobody is told.
  const asked = ['DROPBOX_REFRESH_TOKEN', 'DROPBOX_ACCESS_TOKEN', 'DROPBOX_APP_KEY'].some(
    (name) => nonEmpty(environment[name]) !== undefined,
  );
  if (asked) return dropboxConfig({ kind: 'dropbox' }, environment, stateDirectory);
  return { kind: 'directory', path: join(stateDirectory, 'store') };
}

function stateFrom(environment: Environment): string {
  const given =
    absolute(environment, 'HOLDFAST_STATE') ?? nonEmpty(environment.STATE_DIRECTORY)?.split(':')[0];
  if (given !== undefined) return given;
  if (mayHold('/var/lib/holdfast')) return '/var/lib/holdfast';
  return join(nonEmpty(environment.XDG_STATE_HOME) ?? join(homedir(), '.local/state'), 'holdfast');
}

function runFrom(environment: Environment, stateDirectory: string): string {
  const given = absolute(environment, 'HOLDFAST_RUN');
  if (given !== undefined) return given;
  return mayHold('/run/holdfast') ? '/run/holdfast' : join(stateDirectory, 'run');
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const wrapped = systemError(`read the configuration ${path}`, error);
    if (!(wrapped instanceof OpsError) || wrapped.kind !== 'missing') throw wrapped;
    throw new OpsError('config', wrapped.message, {
      hint: 'name it with --config <path> or HOLDFAST_CONFIG, or start from etc/holdfast.toml',
      cause: error,
    });
  }
}

function systemTimeZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/**
 * Whether a directory can be written, or made: for root before the first run as after it, so that a run by hand and
 * one by the timer never have different ideas of where state and locks are.
 */
function mayHold(path: string): boolean {
  const place = existsSync(path) ? path : dirname(path);
  try {
    accessSync(place, constants.W_OK);
    return true;
  } catch {
    return false; // not ours: the next place is tried
  }
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value;
}
