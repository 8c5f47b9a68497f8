// A history in a directory of its own, with what a test wants to see of it.
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { onTestFinished } from 'vitest';
import type { Clock } from '../../lib/base/clock.ts';
import { currentProcess } from '../../lib/files/process-identity.ts';
import { openHistory, type History } from '../../lib/history/history.ts';
import type { RunStart } from '../../lib/history/rows.ts';
import { openHistoryDatabase } from './history-database.ts';
import { recordingLog } from './recording-log.ts';
import { scratch } from './scratch.ts';

/** A clock that goes on by one minute whenever it is read. */
export function minutes(): Clock {
  let now = Date.parse('2026-11-20T02:05:13.000Z');
  return { now: () => new Date((now += 60_000)), monotonicMs: () => 0 };
}

export interface World {
  history: History;
  path: string;
  log: ReturnType<typeof recordingLog>;
  warnings: () => string[];
  rows: (sql: string) => unknown[];
}

export function historyWorld(
  path = join(scratch(), 'ops.db'),
  open = () => openHistoryDatabase(path),
): World {
  const log = recordingLog();
  const quarantine = () => renameSync(path, `${path}.damaged`);
  const history = openHistory(open, { clock: minutes(), log, quarantine });
  onTestFinished(() => history.close());
  return {
    history,
    path,
    log,
    warnings: () => log.lines.filter(({ level }) => level === 'warn').map(({ message }) => message),
    rows: (sql) => {
      const database = new Database(path, { readonly: true });
      try {
        return database.prepare(sql).all();
      } finally {
        database.close();
      }
    },
  };
}

export function runStart(id: string, more: Partial<RunStart> = {}): RunStart {
  return { ...currentProcess(), id, job: 'db-backup', command: 'backup', holdfastVersion: '0.1.0', ...more };
}
