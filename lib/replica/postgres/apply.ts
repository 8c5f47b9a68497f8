// One batch, in one transaction: whose turn it is, its changes, and where its source stands then.
import { randomBytes } from 'node:crypto';
import type { BatchResult } from '../../delta/batch.ts';
import type { Change } from '../../delta/change.ts';
import { formatKey } from '../../delta/held-payload.ts';
import { stampOfDate } from '../../delta/last-write.ts';
import { ProtocolRefusal } from '../../delta/refusal.ts';
import { turnOf } from '../../delta/turn.ts';
import type { ArrivingBatch } from '../replica.ts';
import { takeDue, takeOrphans } from './release.ts';
import { RangeStrays } from './strays.ts';
import { addBatch, finishBatch, meetBatch, UnconfirmedKeys } from './sources.ts';
import type { Keyed, Origin, TakenTable } from './meeting.ts';
import { Taker } from './taker.ts';
import type { Writing } from './transaction.ts';

export async function applyBatch(writing: Writing, batch: ArrivingBatch): Promise<BatchResult> {
  const { session, now } = writing;
  const { header, sha256 } = batch;
  const { source, applied } = await meetBatch(session, header);
  const turn = turnOf(batch, source.state, applied);
  if (turn.do === 'answer') return turn.result;
  const isFresh = turn.beginsEpoch || turn.confirms;
  // What was read before we took it in cannot be younger than now, whatever its clock said.
  const stamp = Math.min(stampOfDate(new Date(header.takenAt)), stampOfDate(now));
  const at = now.toISOString();
  const id = await addBatch(session, source, { header, sha256, stamp, at, isFresh });
  const unconfirmed = new UnconfirmedKeys(source, isFresh ? 0 : source.state.unconfirmedKeys);
  const origin: Origin = {
    source: { id: source.id, name: header.source },
    batch: id,
    stamp,
    isWalked: header.resyncing || header.range !== undefined,
    isReleased: false,
  };
  const taken = await takeChanges(writing, batch, { origin, unconfirmed });
  await unconfirmed.end(session);
  const result: BatchResult = {
    batchNo: header.batchNo,
    nonce: randomBytes(16).toString('hex'),
    ...taken,
  };
  const { upserts, deletes } = result.applied;
  await finishBatch(session, source, id, {
    ...{ header, result, at, rows: upserts + deletes },
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
  const refused = await writing.tables.take(header.tables);
  // Plans are made for a few of many rows, whatever was counted of the tables so far.
  await writing.session.run(
    'set local enable_seqscan = off; set local enable_hashjoin = off; set local enable_mergejoin = off',
  );
  await takeDue(writing);
  const taker = new Taker(writing);
  const tables = header.tables.map((shape) => {
    const mirror = refused.has(shape.name) ? undefined : writing.tables.mirror(shape.name, shape);
    return mirror && taker.table(mirror);
  });
  const strays = await RangeStrays.of(writing.session, header.range, tables, origin.source.id);
  const pieces = new Pieces(taker, origin, strays);
  for await (const some of changes) {
    for (const change of some) {
      const table = tableOf(tables, change);
      if (table === undefined) continue; // nobody has approved of it
      const isUpsert = change.kind === 'upsert';
      const key = formatKey(isUpsert ? table.mirror.keyOf(change.cells) : change.key);
      // What a walk brings is walked again after a loss, for how far it has come is lost with it.
      if (strays === undefined || strays.table !== table) unconfirmed.add(table.mirror.name, key);
      else if (isUpsert) strays.saw(key);
      await pieces.add(table, change, key);
    }
  }
  await pieces.end();
  if (strays !== undefined) {
    await taker.takeAbsences(strays.table, strays.held(), origin);
    for await (const keys of strays.keys(writing.session, origin.source.id))
      await taker.takeDeletions(strays.table, keys, origin);
  }
  const names = header.tables.filter((_, index) => tables[index] === undefined).map(({ name }) => name);
  const result = taker.result();
  if (result.applied.upserts > 0)
    await takeOrphans(
      writing,
      header.tables.map(({ name }) => name),
    );
  return { ...result, refusedTables: names };
}

function tableOf(tables: readonly (TakenTable | undefined)[], { table }: Change): TakenTable | undefined {
  if (table >= tables.length)
    throw new ProtocolRefusal('malformed', 'a change is of a table that its batch has not');
  return tables[table];
}

const pieceRows = 1000;

/** Changes of one kind in one table, one after another, are taken in together: no two of one key. */
class Pieces {
  readonly #taker: Taker;
  readonly #origin: Origin;
  readonly #strays: RangeStrays | undefined;
  readonly #keys = new Set<string>();
  #table: TakenTable | undefined;
  #kind: Change['kind'] = 'upsert';
  #rows: Keyed[] = [];

  constructor(taker: Taker, origin: Origin, strays: RangeStrays | undefined) {
    this.#taker = taker;
    this.#origin = origin;
    this.#strays = strays;
  }

  async add(table: TakenTable, change: Change, key: string): Promise<void> {
    const isOther = table !== this.#table || change.kind !== this.#kind;
    if (isOther || this.#rows.length >= pieceRows || this.#keys.has(key)) await this.end();
    this.#table = table;
    this.#kind = change.kind;
    this.#keys.add(key);
    this.#rows.push({ key, cells: change.kind === 'upsert' ? change.cells : change.key });
  }

  async end(): Promise<void> {
    const [table, rows] = [this.#table, this.#rows];
    this.#rows = [];
    this.#keys.clear();
    if (table === undefined || rows.length === 0) return;
    if (this.#kind === 'tombstone') await this.#taker.takeDeletions(table, rows, this.#origin);
    else await this.#taker.takeRows(table, rows, this.#origin, this.#strays?.areNew(table, rows));
  }
}
