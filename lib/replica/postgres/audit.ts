// What was changed in a replica, by whom and why: each row where the policy says so, and always what staff did.
import type { Cell } from '../../delta/cell.ts';
import { formatHeldRow } from '../../delta/held-payload.ts';
import type { Mirror } from './mirror.ts';
import { arrayOf } from './sql.ts';
import type { Writing } from './transaction.ts';

export interface AuditedChange {
  readonly key: string;
  readonly before: readonly Cell[] | undefined;
  readonly after: readonly Cell[] | undefined;
}

export async function auditChanges(
  { session, now, policy }: Writing,
  mirror: Mirror,
  { source, batch }: { source: string; batch: number },
  changes: readonly AuditedChange[],
): Promise<void> {
  if (!policy.audit || changes.length === 0) return;
  const columns = mirror.shape.columns.map(({ name }) => name);
  const row = (cells: readonly Cell[] | undefined) =>
    cells === undefined ? null : formatHeldRow({ columns, cells });
  await session.run(
    `insert into _holdfast_audit (at, source, batch, what, table_name, key, before, after)
     select $1, $2, $3::integer, case when g.after is null then 'delete' else 'write' end, $4, g.key, g.before, g.after
     from unnest($5::text[], $6::text[], $7::text[]) as g(key, before, after)`,
    [
      ...[now.toISOString(), source, String(batch), mirror.name],
      arrayOf(changes.map(({ key }) => key)),
      arrayOf(changes.map(({ before }) => row(before))),
      arrayOf(changes.map(({ after }) => row(after))),
    ],
  );
}

/** What a person did: `freeze`, `reopen`, `release`, `correct` … */
export async function auditAct(
  { session, now }: Writing,
  act: { what: string; by: string; reason: string; day?: string | undefined },
): Promise<void> {
  await session.run('insert into _holdfast_audit (at, what, by, reason, day) values ($1, $2, $3, $4, $5)', [
    ...[now.toISOString(), act.what, act.by, act.reason],
    act.day ?? null,
  ]);
}
