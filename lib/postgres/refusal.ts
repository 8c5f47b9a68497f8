// Why there is no answer, by its cause and in words: a server that is full is something else than one that is gone, and one
// that does not take us something else than one that takes nobody. By codes and not by words, which the server may say in
// any language.
import { errorCode, errorMessage, OpsError } from '../base/errors.ts';
import { formatDuration } from '../base/format.ts';
import { networkReason } from '../base/network-reason.ts';
import { shellWord } from '../base/shell-word.ts';
import type { PostgresRefusal, RefusalKind } from '../health/postgres.ts';
import { placeOf, type PostgresTarget } from '../health/postgres-target.ts';
import { isWithoutTls, PasswordInTheClear, PasswordWanted, SessionFailure } from './connection.ts';
import { isHere, logOf, ofServer, whoHasThem } from './words.ts';

interface Asked {
  readonly target: PostgresTarget;
  /** The role whose share counts. */
  readonly role: string;
  readonly timeoutMs: number;
  /** Whose settings name the target; those of the checks, unless said. */
  readonly settings?: Settings;
}

/** Where a person sets what the server asks for. */
export interface Settings {
  readonly password: string;
  readonly sslmode: string;
}

interface Explained {
  kind: RefusalKind;
  full?: 'server' | 'role' | 'database';
  cause: string;
  hint?: string | undefined;
}

/** What a failed session means, in words. */
export function causeOf(
  error: SessionFailure,
  asked: Asked,
): { kind: RefusalKind; cause: string; hint: string | undefined } {
  const { kind, cause, hint } = explain(error, asked);
  return { kind, cause, hint: hint ?? lookHint(kind, asked.target) };
}

/** What a failed session means. Throws what is neither of the server nor of the network. */
export function refusalOf(error: unknown, asked: Asked): PostgresRefusal {
  if (error instanceof OpsError) throw error;
  if (!(error instanceof SessionFailure)) throw error;
  const { kind, full, cause, hint } = explain(error, asked);
  return {
    kind,
    full,
    isOwnRole: asked.role === asked.target.user,
    message: `${placeOf(asked.target)}: ${cause}`,
    hint: hint ?? lookHint(kind, asked.target),
  };
}

function explain(failure: SessionFailure, asked: Asked): Explained {
  const { cause } = failure;
  if (failure.isTimeout) return silent(failure, asked);
  if (cause instanceof PasswordWanted) return passwordWanted(asked);
  if (cause instanceof PasswordInTheClear)
    return {
      kind: 'tls',
      cause: 'it asks for the password in the clear, without TLS, and is not given it',
      hint: settingsOf(asked).sslmode,
    };
  if (isWithoutTls(cause))
    return { kind: 'tls', cause: 'it has no TLS, which is asked for', hint: settingsOf(asked).sslmode };
  const state = sqlState(cause);
  if (state !== undefined) return byState(state, cause, asked);
  return byNetwork(failure, asked);
}

/** Where and how it went silent. */
function silent({ phase, receivedBytes }: SessionFailure, { timeoutMs }: Asked): Explained {
  const within = `within ${formatDuration(timeoutMs)}`;
  if (phase === 'reaching') return { kind: 'down', cause: `it cannot be reached ${within}` };
  if (phase === 'asking') return { kind: 'silent', cause: `it let us in, and did not answer ${within}` };
  return receivedBytes > 0
    ? { kind: 'silent', cause: `it began to answer, and let nobody in ${within}` }
    : { kind: 'silent', cause: `it takes the connection and says nothing ${within}` };
}

function passwordWanted(asked: Asked): Explained {
  return {
    kind: 'denied',
    cause: `it asks for the password of ${asked.target.user}, and none is given`,
    hint: settingsOf(asked).password,
  };
}

function settingsOf({ settings = ofChecks }: Asked): Settings {
  return settings;
}

const ofChecks: Settings = {
  password: 'name a file with it as password_file in [health.postgres.databases.<name>]',
  sslmode:
    'set sslmode in [health.postgres.databases.<name>], or sslmode=… in the url, to what the server has: docs/configuration.md',
};

/** Of a database that an app has. */
export const ofApps: Settings = {
  password:
    'write it into the address in the file that postgres_url_file in the table of the app names: docs/configuration.md',
  sslmode: 'set sslmode=… in the address of the app to what the server has: docs/configuration.md',
};

/** The five characters that PostgreSQL gives every error, in whatever language its words are. */
export function sqlState(error: unknown): string | undefined {
  const code = errorCode(error);
  const isTold = error instanceof Error && 'severity' in error;
  return isTold && code !== undefined && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

function byState(state: string, error: unknown, asked: Asked): Explained {
  const said = `it says "${errorMessage(error)}"`;
  // A pooler before the server has no code of its own for it.
  if (state === '53300' || /no more connections allowed/.test(errorMessage(error)))
    return { kind: 'full', full: whatIsFull(error), cause: said };
  const known = states[state] ?? states[state.slice(0, 2)];
  if (known === undefined) return { kind: 'unclear', cause: `${said} (SQLSTATE ${state})` };
  const { kind, words, hint } = known;
  return { kind, cause: `${words(asked)} (${said})`, hint: hint?.(asked) };
}

/** Which limit it is says the place in the server's own code that refuses. */
function whatIsFull(error: unknown): 'server' | 'role' | 'database' {
  const routine = error instanceof Error && 'routine' in error ? error.routine : undefined;
  if (routine === 'InitializeSessionUserId') return 'role';
  return routine === 'CheckMyDatabase' ? 'database' : 'server';
}

interface State {
  kind: RefusalKind;
  words: (asked: Asked) => string;
  hint?: (asked: Asked) => string;
}

/** By SQLSTATE, or by its class, the first two characters. */
const states: Readonly<Record<string, State>> = {
  '57P03': { kind: 'starting', words: () => 'it is starting, stopping or recovering, and takes nobody' },
  '57P01': { kind: 'starting', words: () => 'it ended our connection: somebody stops it' },
  '57P02': { kind: 'starting', words: () => 'it ended our connection: one of its processes has crashed' },
  '57014': { kind: 'unclear', words: () => 'it took too long over a question of ours' },
  '55P03': { kind: 'unclear', words: () => 'somebody holds a lock on its catalogues' },
  '55000': { kind: 'down', words: ({ target }) => `it takes nobody into ${target.database}` },
  '3D000': {
    kind: 'down',
    words: ({ target }) => `it has no database ${target.database}`,
    hint: ({ target }) => `list what it has: ${ofServer(target, String.raw`\l`)}`,
  },
  '28P01': {
    kind: 'denied',
    words: ({ target }) => `it refuses the password of ${target.user}`,
    hint: ({ target }) => `try it by hand: ${byHand(target)}`,
  },
  '28': {
    kind: 'denied',
    words: ({ target }) => `it does not let ${target.user} into ${target.database} from here`,
    hint: ({ target }) =>
      `look at the line for it in its pg_hba.conf: ${ofServer(target, 'select * from pg_hba_file_rules')}`,
  },
  '42501': { kind: 'denied', words: ({ target }) => `${target.user} may not connect to ${target.database}` },
  '53100': { kind: 'failing', words: () => 'its disk is full' },
  '53': { kind: 'failing', words: () => 'it is out of memory or of something else' },
  '58': { kind: 'failing', words: () => 'its system fails it' },
  XX: { kind: 'failing', words: () => 'it is damaged, or fails inside' },
};

function byNetwork({ cause, phase, receivedBytes }: SessionFailure, asked: Asked): Explained {
  const { target } = asked;
  const code = errorCode(cause);
  if (code !== undefined && isOfTls(code))
    return {
      kind: 'tls',
      cause: `its certificate or its TLS is not what is asked for: ${errorMessage(cause)}`,
      hint: settingsOf(asked).sslmode,
    };
  if (code === 'ENOENT')
    return {
      kind: 'down',
      cause: 'there is no such socket: it does not run, or has another port or directory',
    };
  if (code === 'EACCES' || code === 'EPERM')
    return {
      kind: 'denied',
      cause: 'this user may not use its socket',
      hint: `ls -ld ${shellWord(target.host)}`,
    };
  if (code === 'ECONNREFUSED') return { kind: 'down', cause: 'connection refused: nobody listens there' };
  if (phase === 'greeting' && receivedBytes > 0)
    return { kind: 'unclear', cause: 'what answers there is no PostgreSQL server, or broke off' };
  if (code !== undefined) return { kind: 'down', cause: networkReason(cause) };
  const when = phase === 'asking' ? 'in the middle of an answer' : 'without a word';
  return { kind: 'down', cause: `it closed the connection ${when}` };
}

function isOfTls(code: string): boolean {
  return /^(ERR_TLS_|ERR_SSL_|ERR_OSSL|CERT_|EPROTO$|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_|INVALID_CA|PATH_LENGTH)/.test(
    code,
  );
}

/** What to look at where the cause has no better advice. */
function lookHint(kind: RefusalKind, target: PostgresTarget): string | undefined {
  if (kind === 'full')
    return `who has them, asked as a superuser, for whom some are kept: ${ofServer(target, whoHasThem)}`;
  if (kind === 'failing') return `what it says itself: ${logOf(target)}`;
  if (['down', 'starting', 'silent'].includes(kind))
    return isHere(target)
      ? `whether it runs, and what it says: pg_lsclusters; ${logOf(target)}`
      : `whether it answers: pg_isready -h ${shellWord(target.host)} -p ${target.port}`;
  return `try it by hand: ${byHand(target)}`;
}

function byHand({ host, port, user, database }: PostgresTarget): string {
  return `psql -h ${shellWord(host)} -p ${port} -U ${shellWord(user)} -d ${shellWord(database)}`;
}
