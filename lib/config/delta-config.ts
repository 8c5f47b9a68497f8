// Row changes: where those of an app go, and who takes in those of others.
import type { ReplicaPolicy } from '../delta/policy.ts';
import type { PostgresTarget } from '../health/postgres-target.ts';

/** `apps.<name>.delta`: the changes of an app's database travel to a receiver. */
export interface DeltaConfig {
  /** The receiver: `https://reports.example:8790`, or `http://` on this machine and inside a tunnel. */
  readonly to: URL;
  /** The name that the receiver knows us by. */
  readonly source: string;
  /** SHA-256 of the receiver's certificate, 64 hex digits, where it is one that nobody else vouches for. */
  readonly pin: string | undefined;
  /** The tables that travel; undefined for all. */
  readonly tables: readonly string[] | undefined;
  /** Those that do not. */
  readonly without: readonly string[];
  /** `triggers` in the database; `diff` where its owner forbids them: nothing is ever written there. */
  readonly capture: 'triggers' | 'diff';
  /** Beyond so many waiting entries keys are dropped, and their tables walked instead. */
  readonly logRowsMax: number;
  readonly limitBytesPerSecond: number | undefined;
  /** The pause of `--watch`. */
  readonly everyMs: number;
  /** Without a byte for so long, the receiver is out of reach. */
  readonly timeoutMs: number;
  /** So long changes may wait before it is told. */
  readonly lagMaxMs: number;
  readonly keyFile: string | undefined;
  /** Throws OpsError `denied` for a file that others may read; undefined where none is given. */
  readKey(): string | undefined;
}

/** `[receive]`: the service that takes in the changes of others. */
export interface ReceiveConfig {
  readonly host: string;
  readonly port: number;
  /** Undefined for plain HTTP: behind a proxy on this machine, or inside a tunnel. */
  readonly tls:
    | {
        readonly certificate: string;
        readonly key: string;
        /** Where that is read: a unit is handed it. Throws OpsError `denied` for a file that others may read. */
        keyPath(): string;
      }
    | undefined;
  /** Whether a proxy stands before it: then who asks is who the proxy says. */
  readonly isBehindProxy: boolean;
  /** One request holds no more. */
  readonly requestBytesMax: number;
  /** One batch, all its pieces together, compressed. */
  readonly batchBytesMax: number;
}

/** `[replicas.<name>]`: where the rows of sources arrive. */
export interface ReplicaConfig {
  readonly name: string;
  readonly target:
    | { readonly kind: 'sqlite'; readonly path: string }
    | {
        readonly kind: 'postgres';
        /** Throws OpsError `config` for an address in a file that is none, `denied` for a file that others may read. */
        readTarget(): PostgresTarget;
      };
  readonly policy: ReplicaPolicy;
}
