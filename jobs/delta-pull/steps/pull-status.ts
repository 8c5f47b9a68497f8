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
  return {
    running: isRunning,
    sync_interval: pull.everyMs / 1000,
    last_sync_time: lastSyncAt?.toISOString() ?? null,
    total_syncs: totals.syncs,
    successful_syncs: totals.syncs - totals.failed,
    failed_syncs: totals.failed,
    total_records_synced: totals.records,
    last_change_time: state.changedAt ?? null,
    last_full_sync_time: state.fullSyncAt ?? null,
    age:
      lastSyncAt === undefined
        ? null
        : Math.max(0, Math.round((now.getTime() - lastSyncAt.getTime()) / 1000)),
    master: pull.from.origin,
    error: error ?? null,
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
