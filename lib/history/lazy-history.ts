// A history that is opened when it is first needed, and made only by what has something to write.
import { type History, nullHistory } from './history.ts';

export interface LazyHistoryOptions {
  open(): History;
  /** Whether there is one already: who only reads does not make it. */
  isThere(): boolean;
  /** Where not, what would be written is dropped. */
  mayWrite: boolean;
}

/** The same history as `open` gives; a reader of one that is not there finds nothing. */
export function lazyHistory({ open, isThere, mayWrite }: LazyHistoryOptions): History {
  let opened: History | undefined;
  const written = () => (mayWrite ? (opened ??= open()) : nullHistory);
  const read = () => opened ?? (isThere() ? (opened = open()) : nullHistory);
  return {
    begin: (run) => written().begin(run),
    finish: (runId, end) => written().finish(runId, end),
    recordBackup: (backup) => written().recordBackup(backup),
    recordRemoved: (app, names) => written().recordRemoved(app, names),
    recordLook: (look) => written().recordLook(look),
    recordDrill: (drill) => written().recordDrill(drill),
    recordDelivery: (delivery) => written().recordDelivery(delivery),
    markInterrupted: (alive) => written().markInterrupted(alive),
    lostRuns: (alive) => read().lostRuns(alive),
    looksAt: (app) => read().looksAt(app),
    foundBad: (app) => read().foundBad(app),
    lastBackup: (app) => read().lastBackup(app),
    lastDrill: (app) => read().lastDrill(app),
    passedDrills: (app) => read().passedDrills(app),
    recentRuns: (app, limit) => read().recentRuns(app, limit),
    runsSince: (job, since) => read().runsSince(job, since),
    backupsSince: (since) => read().backupsSince(since),
    drillsSince: (since) => read().drillsSince(since),
    remember: (key, value) => written().remember(key, value),
    recordChecks: (run) => written().recordChecks(run),
    recordIncidents: (incidents) => written().recordIncidents(incidents),
    recordDelta: (news) => written().recordDelta(news),
    prune: (keepDays) => written().prune(keepDays),
    checkStates: () => read().checkStates(),
    checkChanges: (since, limit) => read().checkChanges(since, limit),
    samples: (of, since) => read().samples(of, since),
    note: (key) => read().note(key),
    incidents: (since, limit) => read().incidents(since, limit),
    replicas: () => read().replicas(),
    batchTotals: (since) => read().batchTotals(since),
    isKnown: () => read().isKnown(),
    close: () => opened?.close(),
  };
}
