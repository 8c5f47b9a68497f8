// What all who write in one transaction share, and how one begins: nobody else writes meanwhile.
import type { Clock } from '../../base/clock.ts';
import { stampOfDate } from '../../delta/last-write.ts';
import type { ReplicaPolicy } from '../../delta/policy.ts';
import type { PostgresWriter, Session } from '../../postgres/writer.ts';
import { lockingStatement } from './bookkeeping.ts';
import { KnownTables, knownTablesQuestion } from './known-tables.ts';
import { pruningStatements } from './remembered.ts';
import { literal } from '../../postgres/names.ts';

export interface Looking {
  readonly session: Session;
  readonly schema: string;
  readonly policy: ReplicaPolicy;
  readonly tables: KnownTables;
}

export interface Writing extends Looking {
  readonly now: Date;
  readonly frozen: ReadonlySet<string>;
  /** Since when deletions are remembered, in microseconds; undefined where one source feeds the replica alone. */
  readonly horizon: number | undefined;
}

export interface Writers {
  readonly writer: PostgresWriter;
  readonly schema: string;
  readonly policy: ReplicaPolicy;
  readonly clock: Clock;
}

/** `act` is what cannot be done where it fails. */
export function write<T>(
  { writer, schema, policy, clock }: Writers,
  act: string,
  work: (writing: Writing) => Promise<T>,
  kind: 'apply' | 'correct' = 'apply',
): Promise<T> {
  return writer.write(act, async (session) => {
    const now = clock.now();
    const isShared = policy.sources.length > 1;
    const [, , days, shapes, , since] = await session.runAll([
      lockingStatement,
      // By this mark the guards of frozen days know us.
      `insert into _holdfast_writer values (pg_current_xact_id(), ${literal(kind)})`,
      'select day from _holdfast_frozen_day',
      knownTablesQuestion,
      ...(isShared ? pruningStatements(stampOfDate(now) - policy.tombstonesKeptMs * 1000) : []),
    ]);
    const horizon = isShared ? Number(since?.rows[0]?.[0] ?? 0) : undefined;
    const frozen = new Set(days?.rows.map(([day]) => day ?? ''));
    const tables = KnownTables.of(shapes?.rows ?? [], { session, schema, policy });
    const done = await work({ session, schema, policy, tables, now, frozen, horizon });
    await session.run('delete from _holdfast_writer');
    return done;
  });
}

/** Of one instant. */
export function look<T>(
  { writer, schema, policy }: Writers,
  act: string,
  work: (looking: Looking) => Promise<T>,
): Promise<T> {
  return writer.read(act, async (session) => {
    const { rows } = await session.run(knownTablesQuestion);
    return work({ session, schema, policy, tables: KnownTables.of(rows, { session, schema, policy }) });
  });
}
