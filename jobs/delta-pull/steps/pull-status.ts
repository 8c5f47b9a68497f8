// The status document that HerdLinx's pages read, and the file in which a service leaves it for the commands beside it. The
// file is where the locks are: what was true of a process means nothing after a reboot.
import { existsSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { PullConfig } from '../../../lib/config/pull-config.ts';
import type { PulledState, PulledTotals } from '../../../lib/delta/pulled.ts';
import { writeFileAtomically } from '../../../lib/files/durable.ts';
import { createDirectories } from '../../../lib/files/make-directories.ts';
import { readRecord } from '../../../lib/files/read-small-file.ts';

/** As it is sent: the first seven are theirs. */
export interface SyncStatus {
  running: boolean;
  /** Seconds. */
  sync_interval: number;
  /** When the replica was last known to be as the master is; ISO. */
  last_sync_time: string | null;
  total_syncs: number;
  successful_syncs: number;
  failed_syncs: number;
  total_records_synced: number;
  /** When rows last came in, and all of them. */
  last_change_time: string | null;
  last_full_sync_time: string | null;
  /** Seconds since `last_sync_time`. */
  age: number | null;
  master: string;
  /** Why the last look failed; null where it did not. */
  error: string | null;
}

export interface StatusFacts {
  readonly pull: PullConfig;
  readonly isRunning: boolean;
  readonly lastSyncAt: Date | undefined;
  readonly totals: PulledTotals;
  readonly state: PulledState;
  readonly error: string | undefined;
  readonly now: Date;
}

export function statusOf({
  pull,
  isRunning,
  lastSyncAt,
  totals,
  state,
  error,
  now,
}: StatusFacts): SyncStatus {
  // One that was made anew, and has had nothing yet, never was as the master is.
  const syncedAt = state.fullSyncAt === undefined ? undefined : lastSyncAt;
  return {
    running: isRunning,
    sync_interval: pull.everyMs / 1000,
    last_sync_time: syncedAt?.toISOString() ?? null,
    total_syncs: totals.syncs,
    successful_syncs: totals.syncs - totals.failed,
    failed_syncs: totals.failed,
    total_records_synced: totals.records,
    last_change_time: state.changedAt ?? null,
    last_full_sync_time: state.fullSyncAt ?? null,
    age: syncedAt === undefined ? null : secondsBetween(syncedAt, now),
    master: pull.from.origin,
    error: error ?? null,
  };
}

export function secondsBetween(earlier: Date, later: Date): number {
  return Math.max(0, Math.round((later.getTime() - earlier.getTime()) / 1000));
}

/**
 * When a replica was last as the master, as far as that outlives a service: what the last one left, until the machine is started
 * anew, and when rows last came in. A master that is away while the service starts makes no replica young, and none nameless.
 */
export function lastSyncBefore({ changedAt }: PulledState, left: SyncStatus | undefined): Date | undefined {
  const times = [changedAt, left?.last_sync_time ?? undefined].map((time) => Date.parse(time ?? ''));
  const known = times.filter((time) => !Number.isNaN(time));
  return changedAt === undefined ? undefined : new Date(Math.max(...known));
}

/** As Python writes a time of UTC, which names no zone: what reads HerdLinx's own document reads this. */
export function asTheirPagesReadIt(status: SyncStatus): SyncStatus {
  const theirs = (time: string | null) => time && time.replace(/(?:\.(\d{3}))?Z$/, '.$1000');
  return {
    ...status,
    last_sync_time: theirs(status.last_sync_time),
    last_change_time: theirs(status.last_change_time),
    last_full_sync_time: theirs(status.last_full_sync_time),
  };
}

const bytesMax = 64 * 1024;

export interface PullNotes {
  writeStatus(status: SyncStatus): Promise<void>;
  /** Undefined where none was left since the machine was started. */
  readStatus(): Promise<SyncStatus | undefined>;
  /** Asks the service that runs for a full sync. */
  requestResync(): Promise<void>;
  /** Whether one was asked for; it is then no more. */
  takeResync(): boolean;
}

export function pullNotes(runDirectory: string, name: string): PullNotes {
  const path = (ending: string) => join(runDirectory, 'pull', `${name}.${ending}`);
  const write = async (ending: string, text: string) => {
    await createDirectories(dirname(path(ending)), 0o750);
    await writeFileAtomically(path(ending), text, { mode: 0o640, toOwner: true });
  };
  return {
    writeStatus: (status) => write('json', `${JSON.stringify(status)}\n`),
    async readStatus() {
      const text = await readRecord(path('json'), bytesMax);
      try {
        return text === undefined ? undefined : (JSON.parse(text) as SyncStatus);
      } catch {
        return undefined;
      }
    },
    requestResync: () => write('resync', ''),
    takeResync() {
      if (!existsSync(path('resync'))) return false;
      rmSync(path('resync'), { force: true });
      return true;
    },
  };
}
