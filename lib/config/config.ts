// The configuration as the rest of the program sees it: parsed, complete, frozen. Defaults live in
// sections/, beside what they are defaults of.
import { OpsError } from '../base/errors.ts';
import type { Expectations } from '../backup/expectations.ts';
import type { GuardPolicy } from '../backup/guard-policy.ts';
import type { BackupFormat, Layout } from '../backup/name.ts';
import type { PagesPolicy } from '../backup/pages-policy.ts';
import type { RetentionPolicy } from '../backup/retention.ts';
import type { ImportConfig } from './import-config.ts';
import type { PullConfig, ServeConfig } from './pull-config.ts';
import type { HealthConfig, ServicesConfig } from './services-config.ts';
import type { DeltaConfig, ReceiveConfig, ReplicaConfig } from './delta-config.ts';
import type { ExportConfig } from './export-config.ts';
import type { ExplorerConfig } from './explorer-config.ts';
import type { HealthSettings } from './health-config.ts';
import type { MaintainConfig } from './maintain-config.ts';
import type { StandbyConfig } from './standby-config.ts';
import { placeOf, type PostgresTarget } from '../health/postgres-target.ts';
import type { AlertPolicy } from '../incident/policy.ts';
import type { Engine } from '../source/facts.ts';

/** Everything an operator decided, or the default where they did not. */
export interface Config {
  /** Where it was read: `/etc/holdfast/holdfast.toml`, `/etc/ctv-db-sync.env`, or `the environment`. */
  readonly source: string;
  /** What a command has to be told to find it: nothing where it is in its usual place, or the environment is enough. */
  readonly named: { readonly config: string | undefined; readonly envFile: string | undefined };
  readonly apps: readonly AppConfig[];
  readonly store: StoreConfig;
  /** Holds ops.db and what else must survive a reboot. */
  readonly stateDirectory: string;
  /** Holds the locks. */
  readonly runDirectory: string;
  /** IANA name of the zone in which a day begins and ends. */
  readonly timeZone: string;
  /** `trusted`: the operator vouches for the clock where no time service can be asked. */
  readonly clock: 'auto' | 'trusted';
  /** Who is told when something went wrong; undefined for nobody. */
  readonly alerts: AlertsConfig | undefined;
  /** How health checks judge, and what else they look at. */
  readonly health: HealthSettings;
  readonly history: { readonly keepDays: number };
  /** How people look at the history in a browser; undefined where nobody does. */
  readonly explorer: ExplorerConfig | undefined;
  /** The service that takes in row changes of others; undefined where there is none. */
  readonly receive: ReceiveConfig | undefined;
  /** Where the rows of others arrive. */
  readonly replicas: readonly ReplicaConfig[];
  /** Replicas that follow a master. */
  readonly pulls: readonly PullConfig[];
  /** The public keys that backups are sealed for; undefined where they are stored as they are. */
  readonly encryption: { readonly recipients: readonly string[] } | undefined;
  /** What is kept of it for the day on which it cannot be read; undefined where nobody would find it then. */
  readonly kept: KeptSettings | undefined;
  /** Through what everything goes out; undefined for directly. */
  readonly proxy: ProxyConfig | undefined;
}

/** The part of a configuration that alerts need, as it was written: no secrets, only where they are. */
export type KeptSettings = Readonly<Record<string, unknown>>;

/** An HTTP proxy. */
export interface ProxyConfig {
  /** Which hosts are asked directly, separated by commas: each with all below it, or with a port of its own. */
  readonly exempt: string;
  /**
   * The addresses for what is asked in the clear and through TLS; they may hold a user and a password. Throws OpsError
   * `config` for what is no address.
   */
  readAddresses(): { http: string | undefined; https: string };
}

/** Alerts: what is told, and through what. Every secret is read where it is used, each time anew. */
export interface AlertsConfig {
  readonly policy: AlertPolicy;
  /** A page that shows more, for a tap on the message. */
  readonly link: string | undefined;
  readonly ntfy: NtfyConfig | undefined;
  readonly slack: SlackConfig | undefined;
  readonly desktop: DesktopConfig | undefined;
  readonly ping: PingConfig | undefined;
}

export interface NtfyConfig {
  readonly server: string;
  readonly topicFile: string | undefined;
  readonly tokenFile: string | undefined;
  readTopic(): string | undefined;
  readToken(): string | undefined;
}

export interface SlackConfig {
  readonly webhookUrlFile: string | undefined;
  readWebhookUrl(): string | undefined;
}

/** This very machine's screen, and whether there is a desktop session to show it in. */
export interface DesktopConfig {
  readonly isThere: boolean;
}

/** A dead-man's switch outside: it alarms when nothing is heard. */
export interface PingConfig {
  readonly urlFile: string | undefined;
  readUrl(): string | undefined;
  /** The checks it is told about. */
  readonly checks: readonly string[];
  /** Whether the service makes a check that it does not know yet. */
  readonly create: boolean;
}

/** Where copies go. */
export type StoreConfig = DirectoryStoreConfig | DropboxStoreConfig;

interface DirectoryStoreConfig {
  readonly kind: 'directory';
  /** The store that it has to be; undefined for any. */
  readonly id: string | undefined;
  readonly path: string;
}

export interface DropboxStoreConfig {
  readonly kind: 'dropbox';
  /** The store that it has to be; undefined for any. */
  readonly id: string | undefined;
  /** Where all of Dropbox's hosts are, instead of its own: a relay, or a test. */
  readonly origin: string | undefined;
  /** The folder everything lies below: '' for the root that the app sees, else `/name`. */
  readonly folder: string;
  /** Without a byte for so long, a request has failed. */
  readonly timeoutMs: number;
  /** After so long a whole run gives up. */
  readonly deadlineMs: number;
  readonly retriesMax: number;
  /** Bytes per second, both directions together; undefined for no limit. */
  readonly limitBytesPerSecond: number | undefined;
  /** The file with the app's secret, where the configuration names one. */
  readonly appSecretFile: string | undefined;
  /** Where `db-backup link` leaves the refresh token. */
  readonly refreshTokenFile: string;
  /** Reads the secrets from wherever they are, each time anew. Throws OpsError `denied` for a file others may read. */
  readCredentials(): DropboxSecrets;
}

/** What Dropbox is asked for access with; undefined for what was not given. */
interface DropboxSecrets {
  readonly appKey: string | undefined;
  readonly appSecret: string | undefined;
  readonly refreshToken: string | undefined;
  readonly accessToken: string | undefined;
}

/** An app, by its parts, of which it need not have all: on a machine that only receives, it has no database. */
export interface AppConfig {
  readonly name: string;
  /** Of its database; undefined where none is guarded here. */
  readonly engine: Engine | undefined;
}

/** An app whose database is guarded, with all that guarding it needs. */
export type GuardedApp = FileApp | PostgresApp;

interface Guarded extends AppConfig {
  readonly layout: Layout;
  /** Store name of the latest copy, a plain file that a person can open; undefined when none is kept. */
  readonly latest: string | undefined;
  /** In which formats each backup is stored; at least one. */
  readonly formats: readonly BackupFormat[];
  readonly pages: PagesPolicy;
  /** Beside the nightly run there is one so often; undefined for none. */
  readonly everyMs: number | undefined;
  readonly keep: RetentionPolicy;
  readonly guard: GuardPolicy;
  /** The lock that another program takes for the same work; undefined where there is no such program. */
  readonly lockFile: string | undefined;
  readonly expect: Expectations;
  /** What is stopped before a restore and started after it. */
  readonly services: ServicesConfig;
  readonly health: HealthConfig | undefined;
}

/** An app whose database is a server's. */
export interface PostgresApp extends Guarded {
  readonly engine: 'postgres';
  /** Which database, read anew. Throws OpsError `config` for an address that is none, `denied` for a file that others may read. */
  readTarget(): PostgresTarget;
  /** The file with the address, where one is named. */
  readonly urlFile: string | undefined;
}

/** An app whose database is a file. */
export interface FileApp extends Guarded {
  readonly engine: 'sqlite';
  /** Absolute path of the live database. */
  readonly database: string;
  /** The documents made of it; undefined where there are none. */
  readonly export: ExportConfig | undefined;
  /** How they become rows again; undefined where that was not said. */
  readonly import: ImportConfig | undefined;
  /** What may be done to the database itself; undefined for nothing. */
  readonly maintain: MaintainConfig | undefined;
  /** Where the changes of its rows go; undefined for nowhere. */
  readonly delta: DeltaConfig | undefined;
  /** What its readers may ask it for; undefined where nobody follows it. */
  readonly serve: ServeConfig | undefined;
  /** That a warm copy of it is kept here while it is live elsewhere; undefined where this is where it lives. */
  readonly standby: StandbyConfig | undefined;
}

/** Whether the app has a database to guard. */
export function isGuarded(app: AppConfig): app is GuardedApp {
  return app.engine !== undefined;
}

/** Whether its database is a file. */
export function isFileApp(app: AppConfig): app is FileApp {
  return app.engine === 'sqlite';
}

/** Where its database is, for people: a path, or one of a server. Never throws, and never a password. */
export function databaseOf(app: GuardedApp): string {
  if (app.engine === 'sqlite') return app.database;
  try {
    return placeOf(app.readTarget());
  } catch (error) {
    if (error instanceof OpsError) return `the PostgreSQL database of ${app.name}`;
    throw error;
  }
}

/** The apps with a database, in the order of the configuration. */
export function guardedApps({ apps }: Pick<Config, 'apps'>): GuardedApp[] {
  return apps.filter(isGuarded);
}

/** Those of them whose database is a file. */
export function fileApps({ apps }: Pick<Config, 'apps'>): FileApp[] {
  return apps.filter(isFileApp);
}

/** Those of them whose database is a server's. */
export function postgresApps({ apps }: Pick<Config, 'apps'>): PostgresApp[] {
  return apps.filter((app): app is PostgresApp => app.engine === 'postgres');
}
