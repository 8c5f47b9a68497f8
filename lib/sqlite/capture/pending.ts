// The keys that are on their way, by table.
import type { RereadKeys } from '../../delta/capture.ts';
import type { Cell } from '../../delta/cell.ts';
import type { loggedKeys } from './log-changes.ts';
import { travels } from './log-changes.ts';
import type { StockedTable } from './stock.ts';

/** Undefined where there are more than `most`, or `differing` is. */
export function pendingKeys(
  tables: readonly StockedTable[],
  logged: ReturnType<typeof loggedKeys>,
  differing: readonly RereadKeys[] | undefined,
  most: number,
): readonly RereadKeys[] | undefined {
  if (differing === undefined) return undefined;
  const byTable = new Map<string, (readonly Cell[])[]>(
    differing.map(({ table, keys }) => [table, [...keys]]),
  );
  for (const { id, key } of logged) {
    const table = tables.find((one) => one.id === id);
    if (table === undefined || table.by !== 'log' || !travels(table)) continue;
    const keys = byTable.get(table.name) ?? [];
    keys.push(key.slice(0, table.facts.shape.key.length));
    byTable.set(table.name, keys);
  }
  const all = [...byTable].map(([table, keys]) => ({ table, keys }));
  return all.reduce((sum, { keys }) => sum + keys.length, 0) > most ? undefined : all;
}
