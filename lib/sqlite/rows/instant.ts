// One instant of a database, held by one thread or by two. Nothing that a database offers lets two connections begin at
// the same instant; that they have is proven, or they have not.
import { errorCode } from '../../base/errors.ts';
import type { LiveSource } from '../live-reader.ts';
import type { Database } from '../open.ts';

/** A second thread, as far as beginning is concerned. */
export interface SecondThread {
  open(source: LiveSource): Promise<void>;
  /** Notes of which state the database is, and holds none. */
  look(): Promise<void>;
  /** Begins, and says whether nothing was committed since the look; if something was, it holds none. */
  begin(): Promise<boolean>;
}

/** An app that commits more often than this has pauses in which it does not. */
const attemptsMax = 8;

/** What is read from here on is of one instant: a transaction begins with its first read. */
export function beginInstant(database: Database): void {
  database.exec('BEGIN');
  database.prepare('SELECT count(*) FROM sqlite_schema').get();
}

/**
 * Begins in both threads: ours after the other's look, the other after ours. Where nothing was committed from that look until
 * the other had begun, both hold the same instant. False where that could not be had, and then neither holds any. What
 * keeps this thread from beginning is thrown; what is wrong with the other is not, for one alone can do without it.
 */
export async function beginTogether(
  database: Database,
  source: LiveSource,
  other: SecondThread,
): Promise<boolean> {
  if (!(await succeeds(other.open(source)))) return false;
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    if (!(await succeeds(other.look()))) return false;
    beginInstant(database);
    if (await other.begin().catch(() => false)) return true;
    database.exec('ROLLBACK');
  }
  return false;
}

async function succeeds(work: Promise<void>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  );
}

/** The side of the other thread. */
export class LookedInstant {
  readonly #database: Database;
  #seen: unknown;

  constructor(database: Database) {
    this.#database = database;
    // A writer that waits for the first thread's lock keeps this one from getting any: both would wait for nothing.
    database.pragma('busy_timeout = 0');
  }

  look(): void {
    this.#seen = unlessBusy(() => this.#version());
  }

  begin(): boolean {
    const database = this.#database;
    const isBegun = unlessBusy(() => {
      beginInstant(database);
      return true;
    });
    if (isBegun === true && this.#seen !== undefined && this.#version() === this.#seen) return true;
    if (database.inTransaction) database.exec('ROLLBACK');
    return false;
  }

  /** Another one each time that another connection has committed (https://sqlite.org/pragma.html#pragma_data_version). */
  #version(): unknown {
    return this.#database.pragma('data_version', { simple: true });
  }
}

function unlessBusy<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (errorCode(error)?.startsWith('SQLITE_BUSY') === true) return undefined;
    throw error;
  }
}
