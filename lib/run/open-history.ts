// The history of a process, in the state directory.
import { accessSync, constants, mkdirSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { errorCode, errorMessage } from '../base/errors.ts';
import { formatInstant } from '../base/format.ts';
import type { Log } from '../base/log.ts';
import type { Config } from '../config/config.ts';
import { type History, nullHistory, openHistory } from '../history/history.ts';
import { lazyHistory } from '../history/lazy-history.ts';
import { openLocal } from '../sqlite/local.ts';

/** What a history needs of the process. */
interface HistorySurroundings {
  config: Config;
  clock: Clock;
  log: Log;
  dryRun: boolean;
  /** How long somebody else who writes is waited for, where that is not as long as usual. */
  busyMs?: number | undefined;
}

/** Opened when it is first needed: most commands of a timer that runs every minute never ask. */
export function historyOf({ config, clock, log, dryRun, busyMs }: HistorySurroundings): History {
  const path = join(config.stateDirectory, 'ops.db');
  return lazyHistory({
    open: () => openOpsDatabase(path, { clock, log, busyMs }),
    isThere: () => isReadable(path, log),
    mayWrite: !dryRun,
  });
}

/** A history that this user may not see is not one that is empty. */
function isReadable(path: string, log: Log): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch (error) {
    if (['EACCES', 'EPERM'].includes(errorCode(error) ?? ''))
      log.warn('the history cannot be read: what is known of earlier runs is missing', {
        path,
        hint: 'run it with sudo',
      });
    return false;
  }
}

/** Rows of a batch: who moves them does not stand still for what only people read. */
export function deltaHistoryOf(context: Pick<HistorySurroundings, 'config' | 'clock' | 'log'>): History {
  return historyOf({ ...context, dryRun: false, busyMs: 250 });
}

function openOpsDatabase(
  path: string,
  { clock, log, busyMs }: Pick<HistorySurroundings, 'clock' | 'log' | 'busyMs'>,
): History {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o750 });
  } catch (error) {
    log.warn('history could not be written: the state directory cannot be made', {
      path: dirname(path),
      reason: errorMessage(error),
    });
    return nullHistory;
  }
  const open = () => {
    const database = openLocal(path);
    if (busyMs !== undefined) database.exec(`PRAGMA busy_timeout = ${busyMs}`);
    return database;
  };
  return openHistory(open, {
    clock,
    log,
    quarantine: () => renameSync(path, `${path}.damaged-${formatInstant(clock.now()).replace(/[ :]/g, '')}`),
  });
}
