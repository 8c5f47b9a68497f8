// Days that are closed: what they amounted to, and what is taken in again when one is opened.
import { OpsError } from '../../base/errors.ts';
import { dayOfCell, dayRuleOf } from '../../delta/day.ts';
import type { Digest } from '../../delta/peer.ts';
import type { ReplicaPolicy } from '../../delta/policy.ts';
import type { Database } from '../../sqlite/open.ts';
import type { FrozenDay } from '../replica.ts';
import { auditAct } from './audit.ts';
import { digestOfDay } from './digests.ts';
import { putGuards } from './guards.ts';
import { heldRecords } from './held-rows.ts';
import { allSources } from './ledger.ts';
import { takeHeld } from './release.ts';
import { knownShapes } from './shapes.ts';
import type { Writing } from './transaction.ts';

export async function freezeDay(
  writing: Writing,
  day: string,
  why: { by: string; reason: string; exceptions: readonly string[] },
): Promise<FrozenDay> {
  const { database, policy, now, frozen } = writing;
  if (dayOfCell(day) === undefined)
    throw new OpsError('usage', `cannot freeze ${day}: it is no day such as 2026-11-27`);
  if (frozen.has(day)) throw new OpsError('refused', `cannot freeze ${day}: it is frozen already`);
  const held = heldRecords(database, { day }).length;
  const exceptions = [...why.exceptions, ...(held === 0 ? [] : [`${held} changes of it are held`])];
  const highWater = Object.fromEntries(allSources(database).map((row) => [row.name, row.high_water]));
  database
    .prepare(
      `INSERT INTO _holdfast_frozen_day (day, frozen_at, frozen_by, reason, exceptions, high_water)
       VALUES (?, ?, ?, ?, ?, ?)`,
    )
    .run(
      ...[day, now.toISOString(), why.by, why.reason, JSON.stringify(exceptions), JSON.stringify(highWater)],
    );
  await writeManifest(database, policy, day);
  putGuards(database, policy);
  auditAct(writing, { what: 'freeze', by: why.by, reason: why.reason, day });
  const made = listFrozen(database).find((one) => one.day === day);
  if (made === undefined) throw new Error('a day that was just frozen is not there');
  return made;
}

/** What each table has of the day: rows, and their digest. */
export async function writeManifest(database: Database, policy: ReplicaPolicy, day: string): Promise<void> {
  const insert = database.prepare(
    `INSERT INTO _holdfast_frozen_table (day, table_name, rows, digest) VALUES (?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET rows = excluded.rows, digest = excluded.digest`,
  );
  for (const { table, shape } of knownShapes(database)) {
    if (shape === undefined || dayRuleOf(policy, table) === undefined) continue;
    const digest = await digestOfDay(database, policy, table, day);
    insert.run(day, table, BigInt(digest.rows), digestText(digest));
  }
}

export function reopenDay(
  writing: Writing,
  day: string,
  why: { by: string; reason: string; force: boolean },
): { replayed: number; stillHeld: number } {
  const { database, policy, frozen } = writing;
  if (!frozen.has(day)) throw new OpsError('missing', `cannot reopen ${day}: it is not frozen`);
  const newer = [...frozen].filter((other) => other > day).sort();
  if (newer.length > 0 && !why.force) {
    throw new OpsError('refused', `cannot reopen ${day}: newer days are frozen, up to ${newer.at(-1)}`, {
      hint: 'reopen the newest first; later days may build upon this one',
    });
  }
  database.prepare('DELETE FROM _holdfast_frozen_table WHERE day = ?').run(day);
  database.prepare('DELETE FROM _holdfast_frozen_day WHERE day = ?').run(day);
  putGuards(database, policy);
  auditAct(writing, { what: 'reopen', by: why.by, reason: why.reason, day });
  const open = { ...writing, frozen: new Set([...frozen].filter((other) => other !== day)) };
  const { applied, stillHeld } = takeHeld(open, { day, reason: 'frozen-day' }, false);
  return { replayed: applied, stillHeld };
}

export function listFrozen(database: Database): FrozenDay[] {
  const days = database.prepare('SELECT * FROM _holdfast_frozen_day ORDER BY day').all() as {
    day: string;
    frozen_at: string;
    frozen_by: string;
    reason: string;
    exceptions: string;
  }[];
  const tables = database.prepare(
    'SELECT table_name AS "table", rows, digest FROM _holdfast_frozen_table WHERE day = ? ORDER BY table_name',
  );
  return days.map((row) => ({
    day: row.day,
    frozenAt: row.frozen_at,
    by: row.frozen_by,
    reason: row.reason,
    exceptions: JSON.parse(row.exceptions) as string[],
    tables: tables.all(row.day) as { table: string; rows: number; digest: string }[],
  }));
}

function digestText({ sum, xor }: Digest): string {
  return `${sum}${xor}`;
}
