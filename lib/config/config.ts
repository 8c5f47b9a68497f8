// The configuration as the rest of the program sees it: parsed, complete, frozen. Defaults live in schema.ts.
import type { Layout } from '../backup/name.ts';
import type { RetentionPolicy } from '../backup/retention.ts';

/** Everything an operator decided, or the default where they did not. */
export interface Config {
  /** Where it was read: `/etc/holdfast/holdfast.toml`, or `the environment`. */
  readonly source: string;
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
}

export interface StoreConfig {
  readonly kind: 'directory';
  readonly path: string;
}

export interface AppConfig {
  readonly name: string;
  /** Absolute path of the live database. */
  readonly database: string;
  readonly layout: Layout;
  /** Store name of the plain copy a person can open; undefined when none is kept. */
  readonly latest: string | undefined;
  readonly keep: RetentionPolicy;
  /** What is stopped before a restore and started after it. */
  readonly services: ServicesConfig;
  readonly health: HealthConfig | undefined;
}

export interface ServicesConfig {
  readonly units: readonly string[];
  readonly stop: string | undefined;
  readonly start: string | undefined;
  readonly timeoutMs: number;
}

/** How a restore finds out whether the app is well again: a command that exits 0, or a URL that answers 2xx. */
export interface HealthConfig {
  readonly command: string | undefined;
  readonly url: string | undefined;
  readonly timeoutMs: number;
}
