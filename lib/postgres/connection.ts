// One connection to a PostgreSQL server, of which nothing is left when it is cut. The only importer of pg, which is loaded when
// there is something to ask.
import { Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { Client, QueryResultRow } from 'pg';
import type { PostgresTarget } from '../health/postgres-target.ts';
import { guardMessages } from './message-guard.ts';
import { authorityOf, isOptional, tlsOptions } from './tls.ts';
import { isHere } from './words.ts';

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

/** Rows as the server writes them, a text or null a column, and how many there are or were changed. */
export interface Answer {
  readonly rows: (string | null)[][];
  readonly count: number;
  /** `COMMIT`, `INSERT` … */
  readonly command: string;
}

/** What a value of a question may be: pg hands on a text as it is. */
export type Value = string | null;

export interface ReachOptions {
  /** Cuts it, now or at any time until it is closed. */
  readonly limit: AbortSignal;
  /** What says more is no server of ours; undefined for no end. */
  readonly receivedBytesMax?: number;
  /** How long it may take to be let in; undefined where `limit` alone decides. */
  readonly openTimeoutMs?: number;
  readonly applicationName?: string;
  /** What goes before the settings of the role and of the database, from the first moment on; a pooler takes none. */
  readonly settings?: string;
}

/**
 * Opens one, with TLS as the target says. Throws SessionFailure, OpsError for certificates that cannot be read, and what
 * `readPassword` throws.
 */
export async function reach(target: PostgresTarget, options: ReachOptions): Promise<Connection> {
  const tls = target.host.startsWith('/') ? undefined : tlsOptions(target.sslmode, authorityOf(target));
  try {
    return await attempt(target, tls, options);
  } catch (error) {
    const mayGoWithout = tls !== undefined && isOptional(target.sslmode) && isWithoutTls(error);
    if (!mayGoWithout) throw error;
    return attempt(target, undefined, options);
  }
}

async function attempt(
  target: PostgresTarget,
  tls: ConnectionOptions | undefined,
  options: ReachOptions,
): Promise<Connection> {
  const connection = new Connection(options);
  try {
    await connection.open(target, tls);
    return connection;
  } catch (error) {
    const failure = connection.failure(error);
    await connection.close();
    throw failure;
  }
}

/** The answer of a server that has no TLS, in the words of pg, which has no code for it. */
export function isWithoutTls(error: unknown): boolean {
  const cause = error instanceof SessionFailure ? error.cause : error;
  return cause instanceof Error && cause.message === 'The server does not support SSL connections';
}

/** The socket is ours, so that nothing of pg can keep it open. */
export class Connection {
  readonly #socket = new Socket();
  readonly #options: ReachOptions;
  readonly #cut = () => this.cut();
  readonly #late = () => {
    this.#isLate = true;
    this.cut();
  };
  #client: Client | undefined;
  #phase: Phase = 'reaching';
  #receivedBytes = 0;
  #isInTheClear = false;
  #isOver = false;
  #isLate = false;
  #thrown: unknown;

  constructor(options: ReachOptions) {
    this.#options = options;
    options.limit.addEventListener('abort', this.#cut, { once: true });
  }

  /** Whether it can still be asked, as far as anybody has heard. */
  get isOpen(): boolean {
    return this.#phase === 'asking' && !this.#isOver && !this.#socket.destroyed;
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** What who answers calls the process that serves us; a pooler tells another number than the server itself. */
  get processId(): number | undefined {
    return (this.#client as { processID?: number } | undefined)?.processID;
  }

  async open(target: PostgresTarget, tls: ConnectionOptions | undefined): Promise<void> {
    this.#options.limit.throwIfAborted();
    const { default: pg } = await import('pg');
    const client = new pg.Client({
      host: target.host,
      port: target.port,
      user: target.user,
      database: target.database,
      // Called when the server asks: what is no function would be looked for in the environment and in files.
      password: () => this.#password(target),
      ssl: tls ?? false,
      application_name: this.#options.applicationName ?? 'holdfast',
      client_encoding: 'UTF8',
      ...(this.#options.settings === undefined ? {} : { options: this.#options.settings }),
      keepAlive: true,
      stream: () => this.#socket,
    });
    this.#client = client;
    // What happens while nobody waits for an answer is in the next one.
    client.on('error', () => (this.#isOver = true));
    client.on('end', () => (this.#isOver = true));
    this.#socket.once('connect', () => (this.#phase = 'greeting'));
    this.#count(this.#socket);
    if (tls === undefined) guardMessages(this.#socket, this.#cut);
    const { connection } = client;
    // Heard before pg hears it, and gives the password.
    connection.once(
      'authenticationCleartextPassword',
      () => (this.#isInTheClear = tls === undefined && !isHere(target)),
    );
    connection.once('sslconnect', () => {
      this.#count(connection.stream);
      guardMessages(connection.stream, this.#cut);
    });
    const late =
      this.#options.openTimeoutMs === undefined
        ? undefined
        : setTimeout(this.#late, this.#options.openTimeoutMs);
    try {
      await client.connect();
    } finally {
      clearTimeout(late);
    }
    this.#phase = 'asking';
  }

  /** The rows of an answer, with values as pg reads them. Throws what pg throws. */
  async ask<Row extends QueryResultRow>(sql: string, values: readonly string[] = []): Promise<Row[]> {
    return (await this.#open().query<Row>(sql, [...values])).rows;
  }

  /** The same with values as the server writes them. Several statements at once, each with its answer, where there are no values. */
  async answers(sql: string, values?: readonly Value[]): Promise<Answer[]> {
    const query = { text: sql, rowMode: 'array' as const, types: asWritten };
    const result = await this.#open().query<(string | null)[]>(
      values === undefined ? query : { ...query, values: [...values] },
    );
    // Several statements are answered by a list, though its type does not say so.
    const all = Array.isArray(result) ? (result as (typeof result)[]) : [result];
    return all.map(({ rows, rowCount, command }) => ({ rows, count: rowCount ?? 0, command }));
  }

  /** One statement, for what follows a semicolon is refused; of each column the number of its type. */
  async prepared(sql: string): Promise<{ rows: (string | null)[][]; types: number[] }> {
    const query = { text: sql, rowMode: 'array' as const, types: asWritten, queryMode: 'extended' };
    const { rows, fields } = await this.#open().query<(string | null)[]>(query);
    return { rows, types: fields.map(({ dataTypeID }) => dataTypeID) };
  }

  #open(): Client {
    if (this.#client === undefined) throw new Error('a connection is asked before it is open');
    return this.#client;
  }

  /** Ends it at once, whatever it waits for. */
  cut(): void {
    this.#socket.destroy(new Error('cut'));
  }

  /** What an error of it means to others. */
  failure(error: unknown, isTimeout = this.#isLate || this.#options.limit.aborted): unknown {
    if (this.#thrown !== undefined) return this.#thrown;
    return new SessionFailure(error, { phase: this.#phase, receivedBytes: this.#receivedBytes, isTimeout });
  }

  /** Says goodbye where somebody listens: a server logs whoever goes without. */
  async close(): Promise<void> {
    if (this.isOpen) await this.#client?.end();
    this.#socket.destroy();
    this.#options.limit.removeEventListener('abort', this.#cut);
  }

  #count(stream: NodeJS.ReadableStream): void {
    const { receivedBytesMax = Infinity } = this.#options;
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
      // No server takes an empty one, and pg has no word for it.
      if (password !== undefined && password !== '') return password;
    } catch (error) {
      this.#thrown = error;
      throw error;
    }
    throw new PasswordWanted('the server asks for a password');
  }
}

/** No value is made of what the server writes. */
const asWritten = { getTypeParser: () => (text: string) => text };
