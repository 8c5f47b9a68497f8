// Held changes that are taken in after all: by the same rules, for what holds them may still hold.
import type { Cell } from '../../delta/cell.ts';
import { childrenOf, isSameName } from '../../delta/day.ts';
import { parseHeldRow, parseKey } from '../../delta/held-payload.ts';
import { stampOfDate } from '../../delta/last-write.ts';
import type { TableShape } from '../../delta/shape.ts';
import type { HeldQuery } from '../replica.ts';
import { correctedSince, dueRecords, type HeldRecord, heldRecords } from './held-rows.ts';
import { allSources, stampOfBatch } from './ledger.ts';
import { knownShape } from './shapes.ts';
import { type TakenTable, Taker } from './taker.ts';
import type { Writing } from './transaction.ts';

/** `isReleased`: a person has decided: then nothing but a frozen day, or a later change, keeps them back. */
export function takeHeld(
  writing: Writing,
  query: HeldQuery,
  isReleased: boolean,
): { applied: number; stillHeld: number } {
  return takeRecords(writing, heldRecords(writing.database, query), isReleased);
}

/** What was held because it lay ahead of the clock is taken in by itself once it does not. */
export function takeDue(writing: Writing): void {
  const due = dueRecords(writing.database, stampOfDate(writing.now));
  if (due.length > 0) takeRecords(writing, due, false);
}

/** What was held because its parent was not there is taken in once it is. `tables`: those that may have new rows. */
export function takeOrphans(writing: Writing, tables: readonly string[]): void {
  for (const table of childrenOf(writing.policy, tables))
    takeRecords(writing, heldRecords(writing.database, { table, reason: 'no-day' }), false);
}

function takeRecords(
  writing: Writing,
  records: readonly HeldRecord[],
  isReleased: boolean,
): { applied: number; stillHeld: number } {
  const { database } = writing;
  const taker = new Taker(writing);
  const tables = new Map<string, TakenTable | undefined>();
  const sources = new Map(allSources(database).map(({ id, name }) => [id, { id, name }]));
  let [applied, stillHeld] = [0, 0];
  const corrected = isReleased ? new Set<number>() : correctedSince(database);
  for (const record of records) {
    const source = sources.get(record.source);
    const id = `${record.source} ${record.table_name}`;
    if (!tables.has(id)) tables.set(id, openTable(writing, taker, record));
    const table = tables.get(id);
    if (source === undefined || table === undefined || corrected.has(record.id)) {
      stillHeld += 1;
      continue;
    }
    const origin = {
      source,
      batch: record.batch,
      stamp: stampOfBatch(database, record.batch),
      isWalked: record.is_walked === 1,
      isReleased,
    };
    const disposition = takeRecord(taker, table, record, origin);
    if (disposition === 'hold') stillHeld += 1;
    else applied += 1;
  }
  taker.end();
  if (applied > 0) takeOrphans(writing, [...new Set(records.map((record) => record.table_name))]);
  return { applied, stillHeld };
}

function openTable({ database }: Writing, taker: Taker, record: HeldRecord): TakenTable | undefined {
  const shape = knownShape(database, record.table_name)?.shape;
  return shape === undefined ? undefined : taker.table(shape, record.source);
}

function takeRecord(
  taker: Taker,
  table: TakenTable,
  record: HeldRecord,
  origin: Parameters<Taker['takeRow']>[2],
): string {
  const key = parseKey(record.key);
  if (record.payload === null) return taker.takeDeletion(table, key, origin).do;
  const cells = inShape(table.mirror.shape, parseHeldRow(record.payload));
  return taker.takeRow(table, { key, cells, isNew: false }, origin).do;
}

/** The row in the columns that the table has now; NULL in those that it did not have then. */
function inShape(
  shape: TableShape,
  { columns, cells }: { columns: readonly string[]; cells: readonly Cell[] },
): Cell[] {
  return shape.columns.map(
    ({ name }) => cells[columns.findIndex((column) => isSameName(column, name))] ?? null,
  );
}
