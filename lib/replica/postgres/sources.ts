// What is known of each source: where its stream stands, which batches were applied, and which keys nobody saw confirmed.
import { type SourceState, unconfirmedKeysMax } from '../../delta/agreement.ts';
import type { BatchHeader, BatchResult } from '../../delta/batch.ts';
import type { RereadKeys } from '../../delta/capture.ts';
import { parseKey } from '../../delta/held-payload.ts';
import type { AppliedBatch } from '../../delta/turn.ts';
import type { Session } from '../../postgres/writer.ts';
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

/** What is remembered of a batch. */
export async function findBatch(
  { run }: Session,
  source: Source,
  { epoch, batchNo }: BatchHeader,
): Promise<AppliedBatch | undefined> {
  const { rows } = await run(
    'select sha256, result from _holdfast_batch where source = $1 and epoch = $2 and batch_no = $3',
    [String(source.id), epoch, String(batchNo)],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  const [sha256, result = null] = row;
  return {
    sha256: sha256 ?? '',
    result: result === null ? undefined : (JSON.parse(result) as BatchResult),
  };
}

/** Its number among the batches of all sources. */
export async function addBatch(
  { run }: Session,
  source: Source,
  { header, sha256, stamp, at }: { header: BatchHeader; sha256: string; stamp: number; at: string },
): Promise<number> {
  const { rows } = await run(
    'insert into _holdfast_batch (source, epoch, batch_no, sha256, stamp, taken_at, applied_at) values ($1, $2, $3, $4, $5, $6, $7) returning id',
    [
      ...[String(source.id), header.epoch, String(header.batchNo), sha256],
      ...[String(stamp), header.takenAt, at],
    ],
  );
  return Number(rows[0]?.[0]);
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
  { run }: Session,
  source: Source,
  batch: number,
  { header, result, at, rows, confirmedNonce, unconfirmedKeys }: Finished,
): Promise<void> {
  await run('update _holdfast_batch set result = $2 where id = $1', [String(batch), JSON.stringify(result)]);
  await run('update _holdfast_batch set result = null where source = $1 and epoch = $2 and batch_no = $3', [
    String(source.id),
    header.epoch,
    String(header.batchNo - answeredBatches),
  ]);
  await run(
    `update _holdfast_source set instance = $2, lineage = $3, epoch = $4, batch_no = $5, nonce = $6, confirmed_nonce = $7,
       high_water = $8, last_batch_at = $9, last_taken_at = $10, is_resyncing = $11, batches = batches + 1, rows = rows + $12,
       unconfirmed_keys = $13 where id = $1`,
    [
      ...[String(source.id), header.instance, header.lineage, header.epoch, String(header.batchNo)],
      ...[result.nonce, confirmedNonce ?? null, String(header.toSeq), at, header.takenAt],
      ...[String(header.resyncing), String(rows), String(unconfirmedKeys)],
    ],
  );
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
    if (this.count > unconfirmedKeysMax) return forgetUnconfirmed(session, this.#source);
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

export async function forgetUnconfirmed({ run }: Session, source: Source): Promise<void> {
  await run('delete from _holdfast_unconfirmed where source = $1', [String(source.id)]);
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
