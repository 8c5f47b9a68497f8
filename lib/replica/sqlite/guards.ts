// Triggers on the mirrored tables that keep frozen days from everybody else who opens the file. They stand while a day is
// frozen, and know our own transactions by the mark in `_holdfast_writer`.
import type { DayRule, ReplicaPolicy } from '../../delta/policy.ts';
import type { TableShape } from '../../delta/shape.ts';
import { type Database, quoteIdentifier } from '../../sqlite/open.ts';
import { daySql, usableRule } from './day-sql.ts';
import { knownShapes } from './shapes.ts';

/** Puts them as they have to be now: after a day was frozen or reopened, and after a table was made or made anew. */
export function putGuards(database: Database, policy: ReplicaPolicy): void {
  dropGuards(database);
  if (database.prepare('SELECT 1 FROM _holdfast_frozen_day LIMIT 1').get() === undefined) return;
  const shapes = knownShapes(database).flatMap(({ shape }) => shape ?? []);
  for (const shape of shapes) {
    const rule = usableRule(policy, shape, shapes); // a trigger without one of its columns would refuse every write
    if (rule !== undefined) putOn(database, shape, rule);
  }
}

/** Before a table is made anew: those of others read it. */
export function dropGuards(database: Database): void {
  const old = database
    .prepare(
      "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND name LIKE '\\_holdfast\\_frozen\\_%' ESCAPE '\\'",
    )
    .pluck()
    .all() as string[];
  for (const name of old) database.exec(`DROP TRIGGER ${quoteIdentifier(name)}`);
}

function putOn(database: Database, shape: TableShape, rule: DayRule): void {
  const table = quoteIdentifier(shape.name);
  const sameKey = shape.key.map((name) => `t.${quoteIdentifier(name)} = NEW.${quoteIdentifier(name)}`);
  // A conflict clause can put away the row with the new key, and fires nothing for it.
  const replaced = `EXISTS (SELECT 1 FROM ${table} AS t WHERE ${sameKey.join(' AND ')} AND ${isFrozen(rule, 't')})`;
  const conditions = {
    INSERT: [isFrozen(rule, 'NEW'), replaced],
    UPDATE: [isFrozen(rule, 'OLD'), isFrozen(rule, 'NEW'), replaced],
    DELETE: [isFrozen(rule, 'OLD')],
  };
  for (const [event, frozen] of Object.entries(conditions)) {
    const name = quoteIdentifier(`_holdfast_frozen_${event.toLowerCase()}_${shape.name}`);
    database.exec(`CREATE TRIGGER ${name} BEFORE ${event} ON ${table}
      WHEN NOT EXISTS (SELECT 1 FROM _holdfast_writer) AND (${frozen.join(' OR ')})
      BEGIN SELECT RAISE(ABORT, 'its day is frozen: delta-receive correct changes it, and keeps a record'); END`);
  }
}

function isFrozen(rule: DayRule, row: string): string {
  return `EXISTS (SELECT 1 FROM _holdfast_frozen_day AS f WHERE f.day = ${daySql(rule, row)})`;
}
