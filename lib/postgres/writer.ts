// One long-lived connection that writes: a transaction at a time, each whole or not at all, also where the server goes while it
// commits. Opened when it is needed, and again when it was lost.
import { setTimeout as pause } from 'node:timers/promises';
import { OpsError } from '../base/errors.ts';
import type { PostgresTarget } from '../health/postgres-target.ts';
import { type Answer, type Connection, reach, SessionFailure, type Value } from './connection.ts';
import { quote } from './names.ts';
import { stateOf, troubleOf } from './trouble.ts';

/** What a transaction asks. Throws SessionFailure. */
export interface Session {
  /** Rows as the server writes them; of several statements, which have no values, the last answer. */
  run(sql: string, values?: readonly Value[]): Promise<Answer>;
  /** Several statements in one message, for a server that is far away: the answer to each. */
  runAll(statements: readonly string[]): Promise<Answer[]>;
  /** How much the server has said on this connection. */
  readonly receivedBytes: number;
}

export interface WriterOptions {
  readonly target: PostgresTarget;
  /** Where its tables are. */
  readonly schema: string;
  readonly signal: AbortSignal;
  /** One statement. */
  readonly statementTimeoutMs?: number;
  /** For a lock that somebody else holds. */
  readonly lockTimeoutMs?: number;
  /** Between two looks at a server that comes back. */
  readonly pauseMs?: number;
}

const connectTimeoutMs = 20_000;
/** Beyond its own limit of a statement the server is not waited for. */
const graceMs = 10_000;
const looksMax = 30;

/** How a transaction begins, and what is asked with it. */
type Beginning = readonly [mode: string, ...questions: string[]];

interface Begun {
  readonly session: Session;
  /** To the last question. */
  readonly answer: Answer;
}

export class PostgresWriter {
  readonly #options: Required<WriterOptions>;
  #connection: Connection | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: WriterOptions) {
    this.#options = { statementTimeoutMs: 300_000, lockTimeoutMs: 30_000, pauseMs: 1000, ...options };
  }

  /**
   * What `work` gives, once it is committed. Transactions wait for one another. `act` is what it is for, in an error's
   * words. Throws OpsError, the signal's reason, and what `work` throws; then nothing of it is there.
   */
  write<T>(act: string, work: (session: Session) => Promise<T>): Promise<T> {
    return this.#inTurn(act, () => this.#write(work));
  }

  /** The same of one instant, without changing anything. */
  read<T>(act: string, work: (session: Session) => Promise<T>): Promise<T> {
    return this.#inTurn(act, async () => {
      const { result, session } = await this.#work(['isolation level repeatable read read only'], work);
      await session.run('commit');
      return result;
    });
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    await this.#last.catch(() => undefined);
    await this.#connection?.close();
    this.#connection = undefined;
  }

  async #inTurn<T>(act: string, work: () => Promise<T>): Promise<T> {
    const { target, schema, signal, statementTimeoutMs: timeoutMs } = this.#options;
    const before = this.#last;
    const turn = (async () => {
      await before.catch(() => undefined);
      signal.throwIfAborted();
      return work();
    })();
    this.#last = turn;
    try {
      return await turn;
    } catch (error) {
      signal.throwIfAborted();
      throw troubleOf(error, { target, schema, act, timeoutMs });
    }
  }

  async #write<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const first: Beginning = ['isolation level read committed', 'select pg_current_xact_id()::text'];
    const { result, session } = await this.#work(first, async (session, { rows }) => ({
      ...{ made: await work(session), id: rows[0]?.[0] ?? '' },
    }));
    try {
      const { command } = await session.run('commit');
      if (command !== 'COMMIT') throw new Error(`a transaction that failed was to be committed: ${command}`);
    } catch (error) {
      if (!isLost(error, this.#connection)) throw error;
      if (!(await this.#isCommitted(result.id, error))) throw error;
    }
    return result.made;
  }

  /** All but the commit. */
  async #work<T>(first: Beginning, work: (session: Session, answer: Answer) => Promise<T>) {
    const { session, answer } = await this.#begin(first);
    try {
      return { result: await work(session, answer), session };
    } catch (error) {
      await this.#rollBack(session);
      throw error;
    }
  }

  /** A connection that was lost while nobody used it is noticed here, where nothing is lost by another one. */
  async #begin(first: Beginning): Promise<Begun> {
    const known = this.#connection;
    if (known?.isOpen === true) {
      try {
        return await this.#begun(known, first);
      } catch (error) {
        if (!isLost(error, known)) throw error;
      }
    }
    await known?.close();
    this.#connection = undefined;
    return this.#begun(await this.#reach(), first);
  }

  async #begun(connection: Connection, [mode, ...questions]: Beginning): Promise<Begun> {
    const session = sessionOf(connection, this.#options.statementTimeoutMs + graceMs);
    const answer = await session.run([...this.#beginning(mode), ...questions].join('; '));
    return { session, answer };
  }

  /**
   * Settings of the role and of the database give way: to what is written must be read as it was, by our own tables, and a commit
   * that is told is on the disk. `local`, so that a pooler in between hands none of them on.
   */
  #beginning(mode: string): string[] {
    const { schema, statementTimeoutMs, lockTimeoutMs } = this.#options;
    const settings = {
      // Names of the server go before, what is made is made in the schema, and what a session made for itself comes last.
      search_path: `${quote(schema)}, pg_temp`,
      statement_timeout: statementTimeoutMs,
      lock_timeout: lockTimeoutMs,
      idle_in_transaction_session_timeout: statementTimeoutMs,
      extra_float_digits: 1,
      bytea_output: 'hex',
      standard_conforming_strings: 'on',
      row_security: 'off',
      jit: 'off',
    };
    const set = Object.entries(settings).map(([name, value]) => `set local ${name} = ${value}`);
    const durable = `select set_config('synchronous_commit', 'on', true) where current_setting('synchronous_commit') = 'off'`;
    return [`begin ${mode}`, ...set, durable];
  }

  async #reach(): Promise<Connection> {
    const { target, signal } = this.#options;
    const connection = await reach(target, {
      limit: signal,
      openTimeoutMs: connectTimeoutMs,
      applicationName: 'holdfast replica',
    });
    this.#connection = connection;
    return connection;
  }

  async #rollBack(session: Session): Promise<void> {
    if (this.#connection?.isOpen !== true) return;
    try {
      await session.run('rollback');
    } catch {
      this.#connection.cut();
    }
  }

  /** The reply to a commit was lost: the server knows what became of the transaction, once it is there again. */
  async #isCommitted(id: string, lost: unknown): Promise<boolean> {
    for (let look = 0; look < looksMax; look += 1) {
      const status = await this.#statusOf(id).catch((error: unknown) => {
        if (error instanceof SessionFailure) return undefined;
        throw error;
      });
      if (status === 'committed') return true;
      if (status === 'aborted') return false;
      await pause(this.#options.pauseMs, undefined, { signal: this.#options.signal });
    }
    throw new OpsError(
      'unavailable',
      'the server went while it was told to commit, and is not back: whether that was done is not known',
      {
        cause: lost,
        hint: 'look at what is there before it is done again; a batch is settled by sending it again',
      },
    );
  }

  async #statusOf(id: string): Promise<string | null | undefined> {
    const { session } = await this.#begin(['isolation level read committed read only']);
    const { rows } = await session.run('select pg_xact_status($1::xid8)', [id]);
    await session.run('commit');
    return rows[0]?.[0];
  }
}

/** Whether the connection is gone, and with it all that it had not committed. */
function isLost(error: unknown, connection: Connection | undefined): boolean {
  return connection?.isOpen !== true || stateOf(error)?.startsWith('57P') === true;
}

/** Each question is answered within its time, or the connection is cut. */
function sessionOf(connection: Connection, timeoutMs: number): Session {
  const within = async <T>(asked: () => Promise<T>): Promise<T> => {
    let isTimeout = false;
    const timer = setTimeout(() => {
      isTimeout = true;
      connection.cut();
    }, timeoutMs);
    try {
      return await asked();
    } catch (error) {
      throw connection.failure(error, isTimeout);
    } finally {
      clearTimeout(timer);
    }
  };
  return {
    get receivedBytes() {
      return connection.receivedBytes;
    },
    async run(sql, values) {
      const answers = await within(() => connection.answers(sql, values));
      return answers.at(-1) ?? { rows: [], count: 0, command: '' };
    },
    runAll: (statements) => within(() => connection.answers(statements.join('; '))),
  };
}
