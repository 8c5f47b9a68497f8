// A query that an operator wrote: it has to be one, it may only read, and what SQLite says of it is said in its name.
import { errorCode, errorMessage, OpsError } from '../../base/errors.ts';
import type { Cell } from '../../export/cell.ts';
import type { Database } from '../open.ts';

type Statement = ReturnType<Database['prepare']>;

/**
 * Prepares the one statement in `sql`, with `:day` bound where it asks for it. Throws OpsError `config` for what SQLite
 * cannot parse, for several statements, for one that returns nothing or may write, and for another parameter.
 */
export function prepareQuery(database: Database, sql: string, called: string, day?: string): Statement {
  const problem = (cause: string) => new OpsError('config', `cannot run ${called}: ${cause}`);
  const statement = prepared(database, sql, problem);
  if (!statement.reader) throw problem('it returns no rows, as a SELECT would');
  if (!statement.readonly) throw problem('it would write, and may only read');
  return bound(statement, day, problem);
}

function prepared(database: Database, sql: string, problem: (cause: string) => OpsError): Statement {
  try {
    return database.prepare(sql);
  } catch (error) {
    throw problem(errorMessage(error));
  }
}

function bound(
  statement: Statement,
  day: string | undefined,
  problem: (cause: string) => OpsError,
): Statement {
  try {
    return day === undefined ? statement.bind([]) : statement.bind({ day });
  } catch (error) {
    // A query that does not ask for the day takes no parameter at all.
    if (day !== undefined && errorMessage(error).startsWith('Too many'))
      return bound(statement, undefined, problem);
    throw problem(errorMessage(error));
  }
}

/** What a query of a day returns, row by row. */
export type DayQuery = (day: string) => IterableIterator<unknown[]>;

const dayQueries = new WeakMap<Database, Map<string, DayQuery>>();

/** As `prepareQuery`, once for all days: to prepare a statement takes as long as to run it. */
export function prepareDayQuery(database: Database, sql: string, called: string, day: string): DayQuery {
  const known = dayQueries.get(database) ?? new Map<string, DayQuery>();
  dayQueries.set(database, known);
  const found = known.get(sql) ?? dayQueryOf(database, sql, called, day);
  known.set(sql, found);
  return found;
}

function dayQueryOf(database: Database, sql: string, called: string, day: string): DayQuery {
  prepareQuery(database, sql, called, day); // which says what is wrong with it
  const statement = database.prepare(sql).raw();
  const takesDay = !isWithoutParameters(database, sql);
  return (of) =>
    (takesDay ? statement.iterate({ day: of }) : statement.iterate()) as IterableIterator<unknown[]>;
}

function isWithoutParameters(database: Database, sql: string): boolean {
  try {
    database.prepare(sql).bind([]);
    return true;
  } catch {
    return false;
  }
}

/** All rows of a short query. */
export function queryRows(database: Database, sql: string, called: string): Cell[][] {
  const statement = prepareQuery(database, sql, called).raw().safeIntegers();
  return runQuery(called, () => statement.all() as Cell[][]);
}

/** Runs what was prepared. What SQLite has against it half-way is the query's as well. */
export function runQuery<T>(called: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (errorCode(error) !== 'SQLITE_ERROR') throw error;
    throw new OpsError('config', `cannot run ${called}: ${errorMessage(error)}`);
  }
}
