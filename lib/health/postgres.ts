// What is known of a PostgreSQL database after one look at its server, or why there was none: what its three checks judge.

/** What one look found, or why the server did not let us look. */
export type PostgresFacts = { readonly look: PostgresLook } | { readonly refusal: PostgresRefusal };

/** Why nobody could look, by what it means for the app. */
export interface PostgresRefusal {
  readonly kind: RefusalKind;
  /** What ran out, of a server that is `full`. */
  readonly full?: 'server' | 'role' | 'database' | undefined;
  /** Whether the role whose share counts is the one that was refused. */
  readonly isOwnRole: boolean;
  /** In words that stand alone. */
  readonly message: string;
  /** The command that helps. */
  readonly hint?: string | undefined;
}

/**
 * `full`: no connection is left. `down`: nobody answers, or a database that is not there. `starting`: the server answers that
 * it takes nobody yet, or any more. `silent`: it takes the connection and says nothing. `failing`: it answers that it is
 * damaged, or out of disk or memory. `denied`, `tls`: it does not take us, whatever it does with the app. `unclear`: the rest.
 */
export type RefusalKind = 'full' | 'down' | 'starting' | 'silent' | 'failing' | 'denied' | 'tls' | 'unclear';

/** One look. Times are the server's, in milliseconds since 1970. */
export interface PostgresLook {
  readonly at: number;
  readonly startedAt: number;
  readonly connections: PostgresConnections;
  /** Undefined where the server took too long to add it up. */
  readonly sizeBytes: number | undefined;
  /** How many transactions ago the oldest row is from that was not frozen: at two milliards the server takes no more. */
  readonly frozenAge: number;
  readonly counters: PostgresCounters;
}

/** Who is connected, besides this look: clients only, for nobody else takes their places. */
export interface PostgresConnections {
  readonly max: number;
  /** Kept for superusers, and since version 16 for those who may use reserved connections. */
  readonly reservedForSuperusers: number;
  readonly reserved: number;
  /** CONNECTION LIMIT of the database; negative for none. */
  readonly databaseLimit: number;
  /** The role whose share counts; undefined where the server has none of this name. */
  readonly role: PostgresRole | undefined;
  readonly all: number;
  readonly ofDatabase: number;
  readonly ofRole: number;
  /** Those of which the server does not tell us what they do. */
  readonly hidden: number;
  /** In the database. */
  readonly idleInTransactionMs: number;
  readonly longestQueryMs: number;
}

export interface PostgresRole {
  readonly isSuperuser: boolean;
  readonly mayUseReserved: boolean;
  /** CONNECTION LIMIT; negative for none. */
  readonly limit: number;
}

/** What the server counts for the database since `resetAt`. */
export interface PostgresCounters {
  readonly resetAt: number | undefined;
  readonly commits: number;
  readonly rollbacks: number;
  readonly deadlocks: number;
  readonly conflicts: number;
  readonly tempBytes: number;
  /** With those of what all databases share; undefined where pages have no checksums. */
  readonly checksumFailures: number | undefined;
  readonly checksumFailedAt: number | undefined;
}
