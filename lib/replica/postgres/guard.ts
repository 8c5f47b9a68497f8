// Frozen days are kept by the database itself as well, so that nobody changes them by psql or by a mistake of ours; and what staff
// correct is written down by it. One function a table, called once a statement, with all the rows that it touched.
import { createHash } from 'node:crypto';
import type { ReplicaPolicy } from '../../delta/policy.ts';
import type { TableShape } from '../../delta/shape.ts';
import type { Session } from '../../postgres/writer.ts';
import { type DaySql, daySqlOf } from './day-sql.ts';
import { literal, quote } from '../../postgres/names.ts';

interface Guard {
  readonly table: string;
  readonly sql: string;
  /** By which it is known to be this very one. */
  readonly mark: string;
}

/** Makes the functions and triggers of all tables, where they are not what the rules of now ask for. */
export async function guardTables(
  session: Session,
  schema: string,
  policy: ReplicaPolicy,
  tables: readonly TableShape[],
): Promise<void> {
  for (const { table, sql, mark } of await missingGuards(session, schema, policy, tables)) {
    await session.run(sql);
    await session.run('update _holdfast_shape set guard = $2 where table_name = $1', [table, mark]);
  }
}

export async function missingGuards(
  { run }: Session,
  schema: string,
  policy: ReplicaPolicy,
  tables: readonly TableShape[],
): Promise<Guard[]> {
  const { rows } = await run('select table_name, guard from _holdfast_shape');
  const known = new Map(rows.map(([name, guard]) => [name ?? '', guard]));
  return tables.flatMap((table) => {
    const sql = guardOf(schema, table, daySqlOf({ policy, schema }, table, tables));
    const mark = createHash('sha256').update(sql).digest('hex').slice(0, 16);
    return known.get(table.name) === mark ? [] : [{ table: table.name, sql, mark }];
  });
}

function guardOf(schema: string, table: TableShape, days: DaySql | undefined): string {
  const name = `${quote(schema)}.${quote(table.name)}`;
  const id = createHash('sha256').update(table.name).digest('hex').slice(0, 16);
  const guard = `${quote(schema)}._holdfast_guard_${id}`;
  const key = table.key.map((column) => `r.${quote(column)}::text`).join(', ');
  const note = (rows: string) => `
      insert into _holdfast_corrected (transaction, table_name, key)
        select pg_current_xact_id(), ${literal(table.name)}, jsonb_build_array(${key}) from ${rows} r;${
          days === undefined
            ? ''
            : `
      insert into _holdfast_corrected (transaction, table_name, day)
        select distinct pg_current_xact_id(), ${literal(table.name)}, f.day from ${rows} r ${days.joinFrozen('r')};`
        }`;
  const look = (rows: string) =>
    days === undefined
      ? ''
      : `
      select f.day into frozen from ${rows} r ${days.joinFrozen('r')} limit 1;
      if frozen is not null then
        raise exception 'the day % of a row of % is frozen', frozen, tg_table_name
          using errcode = 'P0001', hint = 'correct it with delta-receive correct, which writes down who did';
      end if;`;
  const both = (rows: string) => `if writer = 'correct' then ${note(rows)}
    else ${look(rows)} null;
    end if;`;
  const trigger = (event: string, tables: string) =>
    `drop trigger if exists _holdfast_guard_${event} on ${name};
     create trigger _holdfast_guard_${event} after ${event} on ${name} referencing ${tables} for each statement execute function ${guard}()`;
  return [
    // As who made it: whoever may change a row is held to it, also without rights on what it reads.
    `create or replace function ${guard}() returns trigger language plpgsql security definer
      set search_path = ${quote(schema)}, pg_temp as ${dollars}
declare
  frozen text;
  writer text := (select kind from _holdfast_writer where transaction = pg_current_xact_id());
begin
  -- Holdfast has looked at every row by itself.
  if writer = 'apply' then return null; end if;
  if tg_op = 'TRUNCATE' then
    if writer is not null or exists (select from _holdfast_frozen_day) then
      raise exception 'rows of frozen days cannot be truncated' using errcode = 'P0001', hint = 'delete the rows that have to go';
    end if;
    return null;
  end if;
  if tg_op <> 'INSERT' then
    ${both('old_rows')}
  end if;
  if tg_op <> 'DELETE' then
    ${both('new_rows')}
  end if;
  return null;
end ${dollars}`,
    trigger('insert', 'new table as new_rows'),
    trigger('update', 'old table as old_rows new table as new_rows'),
    trigger('delete', 'old table as old_rows'),
    `drop trigger if exists _holdfast_guard_truncate on ${name};
     create trigger _holdfast_guard_truncate before truncate on ${name} for each statement execute function ${guard}()`,
  ].join(';\n');
}

const dollars = '$holdfast$';
