// What the parts of the replica conformance suite share: a source that sends batches, and tables for it.
import { createHash } from 'node:crypto';
import type { BatchRange, BatchResult } from '../../lib/delta/batch.ts';
import type { Cell } from '../../lib/delta/cell.ts';
import type { Change } from '../../lib/delta/change.ts';
import { makeLink } from '../../lib/delta/lineage.ts';
import type { ReplicaPolicy, TablePolicy } from '../../lib/delta/policy.ts';
import type { TableShape } from '../../lib/delta/shape.ts';
import type { ArrivingBatch, Replica } from '../../lib/replica/replica.ts';
import type { FixedClock } from '../support/fixed-clock.ts';

/** A replica of the kind under test, empty. */
export interface OpenedReplica {
  readonly replica: Replica;
  readonly clock: FixedClock;
  /** Another one on the same tables, as the next start of the service would open it; the first is closed. */
  reopen(policy?: ReplicaPolicy): Promise<Replica>;
  /** What another program reads there, without the hidden columns, in the order of the key; a REAL and an INTEGER are told apart. */
  rows(shape: TableShape): Promise<Cell[][]>;
  /** What another program that writes there does, and whether it may. */
  execute(sql: string): Promise<void>;
}

/** Opens one at the suite's time, which is cleaned up when the test is over. */
export type OpenReplica = (policy?: Partial<ReplicaPolicy>) => Promise<OpenedReplica>;

const plainTable: TablePolicy = {
  day: undefined,
  updatedAt: undefined,
  deletions: 'apply',
  deletionsMax: { rows: 1000, percent: 20 },
};

const plainPolicy: ReplicaPolicy = {
  sources: ['laptop'],
  schema: 'follow',
  tables: {},
  otherTables: plainTable,
  audit: false,
  tombstonesKeptMs: 90 * 86_400_000,
};

export const tablePolicy = (given: Partial<TablePolicy>): TablePolicy => ({ ...plainTable, ...given });
export const policy = (given: Partial<ReplicaPolicy> = {}): ReplicaPolicy => ({ ...plainPolicy, ...given });

/** `visit(id INTEGER PRIMARY KEY, label TEXT, …)`: each column as `name type`. */
export function shape(name: string, columns: readonly string[], key: readonly string[] = ['id']): TableShape {
  return {
    name,
    columns: columns.map((column) => {
      const [columnName = '', ...type] = column.split(' ');
      return { name: columnName, declared: type.join(' '), notNull: false };
    }),
    key,
    identity: 'primary',
  };
}

export const visit = shape('visit', ['id INTEGER', 'label TEXT']);

export const row = (...cells: Cell[]): Change => ({ kind: 'upsert', table: 0, cells });
export const gone = (...key: Cell[]): Change => ({ kind: 'tombstone', table: 0, key });
/** The same, of another table of the batch. */
export const of = (table: number, change: Change): Change => ({ ...change, table });

export interface Sending {
  readonly tables?: readonly TableShape[];
  readonly takenAt?: Date;
  readonly range?: BatchRange;
  readonly resyncing?: boolean;
}

/** A sender, as far as a replica sees it. What it knows can be put back. */
export class Sender {
  readonly #opened: { clock: FixedClock };
  readonly name: string;
  instance: string;
  epoch = '1'.repeat(32);
  batchNo = 0;
  nonce: string | undefined;
  lineage: string | undefined;
  links = 0;
  toSeq = 0;

  constructor(opened: { clock: FixedClock }, name = 'laptop') {
    this.#opened = opened;
    this.name = name;
    this.instance = hex32(name);
  }

  /** The next batch, not sent yet. */
  batch(changes: readonly Change[], sending: Sending = {}): ArrivingBatch {
    this.links += 1;
    const header = {
      source: this.name,
      instance: this.instance,
      lineage: makeLink('s'.repeat(32), this.links, this.links.toString(16).padStart(16, '0')),
      heldLineage: this.lineage,
      epoch: this.epoch,
      replaces: undefined,
      batchNo: this.batchNo + 1,
      heldNonce: this.nonce,
      toSeq: (this.toSeq += changes.length),
      takenAt: (sending.takenAt ?? this.#opened.clock.now()).toISOString(),
      tables: sending.tables ?? [visit],
      range: sending.range,
      resyncing: sending.resyncing ?? false,
    };
    return arriving({ header, changes });
  }

  /** Sends the next one, and takes note of the answer. */
  async send(replica: Replica, changes: readonly Change[], sending?: Sending): Promise<BatchResult> {
    const batch = this.batch(changes, sending);
    const result = await replica.apply(batch);
    this.acknowledge(batch, result);
    return result;
  }

  acknowledge({ header }: ArrivingBatch, { nonce }: BatchResult): void {
    this.batchNo = header.batchNo;
    this.nonce = nonce;
    this.lineage = header.lineage;
  }

  /** The first batch of a new stream. */
  beginning(epoch: string, changes: readonly Change[], sending: Sending = {}): ArrivingBatch {
    const replaces = this.epoch;
    [this.epoch, this.batchNo, this.nonce] = [epoch, 0, undefined];
    const batch = this.batch(changes, sending);
    return arriving({ header: { ...batch.header, replaces }, changes });
  }
}

/** A batch whose changes come in several pieces, as they are read from a file. */
export function arriving({
  header,
  changes,
}: {
  header: ArrivingBatch['header'];
  changes: readonly Change[];
}): ArrivingBatch {
  const text = JSON.stringify([header, changes], (_, value: unknown) =>
    typeof value === 'bigint' ? `${value}n` : value,
  );
  return {
    header,
    sha256: createHash('sha256').update(text).digest('hex'),
    changes: {
      async *[Symbol.asyncIterator]() {
        for (let start = 0; start < changes.length; start += 700) {
          await Promise.resolve();
          yield changes.slice(start, start + 700);
        }
      },
    },
  };
}

/** The same batch once more: its lines can be read again from the file. */
export const again = (batch: ArrivingBatch, changes: readonly Change[]): ArrivingBatch => ({
  ...arriving({ header: batch.header, changes }),
  sha256: batch.sha256,
});

export function hex32(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
