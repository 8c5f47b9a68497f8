// What Holdfast has done, kept in ops.db for people, Datasette and health checks. Never asked whether something is
// safe: the store's listing is the truth, and losing this file loses history only. Secrets never get in.
import type { Clock } from '../base/clock.ts';
import { errorMessage } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Sample } from '../health/check.ts';
import type { CheckState } from '../health/reading.ts';
import type { HistoryDatabase } from './database.ts';
import {
  type CheckChange,
  checkChanges,
  type CheckRunRecord,
  checkStates,
  type KeptSample,
  note,
  putNote,
  recordChecks,
  samples,
} from './check-rows.ts';
import {
  type BatchRow,
  batchTotals,
  type BatchTotals,
  type KnownReplica,
  knownReplicas,
  recordDelta,
  type ReplicaRow,
} from './delta-rows.ts';
import { type IncidentRow, incidentsSince, recordIncidents } from './incident-rows.ts';
import { openDatabase } from './open-database.ts';
import { pruneHistory } from './prune.ts';
import type {
  BackupRow,
  BadBackupRow,
  DeliveryRow,
  DrillRow,
  DrillResult,
  Look,
  RunEnd,
  RunRow,
  RunStart,
} from './rows.ts';
import * as statements from './statements.ts';

/** No method throws: what cannot be written or read is one warning, and then the answer is "nothing is known". */
export interface History {
  begin(run: RunStart): void;
  finish(runId: string, end: RunEnd): void;
  recordBackup(backup: BackupRow): void;
  /** That backups of an app are in the store no more: nobody is to be told that there are such. */
  recordRemoved(app: string, names: readonly string[]): void;
  /** That the database of an app is still the one of a backup, so that none was made. */
  recordLook(look: Look): void;
  /** Which backups of an app were found to be its database later on, and when last; the newest look first, none dated after now. */
  looksAt(app: string): { name: string; at: Date }[];
  /** The newest backup of an app that counts: proven, not suspect, and not dated in the future. */
  lastBackup(app: string): { name: string; takenAt: Date } | undefined;
  /** The backups of an app that were found bad where the store could not be told: they have the state `damaged-untold`. */
  foundBad(app: string): BadBackupRow[];
  recordDrill(drill: DrillResult): void;
  recordDelivery(delivery: DeliveryRow): void;
  /** The newest drill of an app, whatever its outcome. */
  lastDrill(app: string): DrillRow | undefined;
  /** Every backup of an app that a drill has proven, newest drill first, with the time of its newest passed drill. */
  passedDrills(app: string): { name: string; at: Date }[];
  /** The newest runs first; of every app when `app` is undefined. */
  recentRuns(app: string | undefined, limit: number): RunRow[];
  /** What happened in all apps from `since` on, oldest first: runs of a job, backups that were made, and drills. */
  runsSince(job: string, since: Date): RunRow[];
  backupsSince(since: Date): BackupRow[];
  drillsSince(since: Date): DrillRow[];
  /** Runs that count as running and whose process `alive` denies. */
  lostRuns(alive: (run: RunRow) => boolean): RunRow[];
  /**
   * Runs that count as running and whose process `alive` denies become `interrupted`, without an end time because
   * nobody knows it, and are returned.
   */
  markInterrupted(alive: (run: RunRow) => boolean): RunRow[];
  /** The newest answer of every check that was asked. */
  checkStates(): CheckState[];
  /** When answers became others, from `since` on, newest first. */
  checkChanges(since: Date, limit: number): CheckChange[];
  /** Values over time, oldest first. */
  samples(of: Omit<KeptSample, 'value'>, since: Date): Sample[];
  /** What a check has remembered for its next run. */
  note(key: string): string | undefined;
  /** Remembers a text under a key. */
  remember(key: string, value: string): void;
  /** All that a run of the checks leaves, in one transaction. */
  recordChecks(run: CheckRunRecord): void;
  recordIncidents(incidents: readonly IncidentRow[]): void;
  /** Those that lasted into the time from `since` on, newest first. */
  incidents(since: Date, limit: number): IncidentRow[];
  /** Batches of row changes, and how replicas stand. Whether it is written. */
  recordDelta(news: { batches: readonly BatchRow[]; replicas: readonly ReplicaRow[] }): boolean;
  /** As their receiver saw them last. */
  replicas(): KnownReplica[];
  /** What went and came from `since` on, by source. */
  batchTotals(since: Date): BatchTotals[];
  /** Whether there is one, and everything that was asked of it was answered: else "nothing" may be "nobody knows". */
  isKnown(): boolean;
  /** Forgets what is older than so many days; once a day, whoever asks. */
  prune(keepDays: number): void;
  close(): void;
}

export interface HistoryOptions {
  clock: Clock;
  log: Log;
  /** Renames a damaged ops.db, so that `open` makes a new one. */
  quarantine: () => void;
}

/**
 * Opens the history with the database that `open` gives. Never throws: a history that cannot be opened, or that a
 * newer Holdfast has made, is a warning and the null history.
 */
export function openHistory(
  open: () => HistoryDatabase,
  { clock, log, quarantine }: HistoryOptions,
): History {
  const database = openDatabase(open, { log, quarantine });
  return database === undefined ? nullHistory : databaseHistory(database, clock, log);
}

/** Remembers nothing. */
export const nullHistory: History = {
  begin() {},
  finish() {},
  recordBackup() {},
  recordRemoved() {},
  recordLook() {},
  looksAt: () => [],
  lastBackup: () => undefined,
  foundBad: () => [],
  recordDrill() {},
  recordDelivery() {},
  lastDrill: () => undefined,
  passedDrills: () => [],
  recentRuns: () => [],
  runsSince: () => [],
  backupsSince: () => [],
  drillsSince: () => [],
  lostRuns: () => [],
  markInterrupted: () => [],
  checkStates: () => [],
  checkChanges: () => [],
  samples: () => [],
  note: () => undefined,
  remember() {},
  recordChecks() {},
  recordIncidents() {},
  incidents: () => [],
  recordDelta: () => false,
  replicas: () => [],
  batchTotals: () => [],
  isKnown: () => false,
  prune() {},
  close() {},
};

function databaseHistory(database: HistoryDatabase, clock: Clock, log: Log): History {
  const write = guard(log, 'written');
  let isKnown = true;
  const read = guard(log, 'read', () => (isKnown = false));
  const lostRuns = (alive: (run: RunRow) => boolean) =>
    read([], () => statements.runningRuns(database)).filter((run) => !alive(run));
  return {
    begin: (run) => write(undefined, () => statements.insertRun(database, run, clock.now())),
    finish: (runId, end) => write(undefined, () => statements.endRun(database, runId, end, clock.now())),
    recordBackup: (backup) => write(undefined, () => statements.upsertBackup(database, backup)),
    recordRemoved: (app, names) => write(undefined, () => statements.markRemoved(database, app, names)),
    recordLook: (look) => write(undefined, () => statements.upsertLook(database, look, clock.now())),
    looksAt: (app) => read([], () => statements.looksAt(database, app, clock.now())),
    lastBackup: (app) => read(undefined, () => statements.lastBackup(database, app, clock.now())),
    foundBad: (app) => read([], () => statements.foundBad(database, app)),
    recordDrill: (drill) =>
      write(undefined, () => statements.insertDrill(database, { ...drill, at: clock.now() })),
    recordDelivery: (delivery) =>
      write(undefined, () => statements.insertDelivery(database, delivery, clock.now())),
    lastDrill: (app) => read(undefined, () => statements.lastDrill(database, app)),
    passedDrills: (app) => read([], () => statements.passedDrills(database, app, clock.now())),
    recentRuns: (app, limit) => read([], () => statements.recentRuns(database, app, limit)),
    runsSince: (job, since) => read([], () => statements.runsSince(database, job, since)),
    backupsSince: (since) => read([], () => statements.backupsSince(database, since)),
    drillsSince: (since) => read([], () => statements.drillsSince(database, since)),
    lostRuns,
    markInterrupted(alive) {
      const dead = lostRuns(alive);
      return write([], () => statements.interruptRuns(database, dead));
    },
    checkStates: () => read([], () => checkStates(database)),
    checkChanges: (since, limit) => read([], () => checkChanges(database, since, limit)),
    samples: (of, since) => read([], () => samples(database, of, since)),
    note: (key) => read(undefined, () => note(database, key)),
    remember: (key, value) => write(undefined, () => putNote(database, key, value)),
    recordChecks: (run) => write(undefined, () => recordChecks(database, run)),
    recordIncidents: (incidents) => write(undefined, () => recordIncidents(database, incidents)),
    incidents: (since, limit) => read([], () => incidentsSince(database, since, limit)),
    recordDelta: (news) =>
      write(false, () => {
        recordDelta(database, news);
        return true;
      }),
    replicas: () => read([], () => knownReplicas(database)),
    batchTotals: (since) => read([], () => batchTotals(database, since)),
    isKnown: () => isKnown,
    prune: (keepDays) => write(undefined, () => pruneHistory(database, keepDays, clock.now())),
    close: () => write(undefined, () => database.close()),
  };
}

/** Runs what touches the database; an error becomes a warning, the next ones of the same history are details. */
function guard(log: Log, verb: 'written' | 'read', onFailure?: () => void) {
  let warned = false;
  return <T>(otherwise: T, work: () => T): T => {
    try {
      return work();
    } catch (error) {
      onFailure?.();
      const message = `history could not be ${verb}: ${errorMessage(error)}`;
      if (warned) log.debug(message);
      else log.warn(message);
      warned = true;
      return otherwise;
    }
  };
}
