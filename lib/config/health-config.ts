// What an operator decided about health checks: how each is judged, and what else there is to look at.
import type { CheckSettings, Limits } from '../health/check.ts';
import type { Expectation } from '../health/sql.ts';
import type { MountSettings } from './sections/health-mounts.ts';
import type { PostgresSettings } from './sections/health-postgres.ts';
import type { UnitSettings } from './sections/health-units.ts';

/** `[health]`. */
export interface HealthSettings {
  /** By the name of the check; what is not here is as the check says. */
  readonly checks: Readonly<Record<string, CheckSettings>>;
  readonly units: UnitSettings;
  readonly mounts: MountSettings;
  /** The PostgreSQL databases that are watched. */
  readonly postgres: readonly PostgresSettings[];
  readonly database: DatabaseHealth;
  readonly wal: WalHealth;
  /** What has to answer. */
  readonly endpoints: readonly HttpEndpoint[];
  /** Paths of certificates, beside those that endpoints show. */
  readonly certificateFiles: readonly string[];
  readonly assertions: readonly Assertion[];
  readonly freshThings: readonly FreshThing[];
}

export interface DatabaseHealth {
  /** How often all pages of a database are checked. */
  readonly checkEveryMs: number;
  /** How long that may take in one run, for all databases together; 0 for never. */
  readonly checkMsMax: number;
  readonly growthPercentMax: number;
}

export interface WalHealth {
  readonly readerMsMax: number;
  readonly freePercentMax: number;
}

export interface HttpEndpoint {
  readonly name: string;
  /** It may hold a secret in its query. */
  readonly url: string;
  /** Undefined for any of 200 to 299. */
  readonly statuses: readonly number[] | undefined;
  readonly json: readonly JsonExpectation[];
  /** SHA-256 of the one certificate that it may show, 64 hex digits; undefined for any that the machine trusts. */
  readonly fingerprint: string | undefined;
  readonly timeoutMs: number;
  readonly limits: Limits;
}

/** What has to stand at a place in a JSON document. */
export interface JsonExpectation {
  readonly path: readonly string[];
  readonly value: string | number | boolean;
}

export interface Assertion {
  readonly name: string;
  readonly app: string;
  readonly timeoutMs: number;
  readonly expectation: Expectation;
}

/** A file, the newest of a directory, or the newest good end of a unit: `path` or `unit` is given. */
export interface FreshThing {
  readonly name: string;
  readonly path: string | undefined;
  readonly unit: string | undefined;
  /** Of a directory: how many levels are looked at, and how the names have to end. */
  readonly depth: number;
  readonly suffix: string | undefined;
  readonly sizeBytesMin: number | undefined;
  /** In seconds. */
  readonly limits: Limits;
}
