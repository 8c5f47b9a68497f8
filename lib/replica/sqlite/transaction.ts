// What is written at once: all of it or nothing, with a mark that tells the guards of frozen days who writes.
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../base/clock.ts';
import { errorCode, OpsError } from '../../base/errors.ts';
import type { ReplicaPolicy } from '../../delta/policy.ts';
import { ProtocolRefusal } from '../../delta/refusal.ts';
import { sqliteError } from '../../sqlite/errors.ts';
import type { Database } from '../../sqlite/open.ts';
import type { Turns } from '../turns.ts';
import { pruneDeletions } from './deletions.ts';
import type { ReplicaFile } from './database-file.ts';

/** What all who write in one transaction share. */
export interface Writing {
  readonly database: Database;
  readonly policy: ReplicaPolicy;
  readonly now: Date;
  readonly frozen: ReadonlySet<string>;
  /** Since when deletions are remembered, in microseconds; undefined where one source feeds the replica alone. */
  readonly horizon: number | undefined;
}

export interface Writers {
  readonly file: ReplicaFile;
  readonly policy: ReplicaPolicy;
  readonly clock: Clock;
  readonly turns: Turns;
}

/**
 * Does `work` in a transaction of its own, one at a time. It ends with `work`, or is taken back whole with whatever that threw.
 * `act` is what cannot be done then.
 */
export function write<T>(
  { file, policy, clock, turns }: Writers,
  act: string,
  work: (writing: Writing) => Promise<T> | T,
): Promise<T> {
  const { writer: database } = file;
  return turns.take(async () => {
    try {
      await begin(database);
      const now = clock.now();
      database.prepare("INSERT INTO _holdfast_writer (kind) VALUES ('holdfast')").run();
      const horizon = policy.sources.length > 1 ? pruneDeletions(database, policy, now) : undefined;
      const done = await work({ database, policy, now, horizon, frozen: frozenDays(database) });
      file.requireInPlace(); // its sender forgets what is acknowledged
      database.exec('DELETE FROM _holdfast_writer; COMMIT');
      return done;
    } catch (error) {
      if (database.inTransaction) database.exec('ROLLBACK');
      if (error instanceof OpsError || error instanceof ProtocolRefusal) throw error;
      throw sqliteError(`${act} ${file.path}`, error);
    }
  });
}

/** Another process may write: a command beside the service. It is waited for without holding up whoever else asks us. */
const lockTries = { count: 600, pauseMs: 50 };

async function begin(database: Database): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      database.exec('BEGIN IMMEDIATE');
      return;
    } catch (error) {
      if (errorCode(error) !== 'SQLITE_BUSY' || tries >= lockTries.count) throw error;
    }
    await delay(lockTries.pauseMs);
  }
}

function frozenDays(database: Database): Set<string> {
  return new Set(database.prepare('SELECT day FROM _holdfast_frozen_day').pluck().all() as string[]);
}
