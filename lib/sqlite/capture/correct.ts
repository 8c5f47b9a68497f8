// Rows that staff corrected at the receiver, put into the app's database: in one transaction, all of them or none, or all that it takes, by statements
// like the app's own, so that its triggers and constraints have their say. What was put there is not sent back.
import { errorCode, errorMessage, OpsError } from '../../base/errors.ts';
import { rowHashText } from '../../delta/canonical.ts';
import { logKeys, quoted } from '../../delta/capture-sql.ts';
import type { CorrectedRow } from '../../delta/capture.ts';
import type { Cell } from '../../delta/cell.ts';
import type { Correction } from '../../delta/peer.ts';
import { sqliteError } from '../errors.ts';
import type { Database } from '../open.ts';
import { bound } from './cells.ts';
import { hashOf, planCorrections, type Planned, type Planning, type Step } from './plan-corrections.ts';
import { exactly, rowReader } from './row-reader.ts';

export interface Correcting extends Planning {
  readonly path: string;
  readonly hasLog: boolean;
  /** What is remembered of it within the same transaction. */
  note(): void;
}

/**
 * Nothing is changed without `isApplied`, nor where one is refused and not left. Throws OpsError `refused` where the database does not
 * take one, or all together, and `unavailable` where it is locked.
 */
export function correctRows(
  parts: Correcting,
  corrections: readonly Correction[],
  { isApplied, leavesRefused }: { isApplied: boolean; leavesRefused: boolean },
): readonly CorrectedRow[] {
  const { database, path } = parts;
  const work = (): readonly CorrectedRow[] => {
    const plan = planCorrections(parts, corrections);
    const isRefused = plan.some(({ row }) => row.refusal !== undefined);
    if (!isApplied || (isRefused && !leavesRefused)) return plan.map(({ row }) => row);
    // Rows come in any order: what refers to what is looked at when all are there.
    database.pragma('defer_foreign_keys = ON');
    const logged = lastSeq(parts);
    const left = takeAll(parts, plan, leavesRefused);
    const rows = plan.map((one) => settled(parts, one, { logged, left }));
    parts.note();
    return rows;
  };
  try {
    if (isApplied) database.pragma('foreign_keys = ON');
    const transaction = database.transaction(work);
    return isApplied ? transaction.immediate() : transaction.deferred();
  } catch (error) {
    if (isConstraint(error)) throw unfit(path, error);
    throw sqliteError(`apply the corrections to ${path}`, error, {
      hint: 'nothing was changed; run it again once the app has let go of its database',
    });
  }
}

/**
 * Again and again while any of them is taken: a value that has to be unique may be in the way of another until that is changed. Those that
 * are not taken, with the reason, where they may be left.
 */
function takeAll(
  { database }: Correcting,
  plan: readonly Planned[],
  leavesRefused: boolean,
): ReadonlyMap<Step, string> {
  let waiting = plan.flatMap(({ row, step }) => (row.refusal === undefined ? (step ?? []) : []));
  while (waiting.length > 0) {
    const failed: { step: Step; error: unknown }[] = [];
    for (const step of waiting) {
      try {
        take(database, step);
      } catch (error) {
        if (!isConstraint(error) || !database.inTransaction) throw notTaken(step, error);
        failed.push({ step, error });
      }
    }
    const [first] = failed;
    if (first !== undefined && failed.length === waiting.length) {
      if (!leavesRefused) throw notTaken(first.step, first.error);
      return new Map(
        failed.map(({ step, error }) => [
          step,
          `the app's database does not take it: ${errorMessage(error)}`,
        ]),
      );
    }
    waiting = failed.map(({ step }) => step);
  }
  return new Map();
}

function take(database: Database, { table, key, before, after }: Step): void {
  const { shape } = table.facts;
  const name = `main.${quoted(shape.name)}`;
  const { where, values } = exactly(shape.key.map(quoted), key);
  if (after === undefined) {
    database.prepare(`DELETE FROM ${name} WHERE ${where}`).run(...values);
    return;
  }
  const columns = shape.columns.map((column, index) => ({
    name: quoted(column.name),
    ...bound(after[index] ?? null),
  }));
  if (before === undefined) {
    const list = columns.map((column) => column.name).join(', ');
    const marks = columns.map(({ sql }) => sql).join(', ');
    database
      .prepare(`INSERT INTO ${name} (${list}) VALUES (${marks})`)
      .run(...columns.map(({ value }) => value));
    return;
  }
  // What is the same is not named: a trigger of the app's may look for the columns that are written.
  const changed = columns.filter(
    (_, index) => rowHashText([before[index] ?? null]) !== rowHashText([after[index] ?? null]),
  );
  const sets = changed.map((column) => `${column.name} = ${column.sql}`).join(', ');
  database
    .prepare(`UPDATE ${name} SET ${sets} WHERE ${where}`)
    .run(...changed.map(({ value }) => value), ...values);
}

/** Takes what our statement noted of a row out of the log, where the row is what it is at the receiver now. */
function settled(
  { database, hasLog }: Correcting,
  { row, step }: Planned,
  { logged, left }: { logged: bigint; left: ReadonlyMap<Step, string> },
): CorrectedRow {
  if (step === undefined || row.refusal !== undefined) return row;
  const notTakenFor = left.get(step);
  if (notTakenFor !== undefined) return { ...row, refusal: notTakenFor };
  const { table, key, before, after } = step;
  const now = rowReader(database, table.facts.shape).row(key);
  if (hashOf(now) !== hashOf(after)) return { ...row, after: now, state: 'changed-further' };
  // A row that staff added is nobody's there until we send the same.
  if (hasLog && table.by === 'log' && before !== undefined) {
    const parts = key.map(bound);
    const isKey = logKeys(key.length).map((column, index) => `${column} IS ${parts[index]?.sql}`);
    // No number is given twice by this: nobody has seen those that go, and the entry before them stays.
    database
      .prepare(`DELETE FROM main._holdfast_log WHERE seq > ? AND t = ? AND ${isKey.join(' AND ')}`)
      .run(logged, table.id, ...parts.map(({ value }) => value));
  }
  return { ...row, state: 'applied' };
}

function lastSeq({ database, hasLog }: Correcting): bigint {
  if (!hasLog) return 0n;
  return BigInt(
    database.prepare('SELECT coalesce(max(seq), 0) FROM main._holdfast_log').pluck().get() as number,
  );
}

function isConstraint(error: unknown): boolean {
  return errorCode(error)?.startsWith('SQLITE_CONSTRAINT') === true;
}

function notTaken({ table, key }: Step, error: unknown): unknown {
  const code = errorCode(error) ?? '';
  const isOwn = isConstraint(error) || code === 'SQLITE_ERROR';
  if (!isOwn) return error;
  return new OpsError(
    'refused',
    `cannot apply the corrections: the app's database does not take ${table.name} ${key.map(shown).join(', ')}: ${errorMessage(error)}`,
    {
      hint: 'nothing was changed; correct the row at the receiver once more, or change it in the app',
      cause: error,
    },
  );
}

function shown(cell: Cell): string {
  return typeof cell === 'object' && cell !== null ? '(bytes)' : String(cell);
}

function unfit(path: string, error: unknown): OpsError {
  return new OpsError(
    'refused',
    `cannot apply the corrections to ${path}: its own rules do not allow them (${errorMessage(error)})`,
    { hint: 'nothing was changed; correct the rows at the receiver so that they fit together', cause: error },
  );
}
