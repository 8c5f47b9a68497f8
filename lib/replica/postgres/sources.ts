// What is known of each source: where its stream stands, which batches were applied, and which keys nobody saw confirmed.
import { type SourceState, unconfirmedKeysMax } from '../../delta/agreement.ts';
import type { BatchHeader, BatchResult } from '../../delta/batch.ts';
import type { RereadKeys } from '../../delta/capture.ts';
import { parseKey } from '../../delta/held-payload.ts';
import type { AppliedBatch } from '../../delta/turn.ts';
import type { Session } from '../../postgres/writer.ts';
import { literal } from '../../postgres/names.ts';
import { arrayOf } from './sql.ts';

export interface Source {
  readonly id: number;
  readonly state: SourceState;
  readonly lastBatchAt: string | undefined;
  readonly lastTakenAt: string | undefined;
  readonly isResyncing: boolean;
  readonly batches: number;
  readonly rows: number;
}

/** So many batches of a source are answered again. */
const answeredBatches = 1000;

const columns =
  'id, name, instance, lineage, epoch, batch_no, nonce, confirmed_nonce, unconfirmed_keys, high_water, last_batch_at, last_taken_at, is_resyncing, batches, rows';

export async function allSources({ run }: Session): Promise<Source[]> {
  return (await run(`select ${columns} from _holdfast_source order by name`)).rows.map(sourceOf);
}

export async function findSource({ run }: Session, name: string): Promise<Source | undefined> {
  const { rows } = await run(`select ${columns} from _holdfast_source where name = $1`, [name]);
  return rows.map(sourceOf)[0];
}

/** Makes it where it is new. Whoever writes is alone, so the next number is one more than the last. */
export async function takeSource(session: Session, name: string): Promise<Source> {
  const known = await findSource(session, name);
  if (known !== undefined) return known;
  await session.run(
    'insert into _holdfast_source (id, name) select coalesce(max(id), 0) + 1, $1 from _holdfast_source',
    [name],
  );
  const made = await findSource(session, name);
  if (made === undefined) throw new Error('a source that was made is not there');
  return made;
}

/** Of a source that never sent anything. */
export function unknownState(source: string): SourceState {
  const nothing = { instance: undefined, lineage: undefined, epoch: undefined, nonce: undefined };
  return { source, ...nothing, confirmedNonce: undefined, batchNo: 0, unconfirmedKeys: 0, highWater: 0 };
}

function sourceOf(row: (string | null)[]): Source {
  const [id, name, instance, lineage, epoch, batchNo, nonce, confirmedNonce, unconfirmedKeys, highWater] =
    row;
  const [lastBatchAt, lastTakenAt, isResyncing, batches, rows] = row.slice(10);
  return {
    id: Number(id),
    state: {
      source: name ?? '',
      instance: instance ?? undefined,
      lineage: lineage ?? undefined,
      epoch: epoch ?? undefined,
      batchNo: Number(batchNo),
      nonce: nonce ?? undefined,
      confirmedNonce: confirmedNonce ?? undefined,
      unconfirmedKeys: Number(unconfirmedKeys),
      highWater: Number(highWater),
    },
    lastBatchAt: lastBatchAt ?? undefined,
    lastTakenAt: lastTakenAt ?? undefined,
    isResyncing: isResyncing === 't',
    batches: Number(batches),
    rows: Number(rows),
  };
}

/** Whose batch it is, who is made where it is new, and what is remembered of the batch. */
export async function meetBatch(
  session: Session,
  { source: name, epoch, batchNo }: BatchHeader,
): Promise<{ source: Source; applied: AppliedBatch | undefined }> {
  const [sources, batches] = await session.runAll([
    `select ${columns} from _holdfast_source where name = ${literal(name)}`,
    `select sha256, result from _holdfast_batch where source = (select id from _holdfast_source where name = ${literal(name)})
       and epoch = ${literal(epoch)} and batch_no = ${Math.trunc(batchNo)}`,
  ]);
  const source = sources?.rows.map(sourceOf)[0] ?? (await takeSource(session, name));
  const [row] = batches?.rows ?? [];
  if (row === undefined) return { source, applied: undefined };
  const [sha256, result = null] = row;
  const known = result === null ? undefined : (JSON.parse(result) as BatchResult);
  return { source, applied: { sha256: sha256 ?? '', result: known } };
}

/** Its number among the batches of all sources. Where it is `fresh`, its sender knows of all that came before. */
export async function addBatch(
  session: Session,
  source: Source,
  { header, sha256, stamp, at, isFresh }: Added,
): Promise<number> {
  const texts = [header.epoch, sha256, header.takenAt, at].map(literal);
  const answers = await session.runAll([
    ...(isFresh ? [forgetting(source)] : []),
    `insert into _holdfast_batch (source, batch_no, stamp, epoch, sha256, taken_at, applied_at)
       values (${source.id}, ${Math.trunc(header.batchNo)}, ${Math.trunc(stamp)}, ${texts.join(', ')}) returning id`,
  ]);
  return Number(answers.at(-1)?.rows[0]?.[0]);
}

interface Added {
  readonly header: BatchHeader;
  readonly sha256: string;
  readonly stamp: number;
  readonly at: string;
  readonly isFresh: boolean;
}

/** When the snapshots of these batches were taken, in microseconds. */
export async function stampsOf({ run }: Session, batches: readonly number[]): Promise<Map<number, number>> {
  const { rows } = await run('select id, stamp from _holdfast_batch where id = any($1::integer[])', [
    arrayOf(batches.map(String)),
  ]);
  return new Map(rows.map(([id, stamp]) => [Number(id), Number(stamp)]));
}

/** The state of the source after the batch, and what is answered to whoever sends it again. */
export async function finishBatch(
  session: Session,
  source: Source,
  batch: number,
  { header, result, at, rows, confirmedNonce, unconfirmedKeys }: Finished,
): Promise<void> {
  const state = {
    instance: literal(header.instance),
    lineage: literal(header.lineage),
    epoch: literal(header.epoch),
    batch_no: String(Math.trunc(header.batchNo)),
    nonce: literal(result.nonce),
    confirmed_nonce: confirmedNonce === undefined ? 'null' : literal(confirmedNonce),
    high_water: String(Math.trunc(header.toSeq)),
    last_batch_at: literal(at),
    last_taken_at: literal(header.takenAt),
    is_resyncing: String(header.resyncing),
    batches: 'batches + 1',
    rows: `rows + ${rows}`,
    unconfirmed_keys: String(unconfirmedKeys),
  };
  const set = Object.entries(state).map(([column, value]) => `${column} = ${value}`);
  await session.runAll([
    `update _holdfast_batch set result = ${literal(JSON.stringify(result))} where id = ${batch}`,
    `update _holdfast_batch set result = null
       where source = ${source.id} and epoch = ${literal(header.epoch)} and batch_no = ${Math.trunc(header.batchNo - answeredBatches)}`,
    `update _holdfast_source set ${set.join(', ')} where id = ${source.id}`,
  ]);
}

interface Finished {
  readonly header: BatchHeader;
  readonly result: BatchResult;
  readonly at: string;
  /** How many changes it had. */
  readonly rows: number;
  readonly confirmedNonce: string | undefined;
  readonly unconfirmedKeys: number;
}

const keysPerRow = 1000;

/** The keys of one batch, kept until its sender is seen to know that they arrived; bounded, for beyond that all travels anew. */
export class UnconfirmedKeys {
  readonly #source: Source;
  readonly #waiting = new Map<string, string[]>();
  count: number;

  constructor(source: Source, before: number) {
    this.#source = source;
    this.count = before;
  }

  add(table: string, key: string): void {
    this.count += 1;
    if (this.count > unconfirmedKeysMax) return;
    const keys = this.#waiting.get(table);
    if (keys === undefined) this.#waiting.set(table, [key]);
    else keys.push(key);
  }

  async end(session: Session): Promise<void> {
    if (this.count > unconfirmedKeysMax) return void (await session.run(forgetting(this.#source)));
    for (const [table, keys] of this.#waiting) {
      const pieces: string[] = [];
      for (let at = 0; at < keys.length; at += keysPerRow)
        pieces.push(`[${keys.slice(at, at + keysPerRow).join(',')}]`);
      await session.run(
        'insert into _holdfast_unconfirmed (source, table_name, keys) select $1::smallint, $2, k from unnest($3::text[]) as g(k)',
        [String(this.#source.id), table, arrayOf(pieces)],
      );
    }
  }
}

function forgetting({ id }: Source): string {
  return `delete from _holdfast_unconfirmed where source = ${id}`;
}

export async function unconfirmedOf({ run }: Session, source: Source): Promise<RereadKeys[]> {
  const { rows } = await run(
    'select table_name, keys from _holdfast_unconfirmed where source = $1 order by id',
    [String(source.id)],
  );
  const tables = new Map<string, Set<string>>();
  for (const [table, keys] of rows) {
    const known = tables.get(table ?? '') ?? new Set();
    for (const key of JSON.parse(keys ?? '[]') as unknown[]) known.add(JSON.stringify(key));
    tables.set(table ?? '', known);
  }
  return [...tables].map(([table, keys]) => ({ table, keys: [...keys].map(parseKey) }));
}
