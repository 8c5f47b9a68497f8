// Keys that have to be looked at once more, as if their rows had changed.
import type { RereadKeys } from '../../delta/capture.ts';
import { logKeys } from '../../delta/capture-sql.ts';
import type { Cell } from '../../delta/cell.ts';
import type { Database } from '../open.ts';
import { bound } from './cells.ts';
import type { StockedTable } from './stock.ts';

/** Of one table, as many as one short transaction takes. */
const keysMax = 5000;

/** Hands on what is known here, in pieces. A table that is gone has nothing to look at. */
export function* keysToNote(
  keys: readonly RereadKeys[],
  tables: readonly StockedTable[],
): Generator<{ table: StockedTable; keys: readonly (readonly Cell[])[] }> {
  for (const { table: name, keys: all } of keys) {
    const table = tables.find((one) => one.name === name);
    if (table === undefined) continue;
    for (let at = 0; at < all.length; at += keysMax) yield { table, keys: all.slice(at, at + keysMax) };
  }
}

/** Within a transaction of the caller's. */
export function noteKeys(database: Database, id: number, keys: readonly (readonly Cell[])[]): void {
  const statements = new Map<string, ReturnType<Database['prepare']>>();
  for (const key of keys) {
    const parts = key.map(bound);
    const marks = parts.map(({ sql }) => sql).join(', ');
    const statement =
      statements.get(marks) ??
      database.prepare(
        `INSERT INTO main._holdfast_log(t, ${logKeys(key.length).join(', ')}) VALUES(?, ${marks})`,
      );
    statements.set(marks, statement);
    statement.run(id, ...parts.map(({ value }) => value));
  }
}
