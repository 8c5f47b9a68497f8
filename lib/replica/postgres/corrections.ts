// Staff correct rows by hand, also of frozen days: every row that their statements change is written down by the guards of the
// tables, and goes back to where it came from.
import { errorMessage, OpsError } from '../../base/errors.ts';
import { formatKey, parseKey } from '../../delta/held-payload.ts';
import type { Correction } from '../../delta/peer.ts';
import { stateOf } from '../../postgres/trouble.ts';
import { splitSql } from '../../sqlite/rows/split-sql.ts';
import { requireCorrection } from '../correction.ts';
import { auditAct } from './audit.ts';
import { writeManifest } from './frozen.ts';
import { quote } from '../../postgres/names.ts';
import { arrayOf } from './sql.ts';
import { allSources } from './sources.ts';
import { findRows } from './stored-rows.ts';
import type { Looking, Writing } from './transaction.ts';

const changing = new Set(['INSERT', 'UPDATE', 'DELETE', 'WITH']);

/** Runs the statements, and writes down which rows they changed. Throws OpsError `usage`, `damaged`. */
export async function correctRows(
  writing: Writing,
  sql: string,
  why: { by: string; reason: string },
): Promise<{ rows: number }> {
  const { session, schema, tables, now } = writing;
  const statements = splitSql(sql);
  if (statements.length === 0) throw new OpsError('usage', 'cannot correct rows: there is no statement');
  for (const { text, words } of statements) requireCorrection(text, words[0] ?? '', changing);
  await tables.guard();
  // Their tables first; and in a block that cannot end our transaction.
  await session.run(`set local search_path = ${quote(schema)}, pg_catalog, pg_temp`);
  await session.run(`select set_config('holdfast.correction', $1, true)`, [sql]);
  try {
    await session.run(
      `do $holdfast$ begin execute current_setting('holdfast.correction'); end $holdfast$; set constraints all immediate`,
    );
  } catch (error) {
    const state = stateOf(error);
    if (state === undefined || /^(57|08|53|58|XX|40|55)/.test(state)) throw error;
    throw new OpsError('damaged', `cannot correct rows: ${errorMessage((error as Error).cause)}`, {
      cause: error,
    });
  }
  await session.run(`set local search_path = ${quote(schema)}, pg_temp`);
  const changed = await takeCorrected(writing);
  await session.run(
    `insert into _holdfast_correction (at, by, reason, table_name, key)
     select $1, $2, $3, g.t, g.k from unnest($4::text[], $5::text[]) as g(t, k)`,
    [
      ...[now.toISOString(), why.by, why.reason],
      arrayOf(changed.map(({ table }) => table)),
      arrayOf(changed.map(({ key }) => key)),
    ],
  );
  await auditAct(writing, { what: 'correct', ...why });
  return { rows: changed.length };
}

/** Each row once, in the order in which they were changed. */
async function takeCorrected(writing: Writing): Promise<{ table: string; key: string }[]> {
  const { session, tables } = writing;
  const { rows } = await session.run(
    'select table_name, key, day from _holdfast_corrected where transaction = pg_current_xact_id() order by id',
  );
  await session.run('delete from _holdfast_corrected');
  const changed = new Map<string, { table: string; key: string }>();
  for (const [table, values = null] of rows) {
    const mirror = tables.mirror(table ?? '');
    if (mirror === undefined || values === null) continue;
    const key = formatKey(mirror.decodeKey(JSON.parse(values) as string[]));
    changed.set(`${mirror.name} ${key}`, { table: mirror.name, key });
  }
  for (const day of new Set(rows.flatMap((row) => row[2] ?? []))) await writeManifest(writing, day);
  return [...changed.values()];
}

export async function correctionsSince(
  { session, tables }: Looking,
  since: number,
  limit: number,
): Promise<Correction[]> {
  const { rows } = await session.run(
    'select id, at, by, reason, table_name, key from _holdfast_correction where id > $1 order by id limit $2',
    [String(since), String(Math.max(0, Math.trunc(limit)))],
  );
  const names = new Map((await allSources(session)).map(({ id, state }) => [id, state.source]));
  const corrections: Correction[] = [];
  for (const [id, at, by, reason, table, keyText] of rows) {
    const mirror = tables.mirror(table ?? '');
    if (mirror === undefined) continue;
    const key = parseKey(keyText ?? '[]');
    const values = mirror.fitKey(key);
    const found = values === undefined ? undefined : (await findRows(session, mirror, [values])).get(0);
    corrections.push({
      ...{ id: Number(id), at: at ?? '', by: by ?? '', reason: reason ?? '' },
      source: found === undefined ? undefined : names.get(Math.abs(found.source)),
      ...{ shape: mirror.shape, key, cells: found?.cells },
    });
  }
  return corrections;
}
