// What belongs to one app in its units: the group, the paths, where secrets are. Written as `50-holdfast.conf`.
import type { ExplorerConfig } from '../../lib/config/explorer-config.ts';
import { asRoot, configLines, credentialLines, escape, lines, optional, quote } from './drop-in-lines.ts';
import type { Credential } from './secret-files.ts';

export interface DropIn {
  app: string;
  user: string;
  /** The group of the database; where that is a server's, the user's own. */
  group: string;
  /** Directories that the job writes in. */
  writes: readonly string[];
  /** Undefined where the default is used. */
  configPath: string | undefined;
  environmentFile: string | undefined;
  credentials: readonly Credential[];
  /** The lock of another program, which the job takes as well. */
  lockFile: string | undefined;
  /** What keeping its documents needs beside that; undefined where it has none. */
  documents: Documents | undefined;
  /** Whether it is live on another machine, and a copy is kept ready here. */
  isStandby: boolean;
  /** Whether its database may be worked on. */
  isMaintained: boolean;
  /** How often it is backed up between its nights; undefined for never. */
  everyMs: number | undefined;
  /** The secrets for its receiver; undefined where its changes go nowhere. */
  delta: readonly Credential[] | undefined;
  /** What serving its changes needs, and no more: it listens to others. Undefined where nobody follows them. */
  serve: Pick<DropIn, 'writes' | 'credentials'> | undefined;
  /** Where its database is a server's: the directory with the socket, of one that is here. Undefined for a file. */
  server: { readonly socket: string | undefined } | undefined;
}

/** Of the unit that keeps the documents of an app. */
export interface Documents {
  /** Directories that it writes in. */
  writes: readonly string[];
  /** What it runs instead of what the unit says; undefined for that. */
  command: string | undefined;
  credentials: readonly Credential[];
}

export const inHome = /^\/(home|root|run\/user)\//;

/** The same for the unit that keeps the documents: with the directories and secrets of those. */
export function documentsDropInText(dropIn: DropIn, { writes, command, credentials }: Documents): string {
  const all = {
    ...dropIn,
    writes: [...new Set([...dropIn.writes, ...writes])],
    credentials: [...dropIn.credentials, ...credentials],
  };
  return dropInText(all) + (command === undefined ? '' : lines(['ExecStart=', `ExecStart=${command}`]));
}

/**
 * The same for a unit that works on the database itself. On a standby there is none: it is skipped until a promotion, and
 * needs no other installation then.
 */
export function liveDropInText(dropIn: DropIn): string {
  if (!dropIn.isStandby) return dropInText(dropIn);
  const condition = `ConditionPathExists=/var/lib/holdfast/promoted/${dropIn.app}/note.json`;
  return dropInText(dropIn) + lines(['[Unit]', condition]);
}

/** The same for the unit that pushes changes: with the key of the receiver. */
export function deltaDropInText(dropIn: DropIn, credentials: readonly Credential[]): string {
  return dropInText({ ...dropIn, credentials: [...dropIn.credentials, ...credentials] });
}

export function dropInText({ app, user, group, writes, ...from }: DropIn): string {
  return lines([
    `# Written by npm run units -- install --app ${app}, and written anew by the next. Your own settings:`,
    '# systemctl edit <unit> makes a file beside this one that goes before it.',
    ...(from.server === undefined
      ? []
      : [
          '# A timer that makes up for a missed night must not be there before the server is.',
          '[Unit]',
          'After=postgresql.service',
        ]),
    '[Service]',
    ...(user === 'root' ? asRoot : [`User=${user}`, `Group=${group}`]),
    ...(writes.some((path) => inHome.test(path))
      ? ['# The rest of /home stays hidden.', 'ProtectHome=tmpfs']
      : []),
    // A path that is not there is left out: the job says in words what is missing.
    ...writes.flatMap((path) => [`BindPaths=${quote(`-${path}`)}`, `ReadWritePaths=${quote(`-${path}`)}`]),
    ...lockLines(from.lockFile),
    ...(from.server?.socket === undefined ? [] : [`BindReadOnlyPaths=${quote(`-${from.server.socket}`)}`]),
    ...configLines(from.configPath),
    ...(from.environmentFile === undefined ? [] : [`EnvironmentFile=${escape(from.environmentFile)}`]),
    ...credentialLines(from.credentials),
  ]);
}

/** The very file: the job has a /tmp of its own. The variable is for who has an environment file alone, in which it wins. */
function lockLines(lockFile: string | undefined): string[] {
  if (lockFile === undefined) return [];
  return [`BindPaths=${quote(`-${lockFile}`)}`, `Environment=${quote(`HOLDFAST_LOCK_FILE=${lockFile}`)}`];
}

/**
 * What is hidden of other apps, in a file of its own, because another app's installation changes it. With `+`, for else
 * systemd looks for the path outside of RootDirectory=.
 */
export function neighboursText(app: string, hidden: readonly string[]): string {
  return lines([
    `# Written by npm run units -- install, and anew when an app comes or goes: what ${app} does not see of the others.`,
    '[Service]',
    ...hidden.map((path) => `InaccessiblePaths=${quote(`-+${path}`)}`),
  ]);
}

/** An app whose configuration is an environment file. */
interface AppEnvironment {
  app: string;
  path: string;
}

/** Where what delivers alerts, one for all apps, gets its settings and secrets from. */
export interface AlertSettings {
  /** Undefined where the default is used, or environment files are enough. */
  configPath: string | undefined;
  credentials: readonly Credential[];
  /** Every file that holds secrets: it is told when others may read one. */
  secretFiles: readonly string[];
  /** For the last resort, which reads no configuration; undefined for the default. */
  ntfyServer: string | undefined;
  environments: readonly AppEnvironment[];
}

/** A single app known by the environment alone keeps its name there too. */
export function alertDropInText({
  configPath,
  credentials,
  secretFiles,
  ntfyServer,
  environments,
}: AlertSettings): string {
  const [first, ...others] = environments;
  return lines([
    '# Written by npm run units -- install: where alerts get their settings and secrets from.',
    '[Service]',
    ...(first === undefined || others.length > 0 ? [] : [`Environment=HOLDFAST_APP=${first.app}`]),
    ...(secretFiles.length === 0
      ? []
      : [`Environment=${quote(`HOLDFAST_SECRET_FILES=${secretFiles.join(':')}`)}`]),
    ...(ntfyServer === undefined ? [] : [`Environment=${quote(`NTFY_SERVER=${ntfyServer}`)}`]),
    ...configLines(configPath),
    ...[...new Set(environments.map(({ path }) => path))].map((path) => `EnvironmentFile=-${escape(path)}`),
    ...credentialLines(credentials),
    ...optional(credentials),
  ]);
}

/** What the checks, one unit for all apps, need. */
export interface HealthSettings {
  user: string;
  /** The app whose environment file is all there is; undefined where a configuration names them. */
  app: string | undefined;
  groups: readonly string[];
  /** Directories of databases, stores and documents, which a reader of a database may have to write in. */
  writes: readonly string[];
  configPath: string | undefined;
  environmentFiles: readonly string[];
  credentials: readonly Credential[];
}

export function healthDropInText(settings: HealthSettings): string {
  const { user, app, groups, writes, configPath, environmentFiles, credentials } = settings;
  return lines([
    '# Written by npm run units -- install, and anew with each app: what the checks may see.',
    '[Service]',
    ...(user === 'root' ? asRoot : groups.map((group) => `SupplementaryGroups=${escape(group)}`)),
    ...(app === undefined ? [] : [`Environment=HOLDFAST_APP=${app}`]),
    ...(writes.some((path) => inHome.test(path))
      ? ['# The rest of /home stays hidden.', 'ProtectHome=tmpfs']
      : []),
    ...writes.filter((path) => inHome.test(path)).map((path) => `BindPaths=${quote(`-${path}`)}`),
    ...configLines(configPath),
    ...environmentFiles.map((path) => `EnvironmentFile=-${escape(path)}`),
    ...credentialLines(credentials),
    ...optional(credentials),
  ]);
}

/** What notes that a job of the app failed: the same configuration, and none of the job's paths and credentials. */
export function failureDropInText({ app, configPath, environmentFile }: DropIn): string {
  return lines([
    `# Written by npm run units -- install --app ${app}.`,
    '[Service]',
    `Environment=HOLDFAST_APP=${app}`,
    ...configLines(configPath),
    ...(environmentFile === undefined ? [] : [`EnvironmentFile=-${escape(environmentFile)}`]),
  ]);
}

/** The same of what is no single app's. */
export function failureOfAllText({
  app,
  configPath,
  environmentFiles,
}: Pick<HealthSettings, 'app' | 'configPath' | 'environmentFiles'>): string {
  return lines([
    '# Written by npm run units -- install.',
    '[Service]',
    ...(app === undefined ? [] : [`Environment=HOLDFAST_APP=${app}`]),
    ...configLines(configPath),
    ...environmentFiles.map((path) => `EnvironmentFile=-${escape(path)}`),
  ]);
}

/** Of the explorer: `credentials` is its secret, where there is one. */
export function explorerDropInText(
  { program, port, baseUrl, queryTimeoutMs, rowsMax }: ExplorerConfig,
  { timeZone, credentials }: { timeZone: string; credentials: readonly Credential[] },
): string {
  const settings = `sql_time_limit_ms=${queryTimeoutMs} max_returned_rows=${rowsMax}`;
  const values = {
    EXPLORER_PROGRAM: program,
    EXPLORER_PORT: `${port}`,
    EXPLORER_BASE_URL: baseUrl,
    EXPLORER_SETTINGS: settings,
    TZ: timeZone,
  };
  return lines([
    '# Written by npm run units -- install, out of [explorer] in the configuration.',
    '[Service]',
    ...Object.entries(values).map(([name, value]) => `Environment=${quote(`${name}=${value}`)}`),
    ...credentialLines(credentials),
  ]);
}
