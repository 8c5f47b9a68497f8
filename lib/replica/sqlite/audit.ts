// What was changed in a replica, by whom and why: each row where the policy says so, and always what staff did.
import { formatHeldRow, formatKey } from '../../delta/held-payload.ts';
import type { Cell } from '../../delta/cell.ts';
import type { Writing } from './transaction.ts';

interface AuditedChange {
  readonly source: string;
  readonly batch: number;
  readonly table: string;
  readonly columns: readonly string[];
  readonly key: readonly Cell[];
  readonly before: readonly Cell[] | undefined;
  readonly after: readonly Cell[] | undefined;
}

export function auditChange({ database, now }: Writing, change: AuditedChange): void {
  const { source, batch, table, columns, key, before, after } = change;
  const row = (cells: readonly Cell[] | undefined) =>
    cells === undefined ? null : formatHeldRow({ columns, cells });
  database
    .prepare(
      `INSERT INTO _holdfast_audit (at, source, batch, what, table_name, key, before, after)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      ...[now.toISOString(), source, BigInt(batch), after === undefined ? 'delete' : 'write', table],
      ...[formatKey(key), row(before), row(after)],
    );
}

/** What a person did: `freeze`, `reopen`, `release`, `correct` … */
export function auditAct(
  { database, now }: Writing,
  act: { what: string; by: string; reason: string; day?: string | undefined },
): void {
  database
    .prepare('INSERT INTO _holdfast_audit (at, what, by, reason, day) VALUES (?, ?, ?, ?, ?)')
    .run(now.toISOString(), act.what, act.by, act.reason, act.day ?? null);
}
