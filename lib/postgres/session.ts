// One short connection to a PostgreSQL server: opened, asked in one read-only transaction, and closed on every path. The only
// importer of pg, which is loaded when there is something to ask.
import { Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { Client, QueryResultRow } from 'pg';
import { systemError } from '../base/errors.ts';
import { shellWord } from '../base/shell-word.ts';
import { readSmallFileSync } from '../files/read-small-file.ts';
import type { PostgresTarget } from '../health/postgres-target.ts';
import { isOptional, tlsOptions } from './tls.ts';
import { isHere } from './words.ts';

/** Asks one question; the rows of its answer. */
export type Ask = <Row extends QueryResultRow>(sql: string, values?: readonly string[]) => Promise<Row[]>;

/** How far a connection came. */
export type Phase = 'reaching' | 'greeting' | 'asking';

/** The connection or a question failed, by whatever pg or the system threw. */
export class SessionFailure extends Error {
  readonly phase: Phase;
  /** How much the other side had said by then. */
  readonly receivedBytes: number;
  readonly isTimeout: boolean;

  constructor(cause: unknown, at: { phase: Phase; receivedBytes: number; isTimeout: boolean }) {
    super('a session with PostgreSQL failed', { cause });
    this.phase = at.phase;
    this.receivedBytes = at.receivedBytes;
    this.isTimeout = at.isTimeout;
  }
}

/** Who answers wants the password itself, over a network that others may read. */
export class PasswordInTheClear extends Error {}

/** The server asked for a password, and none is given. */
export class PasswordWanted extends Error {}

/** As much as all answers together never are: what says more is no server of ours. */
const receivedBytesMax = 1024 * 1024;
const certificatesBytesMax = 1024 * 1024;
const statementTimeoutMs = 3000;
const lockTimeoutMs = 1000;

/** `search_path`: a role's own setting of it could put somebody else's functions before the server's. */
const begin = `begin read only; set local search_path = pg_catalog; set local statement_timeout = ${statementTimeoutMs}; set local lock_timeout = ${lockTimeoutMs}`;

/**
 * What `work` makes of the answers. All of it takes `timeoutMs` at most, a connection that hangs included, of which nothing is
 * left. Throws SessionFailure, the reason of `signal` when it aborts, OpsError for certificates that cannot
 * be read, and what `readPassword` throws.
 */
export async function withSession<T>(
  target: PostgresTarget,
  work: (ask: Ask) => Promise<T>,
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
): Promise<T> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const tls = target.host.startsWith('/') ? undefined : tlsOptions(target.sslmode, authorityOf(target));
  try {
    return await attempt(target, tls, work, limit).catch((error: unknown) => {
      const mayGoWithout = tls !== undefined && isOptional(target.sslmode) && isWithoutTls(error);
      if (!mayGoWithout) throw error;
      return attempt(target, undefined, work, limit);
    });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

function authorityOf({ rootCertificate }: PostgresTarget): Buffer | undefined {
  if (rootCertificate === undefined) return undefined;
  try {
    return readSmallFileSync(rootCertificate, { sizeBytesMax: certificatesBytesMax, follow: true });
  } catch (error) {
    throw systemError(`read the certificates in ${rootCertificate}`, error, {
      hint: `it is what sslrootcert names: ls -l ${shellWord(rootCertificate)}`,
    });
  }
}

/** The answer of a server that has no TLS, in the words of pg, which has no code for it. */
export function isWithoutTls(error: unknown): boolean {
  const cause = error instanceof SessionFailure ? error.cause : error;
  return cause instanceof Error && cause.message === 'The server does not support SSL connections';
}

async function attempt<T>(
  target: PostgresTarget,
  tls: ConnectionOptions | undefined,
  work: (ask: Ask) => Promise<T>,
  limit: AbortSignal,
): Promise<T> {
  const connection = new Connection();
  const cut = () => connection.cut();
  limit.addEventListener('abort', cut, { once: true });
  try {
    limit.throwIfAborted();
    const client = await connection.open(target, tls);
    const ask: Ask = async <Row extends QueryResultRow>(sql: string, values: readonly string[] = []) =>
      (await client.query<Row>(sql, [...values])).rows;
    await client.query(begin);
    const result = await work(ask);
    await client.query('commit');
    return result;
  } catch (error) {
    throw connection.failure(error, limit.aborted);
  } finally {
    await connection.close();
    limit.removeEventListener('abort', cut);
  }
}

/** The socket is ours, so that nothing of pg can keep it open. */
class Connection {
  readonly #socket = new Socket();
  #client: Client | undefined;
  #phase: Phase = 'reaching';
  #receivedBytes = 0;
  #isInTheClear = false;
  #thrown: unknown;

  async open(target: PostgresTarget, tls: ConnectionOptions | undefined): Promise<Client> {
    const { default: pg } = await import('pg');
    const client = new pg.Client({
      host: target.host,
      port: target.port,
      user: target.user,
      database: target.database,
      // Called when the server asks: what is no function would be looked for in the environment and in files.
      password: () => this.#password(target),
      ssl: tls ?? false,
      application_name: 'holdfast',
      client_encoding: 'UTF8',
      stream: () => this.#socket,
    });
    this.#client = client;
    // What happens while nobody waits for an answer is in the next one.
    client.on('error', () => undefined);
    this.#socket.once('connect', () => (this.#phase = 'greeting'));
    this.#limit(this.#socket);
    const { connection } = client;
    // Heard before pg hears it, and gives the password.
    connection.once(
      'authenticationCleartextPassword',
      () => (this.#isInTheClear = tls === undefined && !isHere(target)),
    );
    connection.once('sslconnect', () => this.#limit(connection.stream));
    await client.connect();
    this.#phase = 'asking';
    return client;
  }

  /** Ends it at once, whatever it waits for. */
  cut(): void {
    this.#socket.destroy(new Error('cut'));
  }

  failure(error: unknown, isTimeout: boolean): unknown {
    if (this.#thrown !== undefined) return this.#thrown;
    return new SessionFailure(error, { phase: this.#phase, receivedBytes: this.#receivedBytes, isTimeout });
  }

  /** Says goodbye where somebody listens: a server logs whoever goes without. */
  async close(): Promise<void> {
    if (this.#phase === 'asking' && !this.#socket.destroyed) await this.#client?.end();
    this.#socket.destroy();
  }

  #limit(stream: NodeJS.ReadableStream): void {
    stream.on('data', (chunk: Buffer) => {
      this.#receivedBytes += chunk.length;
      if (this.#receivedBytes > receivedBytesMax) this.cut();
    });
  }

  /** pg wraps nothing that is thrown here, and says it as an error of the connection. */
  #password(target: PostgresTarget): string {
    if (this.#isInTheClear) throw new PasswordInTheClear('the server asks for the password in the clear');
    try {
      const password = target.readPassword();
      if (password !== undefined) return password;
    } catch (error) {
      this.#thrown = error;
      throw error;
    }
    throw new PasswordWanted('the server asks for a password');
  }
}
