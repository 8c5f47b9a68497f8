// A query of the owner on a live database: it may only read, and what it returns is bounded.
import { OpsError } from '../../base/errors.ts';
import { formatBytes, groupThousands } from '../../base/format.ts';
import type { Database } from '../open.ts';
import { prepareQuery, runQuery } from '../rows/query.ts';

export interface QueryLimits {
  rowsMax: number;
  bytesMax: number;
}

/** An INTEGER as bigint, a REAL as number. */
export type QueryRows = readonly (readonly (bigint | number | string | Uint8Array | null)[])[];

/** Throws OpsError `config` for what may do anything else than read, or returns more. */
export function ownersQuery(
  database: Database,
  sql: string,
  called: string,
  { rowsMax, bytesMax }: QueryLimits,
): QueryRows {
  const problem = (cause: string) => new OpsError('config', `cannot run ${called}: ${cause}`);
  if (!beginning.test(sql))
    throw problem(
      'it has to begin with SELECT, WITH or VALUES (a pragma is asked as a table: SELECT * FROM pragma_user_version)',
    );
  const statement = prepareQuery(database, sql, called).raw().safeIntegers();
  const rows: QueryRows[number][] = [];
  let bytes = 0;
  return runQuery(called, () => {
    for (const row of statement.iterate() as IterableIterator<QueryRows[number]>) {
      rows.push(row);
      for (const value of row) bytes += sizeOf(value);
      if (rows.length > rowsMax) throw problem(`it returns more than ${groupThousands(rowsMax)} rows`);
      if (bytes > bytesMax) throw problem(`it returns more than ${formatBytes(bytesMax)}`);
    }
    return rows;
  });
}

/** Behind white space and comments. Everything that has an effect begins otherwise. */
const beginning = /^(?:\s|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*(?:SELECT|WITH|VALUES)\b/i;

function sizeOf(value: QueryRows[number][number]): number {
  return typeof value === 'string' || value instanceof Uint8Array ? value.length : 8;
}
