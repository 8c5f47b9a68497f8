// One run ended: what that makes of the incident of its check. Who is told, and when, is decided elsewhere.
import { appOf, covers } from './check.ts';
import type { Acknowledgement, Observation, RunResult } from './observation.ts';
import { type AlertPolicy, flapping, reminderAfter, thresholds } from './policy.ts';
import {
  type AlertState,
  checkOf,
  type CheckState,
  type Incident,
  openIncident,
  withCheck,
} from './state.ts';

/** How many runs are remembered by their id. */
const runsMax = 100;

/**
 * Takes in how a run ended. `now` is when it is taken in, which may be long after it happened; the order in which
 * observations are taken in is the order of events, whatever their clocks said.
 */
export function observe(
  state: AlertState,
  observation: Observation,
  policy: AlertPolicy,
  now: number,
): AlertState {
  const known = state.runs.find(({ runId }) => runId === observation.runId);
  if (known === undefined) return take(remember(state, observation), observation, policy, now);
  // A run's own word beats a guess: systemd tells of a unit as it is by then, and that may be the next run of it.
  if (known.result === 'done' && isGuess(observation)) return state;
  if (known.result === 'failed' && observation.result === 'done')
    return take(remember(state, observation), { ...observation, check: known.check }, policy, now);
  // The second report of a run: systemd tells of a time limit what the run itself called an interruption.
  if (weight(observation.result) > weight(known.result))
    return take(remember(state, observation), { ...observation, check: known.check }, policy, now);
  return enrich(state, known.check, observation);
}

/** Takes in that a person knows. Where there is no open incident nothing changes. */
export function acknowledge(state: AlertState, { check, at, forMs }: Acknowledgement): AlertState {
  const found = checkOf(state, check);
  const incident = openIncident(found);
  if (incident === undefined) return state;
  const acknowledged = { at, untilAt: forMs === undefined ? undefined : at + forMs, forMs };
  return withCheck(state, { ...found, incident: { ...incident, acknowledged } });
}

function weight(result: RunResult): number {
  return { done: 0, busy: 1, interrupted: 1, killed: 2, failed: 3, 'bad-news': 3 }[result];
}

/** Whoever says that a run failed and not with which exit code has not seen it end. */
function isGuess({ result, facts }: Observation): boolean {
  return result === 'failed' && facts.exitCode === undefined;
}

function remember(state: AlertState, { runId, check, result }: Observation): AlertState {
  if (runId === undefined) return state;
  const others = state.runs.filter((run) => run.runId !== runId);
  return { ...state, runs: [...others, { runId, check, result }].slice(-runsMax) };
}

/** A run that systemd reported first has more to say for itself. */
function enrich(state: AlertState, check: string, { facts, runId, result }: Observation): AlertState {
  const found = checkOf(state, check);
  const incident = found.incident;
  const isPoorer = incident?.facts.exitCode === undefined && facts.exitCode !== undefined;
  const isOfIt = incident?.facts.runId === runId && result !== 'done';
  if (incident === undefined || !isOfIt || !isPoorer) return state;
  return withCheck(state, { ...found, incident: { ...incident, facts, result } });
}

function take(state: AlertState, observation: Observation, policy: AlertPolicy, now: number): AlertState {
  if (observation.result === 'done') return takeGood(state, observation, policy);
  return withCheck(state, takeBad(checkOf(state, observation.check), observation, policy, now));
}

/** Good news of a run is good news of all that it covers, but makes nothing of a check that never was in trouble. */
function takeGood(state: AlertState, { check, proves, at }: Observation, policy: AlertPolicy): AlertState {
  const covered = state.checks.filter((known) =>
    [check, ...proves].some((name) => covers(name, known.check)),
  );
  const own = covered.some((known) => known.check === check) ? [] : [checkOf(state, check)];
  const well = [...covered, ...own].map((known) => recovered(known, at, policy));
  const ofAll = [check, ...proves].flatMap((name) => {
    const { all, app } = appOf(name);
    const found = state.checks.find((known) => known.check === all);
    return app === undefined || found === undefined ? [] : [withWellApp(found, app, at, policy)];
  });
  return [...well, ...ofAll].reduce(withCheck, state);
}

/** What failed for all apps is over when each of them has ended well by itself. */
function withWellApp(found: CheckState, app: string, at: number, policy: AlertPolicy): CheckState {
  const incident = openIncident(found);
  if (incident === undefined || !incident.apps.includes(app)) return found;
  const wellApps = union(incident.wellApps, [app]);
  if (incident.apps.some((one) => !wellApps.includes(one)))
    return { ...found, incident: { ...incident, wellApps } };
  return recovered({ ...found, incident: { ...incident, wellApps: [] } }, at, policy);
}

function recovered(found: CheckState, at: number, policy: AlertPolicy): CheckState {
  const incident = openIncident(found);
  const calm = { ...found, failures: 0, skips: 0, interruptions: 0, failingAt: undefined, lastGoodAt: at };
  if (incident === undefined) return { ...calm, recoveries: 0 };
  const recoveries = found.recoveries + 1;
  const isWell = recoveries >= thresholds(policy, found.check).recoveries;
  const isCalm = !incident.flapping || at - incident.lastFailureAt >= flapping.withinMs;
  if (!isWell || !isCalm) return { ...calm, recoveries };
  return { ...calm, recoveries: 0, changesAt: changed(found, at), incident: { ...incident, closedAt: at } };
}

function takeBad(found: CheckState, observation: Observation, policy: AlertPolicy, now: number): CheckState {
  const counted = count(found, observation, policy);
  if (counted === undefined) return found;
  const incident = openIncident(found);
  if (incident !== undefined) return { ...counted, incident: worsened(incident, observation) };
  if (!isEnough(counted, observation, policy)) return counted;
  return opened(counted, observation, policy, now);
}

/** Counts it; undefined where it is no failure at all. */
function count(found: CheckState, { result, at }: Observation, policy: AlertPolicy): CheckState | undefined {
  const failingAt = found.failingAt ?? at;
  if (result === 'busy') {
    const skips = found.skips + 1;
    return skips < policy.skips ? { ...found, skips } : { ...found, skips, recoveries: 0, failingAt };
  }
  if (result === 'interrupted') {
    const interruptions = found.interruptions + 1;
    const isFew = interruptions < policy.interruptions;
    return isFew ? { ...found, interruptions } : { ...found, interruptions, recoveries: 0, failingAt };
  }
  return { ...found, failures: found.failures + 1, recoveries: 0, failingAt };
}

function isEnough(counted: CheckState, { result, severity }: Observation, policy: AlertPolicy): boolean {
  if (result === 'busy') return counted.skips >= policy.skips;
  if (result === 'interrupted') return counted.interruptions >= policy.interruptions;
  return severity === 'critical' || counted.failures >= thresholds(policy, counted.check).failures;
}

function worsened(incident: Incident, { at, severity, facts, result }: Observation): Incident {
  return {
    ...incident,
    lastFailureAt: at,
    severity: severity === 'critical' ? 'critical' : incident.severity,
    result,
    runs: incident.runs + 1,
    apps: union(incident.apps, facts.apps),
    wellApps: facts.apps.length === 0 ? [] : incident.wellApps.filter((app) => !facts.apps.includes(app)),
    facts,
  };
}

/**
 * A new incident, or one that has ended and not been told of everywhere: that one goes on, so that a channel which
 * heard nothing gets one message, and one which heard of the failure only gets none.
 */
function opened(
  found: CheckState,
  { at, severity, facts, result }: Observation,
  policy: AlertPolicy,
  now: number,
): CheckState {
  const before = found.incident;
  const changesAt = changed(found, at);
  const after = reminderAfter(policy, 0);
  const incident: Incident = {
    openedAt: before?.openedAt ?? found.failingAt ?? at,
    lastFailureAt: at,
    closedAt: undefined,
    severity: before?.severity === 'critical' ? 'critical' : severity,
    result,
    runs: (before?.runs ?? 0) + Math.max(1, found.failures),
    episodes: (before?.episodes ?? 0) + 1,
    flapping: changesAt.length >= flapping.changes,
    apps: union(before?.apps ?? [], facts.apps),
    wellApps: [],
    facts,
    reminders: before?.reminders ?? 0,
    remindAt: after === undefined ? undefined : now + after,
    acknowledged: undefined,
    told: before?.told.filter((told) => told.state === 'open') ?? [],
  };
  return { ...found, recoveries: 0, changesAt, incident };
}

/** The changes of the last while, with this one. */
function changed({ changesAt }: CheckState, at: number): number[] {
  return [...changesAt.filter((earlier) => Math.abs(at - earlier) <= flapping.withinMs), at];
}

function union(some: readonly string[], more: readonly string[]): string[] {
  return [...new Set([...some, ...more])];
}
