// Days that are closed: what they amounted to, and what is taken in again when one is opened.
import { OpsError } from '../../base/errors.ts';
import { dayOfCell, dayRuleOf } from '../../delta/day.ts';
import type { Session } from '../../postgres/writer.ts';
import type { FrozenDay } from '../replica.ts';
import { auditAct } from './audit.ts';
import { wholeDigest } from './bucket-rows.ts';
import { findHeld } from './remembered.ts';
import { takeHeld } from './release.ts';
import { allSources } from './sources.ts';
import type { Writing } from './transaction.ts';

export async function freezeDay(
  writing: Writing,
  day: string,
  why: { by: string; reason: string; exceptions: readonly string[] },
): Promise<FrozenDay> {
  const { session, now, frozen, tables } = writing;
  if (dayOfCell(day) === undefined)
    throw new OpsError('usage', `cannot freeze ${day}: it is no day such as 2026-11-27`);
  if (frozen.has(day)) throw new OpsError('refused', `cannot freeze ${day}: it is frozen already`);
  const held = (await findHeld(session, { day })).length;
  const exceptions = [...why.exceptions, ...(held === 0 ? [] : [`${held} changes of it are held`])];
  const sources = await allSources(session);
  const highWater = Object.fromEntries(sources.map(({ state }) => [state.source, state.highWater]));
  await session.run(
    `insert into _holdfast_frozen_day (day, frozen_at, frozen_by, reason, exceptions, high_water)
     values ($1, $2, $3, $4, $5, $6)`,
    [
      ...[day, now.toISOString(), why.by, why.reason],
      ...[JSON.stringify(exceptions), JSON.stringify(highWater)],
    ],
  );
  await writeManifest(writing, day);
  await tables.guard();
  await auditAct(writing, { what: 'freeze', by: why.by, reason: why.reason, day });
  const made = (await listFrozen(session)).find((one) => one.day === day);
  if (made === undefined) throw new Error('a day that was just frozen is not there');
  return made;
}

/** What each table has of the day: rows, and their digest. */
export async function writeManifest(writing: Writing, day: string): Promise<void> {
  const { session, policy, tables } = writing;
  for (const { name } of tables.all) {
    const mirror = tables.mirror(name);
    if (mirror === undefined || dayRuleOf(policy, name) === undefined) continue;
    const { rows, sum, xor } = await wholeDigest(writing, mirror, day);
    await session.run(
      `insert into _holdfast_frozen_table (day, table_name, rows, digest) values ($1, $2, $3, $4)
       on conflict (day, table_name) do update set rows = excluded.rows, digest = excluded.digest`,
      [day, name, String(rows), `${sum}${xor}`],
    );
  }
}

export async function reopenDay(
  writing: Writing,
  day: string,
  why: { by: string; reason: string; force: boolean },
): Promise<{ replayed: number; stillHeld: number }> {
  const { session, frozen } = writing;
  if (!frozen.has(day)) throw new OpsError('missing', `cannot reopen ${day}: it is not frozen`);
  const newer = [...frozen].filter((other) => other > day).sort();
  if (newer.length > 0 && !why.force) {
    throw new OpsError('refused', `cannot reopen ${day}: newer days are frozen, up to ${newer.at(-1)}`, {
      hint: 'reopen the newest first; later days may build upon this one',
    });
  }
  await session.run('delete from _holdfast_frozen_table where day = $1', [day]);
  await session.run('delete from _holdfast_frozen_day where day = $1', [day]);
  await auditAct(writing, { what: 'reopen', by: why.by, reason: why.reason, day });
  const open = { ...writing, frozen: new Set([...frozen].filter((other) => other !== day)) };
  const { applied, stillHeld } = await takeHeld(open, { day, reason: 'frozen-day' }, false);
  return { replayed: applied, stillHeld };
}

export async function listFrozen({ run }: Session): Promise<FrozenDay[]> {
  const tables = new Map<string, FrozenDay['tables'][number][]>();
  const ofTables = await run(
    'select day, table_name, rows, digest from _holdfast_frozen_table order by day, table_name',
  );
  for (const [day, table, rows, digest] of ofTables.rows) {
    const known = tables.get(day ?? '') ?? [];
    known.push({ table: table ?? '', rows: Number(rows), digest: digest ?? '' });
    tables.set(day ?? '', known);
  }
  const days = await run(
    'select day, frozen_at, frozen_by, reason, exceptions from _holdfast_frozen_day order by day',
  );
  return days.rows.map(([day, frozenAt, by, reason, exceptions]) => ({
    day: day ?? '',
    frozenAt: frozenAt ?? '',
    by: by ?? '',
    reason: reason ?? '',
    exceptions: JSON.parse(exceptions ?? '[]') as string[],
    tables: tables.get(day ?? '') ?? [],
  }));
}
