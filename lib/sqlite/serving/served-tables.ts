// Which tables are served, and the version of their schema: another one wherever a reader may have missed something.
import { createHash } from 'node:crypto';
import type { Capture } from '../../delta/capture.ts';
import { fingerprint, type TableShape } from '../../delta/shape.ts';

/** Those whose changes are logged have a number in the log. */
export interface ServedTable {
  readonly id: number;
  readonly shape: TableShape;
}

export interface ServedTables {
  readonly logged: readonly ServedTable[];
  /** Their changes are not logged: their rows have nothing to be told apart by. */
  readonly unlogged: readonly ServedTable[];
  /** 16 hex digits. */
  readonly version: string;
}

export interface TableChoice {
  /** Undefined for all. */
  readonly tables: readonly string[] | undefined;
  readonly without: readonly string[];
}

/**
 * `schemaCookie` is SQLite's own count of changes to the schema. It is in the version, because whoever drops a table drops
 * its triggers with it: what was written until they were put back was logged by nobody.
 */
export function servedTables(
  captured: ReturnType<Capture['tables']>,
  { tables, without }: TableChoice,
  schemaCookie: number,
): ServedTables {
  const isServed = ({ shape }: { shape: TableShape }) =>
    (tables === undefined || includes(tables, shape.name)) && !includes(without, shape.name);
  const present = captured.filter((table) => table.state !== 'retired' && isServed(table));
  const [logged, unlogged] = (['log', 'diff'] as const).map((wanted) =>
    present.filter(({ by }) => by === wanted).map(({ id, shape }) => ({ id, shape })),
  ) as [ServedTable[], ServedTable[]];
  const known = [logged, unlogged].map((some) => some.map(({ id, shape }) => [id, fingerprint(shape)]));
  const text = JSON.stringify([schemaCookie, ...known]);
  return { logged, unlogged, version: createHash('sha256').update(text).digest('hex').slice(0, 16) };
}

/** As SQLite compares names. */
function includes(names: readonly string[], name: string): boolean {
  return names.some((one) => one.toLowerCase() === name.toLowerCase());
}
