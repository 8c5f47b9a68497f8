// One batch, in one transaction: whose turn it is, its changes, and where its source stands then.
import { randomBytes } from 'node:crypto';
import type { BatchResult } from '../../delta/batch.ts';
import type { Change } from '../../delta/change.ts';
import { formatKey } from '../../delta/held-payload.ts';
import { stampOfDate } from '../../delta/last-write.ts';
import { turnOf } from '../../delta/turn.ts';
import { ProtocolRefusal } from '../../delta/refusal.ts';
import type { ArrivingBatch } from '../replica.ts';
import {
  appliedBatch,
  beginBatch,
  endBatch,
  forgetUnconfirmed,
  requireSource,
  stateOf,
  UnconfirmedKeys,
} from './ledger.ts';
import { heldKeys } from './held-rows.ts';
import { takeShapes } from './offers.ts';
import { takeDue, takeOrphans } from './release.ts';
import { RangeStrays } from './strays.ts';
import { type Origin, type TakenTable, Taker } from './taker.ts';
import type { Writing } from './transaction.ts';

/** Between so many changes others get their turn: a batch may be long, and the same thread answers them. */
const changesPerTurn = 250;

export async function applyBatch(writing: Writing, batch: ArrivingBatch): Promise<BatchResult> {
  const { database, now } = writing;
  const { header, sha256 } = batch;
  const source = requireSource(database, header.source);
  const turn = turnOf(batch, stateOf(source.name, source), appliedBatch(database, source.id, header));
  if (turn.do === 'answer') return turn.result;
  const isFresh = turn.beginsEpoch || turn.confirms;
  if (isFresh) forgetUnconfirmed(database, source.id);
  // What was read before we took it in cannot be younger than now, whatever its clock said.
  const stamp = Math.min(stampOfDate(new Date(header.takenAt)), stampOfDate(now));
  const id = beginBatch(database, { source: source.id, header, sha256, stamp, now: now.toISOString() });
  const unconfirmed = new UnconfirmedKeys(database, source.id, isFresh ? 0 : source.unconfirmed_keys);
  const origin = {
    source,
    batch: id,
    stamp,
    isWalked: header.resyncing || header.range !== undefined,
    isReleased: false,
  };
  const taken = await takeChanges(writing, batch, { origin, unconfirmed });
  unconfirmed.end();
  const result: BatchResult = {
    batchNo: header.batchNo,
    nonce: randomBytes(16).toString('hex'),
    ...taken,
  };
  const { upserts, deletes } = result.applied;
  endBatch(database, {
    ...{ source, batch: id, header, result, rows: upserts + deletes, now: now.toISOString() },
    confirmedNonce: turn.beginsEpoch ? undefined : header.heldNonce,
    unconfirmedKeys: unconfirmed.count,
  });
  return result;
}

async function takeChanges(
  writing: Writing,
  { header, changes }: ArrivingBatch,
  { origin, unconfirmed }: { origin: Origin; unconfirmed: UnconfirmedKeys },
): Promise<Omit<BatchResult, 'batchNo' | 'nonce'>> {
  const areTaken = takeShapes(writing.database, writing.policy, header.tables);
  takeDue(writing);
  const taker = new Taker(writing);
  const tables = header.tables.map((shape, index) =>
    areTaken[index] === true ? taker.table(shape, origin.source.id) : undefined,
  );
  const strays = RangeStrays.of(header.range, tables, ({ hasHeld, mirror }) =>
    hasHeld ? heldKeys(writing.database, origin.source.id, mirror.shape.name) : [],
  );
  let count = 0;
  for await (const some of changes) {
    for (const change of some) {
      takeChange(change, { taker, table: tableOf(tables, change), origin, strays, unconfirmed });
      count += 1;
      if (count % changesPerTurn === 0) await anotherTurn();
    }
  }
  if (strays !== undefined) {
    for (const key of strays.held()) taker.takeAbsence(strays.table, key, origin);
    for (const key of strays.keys(origin.source.id)) {
      taker.takeDeletion(strays.table, key, origin);
      count += 1;
      if (count % changesPerTurn === 0) await anotherTurn();
    }
  }
  taker.end();
  const result = taker.result();
  if (result.applied.upserts > 0)
    takeOrphans(
      writing,
      header.tables.map(({ name }) => name),
    );
  const refused = header.tables.filter((_, index) => tables[index] === undefined);
  return { ...result, refusedTables: refused.map(({ name }) => name) };
}

function takeChange(
  change: Change,
  parts: {
    taker: Taker;
    table: TakenTable | undefined;
    origin: Origin;
    strays: RangeStrays | undefined;
    unconfirmed: UnconfirmedKeys;
  },
): void {
  const { taker, table, origin, strays, unconfirmed } = parts;
  if (table === undefined) return; // nobody has approved of its table
  const key = change.kind === 'upsert' ? table.mirror.keyOf(change.cells) : change.key;
  let isNew = false;
  // What a walk brings is walked again after a loss, for how far it has come is lost with it.
  if (strays === undefined || strays.table !== table)
    unconfirmed.add(table.mirror.shape.name, formatKey(key));
  else if (change.kind === 'upsert') isNew = strays.saw(key);
  if (change.kind === 'upsert') taker.takeRow(table, { key, cells: change.cells, isNew }, origin);
  else taker.takeDeletion(table, key, origin);
}

function tableOf(tables: readonly (TakenTable | undefined)[], { table }: Change): TakenTable | undefined {
  if (table >= tables.length)
    throw new ProtocolRefusal('malformed', 'a change is of a table that its batch has not');
  return tables[table];
}

function anotherTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
