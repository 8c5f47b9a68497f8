// What a failure means for who writes: an error for people, whose kind says whether another try helps.
import { errorMessage, OpsError } from '../base/errors.ts';
import type { ErrorKind } from '../base/exit-code.ts';
import { shellWord } from '../base/shell-word.ts';
import type { RefusalKind } from '../health/postgres.ts';
import { placeOf, type PostgresTarget } from '../health/postgres-target.ts';
import { SessionFailure } from './connection.ts';
import { quote } from './names.ts';
import { causeOf, type Settings, sqlState } from './refusal.ts';
import { isHere, ofServer } from './words.ts';

/** Who was asked for what. */
export interface Asking {
  readonly target: PostgresTarget;
  readonly schema: string;
  /** `take in a batch of laptop-1`. */
  readonly act: string;
  readonly timeoutMs: number;
}

/** An OpsError for what the server or the network did; everything else comes back as it is. */
export function troubleOf(error: unknown, asking: Asking): unknown {
  if (!(error instanceof SessionFailure)) return error;
  const { target, act, timeoutMs } = asking;
  const known = byState(error, asking);
  const { kind, cause, hint } =
    known ?? ofSession(causeOf(error, { target, role: target.user, timeoutMs, settings: ofReplicas }));
  return new OpsError(kind, `cannot ${act}: ${placeOf(target)}: ${cause}`, {
    cause: error.cause,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** The SQLSTATE of what the server said; undefined where it said nothing. */
export function stateOf(error: unknown): string | undefined {
  return error instanceof SessionFailure ? sqlState(error.cause) : undefined;
}

interface Trouble {
  kind: ErrorKind;
  cause: string;
  hint: string | undefined;
}

function ofSession({
  kind,
  cause,
  hint,
}: {
  kind: RefusalKind;
  cause: string;
  hint: string | undefined;
}): Trouble {
  return { kind: errorKinds[kind], cause, hint };
}

/** What a server that does not take us is among errors. */
export const errorKinds: Readonly<Record<RefusalKind, ErrorKind>> = {
  full: 'unavailable',
  down: 'unavailable',
  starting: 'unavailable',
  silent: 'unavailable',
  unclear: 'unavailable',
  failing: 'io',
  denied: 'denied',
  tls: 'config',
};

const ofReplicas: Settings = {
  password:
    'write it into the address that postgres_url_file in [replicas.<name>] names: docs/configuration.md',
  sslmode: 'set sslmode=… in the address of [replicas.<name>] to what the server has: docs/configuration.md',
};

function byState(error: SessionFailure, asking: Asking): Trouble | undefined {
  const state = sqlState(error.cause);
  if (state === undefined) return undefined;
  const known = states[state] ?? states[state.slice(0, 2)];
  if (known === undefined) return undefined;
  const { kind, words, hint } = known;
  return { kind, cause: `${words} (it says "${errorMessage(error.cause)}")`, hint: hint?.(asking) };
}

interface State {
  readonly kind: ErrorKind;
  readonly words: string;
  readonly hint?: (asking: Asking) => string;
}

/** Those that mean something else to who writes than to who looks. By SQLSTATE, or by its class. */
const states: Readonly<Record<string, State>> = {
  '25006': {
    kind: 'unavailable',
    words: 'it takes no changes: it is a standby, or set to be read only',
    hint: ({ target }) =>
      `name the primary: ${ofServer(target, "select pg_is_in_recovery(), current_setting('default_transaction_read_only')")}`,
  },
  '42501': {
    kind: 'denied',
    words: 'its role may not do that there',
    hint: ({ target, schema }) =>
      `let it, as a superuser: ${inDatabase(target, `grant create on database ${quote(target.database)} to ${quote(target.user)}; grant all on schema ${quote(schema)} to ${quote(target.user)}`)}`,
  },
  '3D000': {
    kind: 'missing',
    words: 'it has no such database',
    hint: ({ target }) =>
      `make it: ${ofServer(target, `create database ${quote(target.database)} owner ${quote(target.user)} encoding 'UTF8' template template0`)}`,
  },
  '57014': { kind: 'unavailable', words: 'a question took longer than it may' },
  '55P03': {
    kind: 'busy',
    words: 'somebody holds a lock on its tables',
    hint: ({ target }) => ofServer(target, whoWaits),
  },
  '25P03': { kind: 'unavailable', words: 'it waited too long for our next question' },
  '40': { kind: 'unavailable', words: 'others worked on the same rows' },
  '42883': {
    kind: 'refused',
    words: 'it is older than PostgreSQL 14, or lacks a function of it',
    hint: ({ target }) => ofServer(target, 'select version()'),
  },
  '42': {
    kind: 'damaged',
    words: 'its tables are not as they were made',
    hint: ({ target, schema }) => inDatabase(target, String.raw`\d ${quote(schema)}.*`),
  },
  '3F': { kind: 'damaged', words: 'its schema is gone' },
  '23': { kind: 'damaged', words: 'its tables have constraints that nobody made here' },
  '2BP01': {
    kind: 'refused',
    words: 'a view reads a table that has to be made anew',
    hint: ({ target, schema }) =>
      `drop it, and make it again afterwards: ${inDatabase(target, `select distinct view_schema, view_name from information_schema.view_table_usage where table_schema = '${schema}'`)}`,
  },
  P0: { kind: 'refused', words: 'a trigger refuses it' },
};

const whoWaits =
  'select pid, pg_blocking_pids(pid), usename, application_name, state, left(query, 80) from pg_stat_activity where cardinality(pg_blocking_pids(pid)) > 0';

function inDatabase(target: PostgresTarget, sql: string): string {
  return isHere(target)
    ? `sudo -u postgres psql -p ${target.port} -d ${shellWord(target.database)} -c ${shellWord(sql)}`
    : `psql -h ${shellWord(target.host)} -p ${target.port} -U postgres -d ${shellWord(target.database)} -c ${shellWord(sql)}`;
}
