// What the schema is now, against what the registry has: triggers that are gone are put back, and whatever may have changed
// unseen travels once more. All of it in one transaction of the caller's.
import type { Collection, Stock, StockedTable } from './stock.ts';
import { fingerprint } from '../../delta/shape.ts';
import { keyPartsUsual, quoted, type Trigger, triggerPattern, triggersOf } from '../../delta/capture-sql.ts';
import type { CaptureNews } from '../../delta/capture.ts';
import type { Database } from '../open.ts';
import type { OwnState, Registered } from './own-state.ts';
import { readTables, type TableFacts } from './table-facts.ts';

export interface StockParts {
  readonly database: Database;
  readonly collection: Collection;
  /** Whether its owner lets triggers be put there. */
  readonly mayTrigger: boolean;
}

interface InstalledTrigger {
  name: string;
  table: string;
  sql: string;
}

/** Which tables travel, with what is known of each; parents first. Changes nothing. */
export function readStock({ database, collection }: StockParts, state: OwnState): Stock {
  const registry = state.registry();
  const triggers = installedTriggers(database);
  const facts = readTables(database).filter(({ shape }) => isCollected(collection, shape.name));
  const tables: StockedTable[] = [];
  for (const fact of facts) {
    const known = registered(registry, triggers, fact.shape.name);
    if (known !== undefined) tables.push({ ...known, name: fact.shape.name, facts: fact });
  }
  const retired = registry.filter(({ id }) => tables.every((table) => table.id !== id));
  return { tables, retired };
}

export function isCollected({ tables, without }: Collection, name: string): boolean {
  const isNamed = (names: readonly string[]) => names.some((one) => one.toLowerCase() === name.toLowerCase());
  return (tables === undefined || isNamed(tables)) && !isNamed(without);
}

/** A table is who its triggers say it is: they follow it when it is renamed. Without any it is who has its name. */
function registered(
  registry: readonly Registered[],
  triggers: readonly InstalledTrigger[],
  table: string,
): Registered | undefined {
  const own = triggers.find((trigger) => trigger.table.toLowerCase() === table.toLowerCase());
  const id = own && tableIdOf(own);
  const byTrigger = registry.find((one) => one.id === id);
  if (byTrigger !== undefined) return byTrigger;
  const carried = new Set(triggers.map(tableIdOf));
  return registry.find((one) => one.name.toLowerCase() === table.toLowerCase() && !carried.has(one.id));
}

export function installedTriggers(database: Database): InstalledTrigger[] {
  const all = database
    .prepare(
      `SELECT name, tbl_name AS "table", sql FROM main.sqlite_schema WHERE type = 'trigger' AND name LIKE '\\_holdfast\\_%' ESCAPE '\\'`,
    )
    .all() as InstalledTrigger[];
  return all.filter(({ name }) => triggerPattern.test(name));
}

/**
 * Brings triggers and registry to what the schema is now, within a transaction of the caller's, and says what that meant.
 * `isFirst`: nothing of it is news.
 */
export function takeStock(
  { database, collection, mayTrigger }: StockParts,
  state: OwnState,
  { isFirst }: { isFirst: boolean },
): CaptureNews {
  const warnings: string[] = [];
  const walks: string[] = [];
  const facts = readTables(database).filter(({ shape }) => isCollected(collection, shape.name));
  const isLogNew = state.prepare(
    Math.max(keyPartsUsual, state.keyParts(), ...facts.map(({ shape }) => shape.key.length)),
  );
  const registry = state.registry();
  const triggers = installedTriggers(database);
  const kept = new Set<number>();
  if (isLogNew) {
    for (const { id, state: now } of registry)
      if (now === 'live' || now === 'walk') state.update(id, { state: 'walk', walkedTo: undefined });
    warnings.push(
      'the log of changes was gone, or had nothing in it: all rows of all tables are sent once more',
    );
  }
  for (const fact of facts) {
    const { name } = fact.shape;
    const by = mayTrigger && fact.triggers !== undefined ? 'log' : 'diff';
    const shape = fingerprint(fact.shape);
    const known = registered(registry, triggers, name);
    const id = known?.id ?? state.register({ name, by, state: 'walk', walkedTo: undefined, shape });
    kept.add(id);
    const isMended = by === 'log' && putTriggers(database, id, fact, triggers);
    const why = known === undefined ? 'is new' : reason(known, { name, by, shape, isMended });
    if (known === undefined || why === undefined) continue;
    state.update(id, { name, by, shape, state: 'walk', walkedTo: undefined });
    warnings.push(`the table ${name} ${why}: all its rows are sent once more`);
    walks.push(name);
  }
  for (const one of registry) {
    if (kept.has(one.id)) continue;
    dropTriggers(database, triggers, one.id);
    if (one.state === 'retired') continue;
    state.update(one.id, { state: 'retired' });
    warnings.push(
      `the table ${one.name} is gone, or does not travel any more: its rows at the receiver are left as they are`,
    );
  }
  return isFirst ? { warnings: [], walks } : { warnings, walks };
}

/** Why all rows of a known table have to travel once more; undefined where they need not. */
function reason(
  known: Registered,
  now: { name: string; by: Registered['by']; shape: string; isMended: boolean },
): string | undefined {
  if (known.state === 'retired') return 'is back';
  if (known.name.toLowerCase() !== now.name.toLowerCase()) return `was called ${known.name}`;
  if (known.by !== now.by)
    return now.by === 'diff' ? 'has no key any more that triggers could note' : 'has a key again';
  if (known.shape !== now.shape) return 'has other columns than before';
  return now.isMended ? 'had lost its triggers, or had others: they are back' : undefined;
}

/** Whether anything was missing or different. */
function putTriggers(
  database: Database,
  id: number,
  { triggers: facts }: TableFacts,
  installed: readonly InstalledTrigger[],
): boolean {
  if (facts === undefined) return false;
  const wanted = triggersOf({ ...facts, id });
  const own = ownOf(installed, id);
  if (triggerState(wanted, own) === 'whole') return false;
  for (const { name } of own) database.exec(`DROP TRIGGER main.${quoted(name)}`);
  for (const { sql } of wanted) database.exec(sql);
  return true;
}

function dropTriggers(database: Database, installed: readonly InstalledTrigger[], id: number): void {
  for (const { name } of ownOf(installed, id)) database.exec(`DROP TRIGGER main.${quoted(name)}`);
}

/** The number in the registry that a trigger of ours is about. */
export function tableIdOf({ name }: { name: string }): number {
  return Number(triggerPattern.exec(name)?.[1]);
}

export function ownOf(installed: readonly InstalledTrigger[], id: number): InstalledTrigger[] {
  return installed.filter((trigger) => tableIdOf(trigger) === id);
}

/** What a table's triggers are, against what they have to be. */
export function triggerState(
  wanted: readonly Trigger[],
  own: readonly Trigger[],
): 'whole' | 'missing' | 'different' {
  if (wanted.some(({ name }) => own.every((one) => one.name !== name))) return 'missing';
  const isSame = wanted.every(({ name, sql }) => own.some((one) => one.name === name && one.sql === sql));
  return isSame && own.length === wanted.length ? 'whole' : 'different';
}

/**
 * The card is not filled with keys: what has changed in so many rows is found by looking at all of them. Within a transaction of
 * the caller's.
 */
export function dropLog({ own }: { own: Database }, state: OwnState, { tables }: Stock): string[] {
  const { ackedSeq, lastSeq, waiting } = state.read();
  const ids = own
    .prepare('SELECT DISTINCT t FROM main._holdfast_log WHERE seq > ? AND t > 0')
    .pluck()
    .all(ackedSeq)
    .map(Number);
  const changed = tables.filter(({ id }) => ids.includes(id));
  for (const { id } of changed) state.update(id, { state: 'walk', walkedTo: undefined });
  state.write({ acked_seq: lastSeq });
  return [
    `${waiting} changes had waited, more than are kept: all rows of ${changed.map(({ name }) => name).join(', ')} are sent instead`,
  ];
}
