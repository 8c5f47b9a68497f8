// Takes the records of the spool into the engine's state. Pure: reading and keeping are done elsewhere.
import { shellWord } from '../base/shell-word.ts';
import { channelCheck } from '../incident/due.ts';
import type { Observation } from '../incident/observation.ts';
import { acknowledge, observe } from '../incident/observe.ts';
import { pingKind, withPing } from '../incident/ping.ts';
import type { AlertPolicy } from '../incident/policy.ts';
import { type AlertState, checkOf, openIncident, withCheck } from '../incident/state.ts';
import type { Spooled } from './spool.ts';
import type { SpoolRecord } from './spool-record.ts';

export interface FoldOptions {
  policy: AlertPolicy;
  /** The checks a dead-man's switch is told about. */
  pingChecks: readonly string[];
  now: number;
}

/** The state after these records, in their order. Those named in `taken` are in it already. */
export function fold(
  state: AlertState,
  records: readonly Spooled[],
  taken: readonly string[],
  options: FoldOptions,
): AlertState {
  const fresh = records.filter(({ name }) => !taken.includes(name));
  return fresh.reduce((sum, { record }) => foldOne(sum, record, options), state);
}

function foldOne(state: AlertState, record: SpoolRecord, options: FoldOptions): AlertState {
  const { policy, pingChecks, now } = options;
  const isPinged = pingChecks.includes(record.check);
  if (record.kind === 'acknowledgement') return acknowledge(state, record);
  if (record.kind === 'start') {
    const { check, runId } = record;
    return isPinged
      ? withPing(state, { check, kind: 'start', runId, exitCode: undefined, message: '' })
      : state;
  }
  const after = observe(state, record, policy, now);
  const kind = pingKind(record.result);
  if (!isPinged || kind === undefined || isKnown(state, record)) return after;
  const { check, runId, facts } = record;
  return withPing(after, { check, kind, runId, exitCode: facts.exitCode, message: facts.message });
}

/** A second report that says nothing new of its run. */
function isKnown({ runs }: AlertState, { runId, result }: Observation): boolean {
  const before = runs.find((run) => run.runId === runId);
  return before !== undefined && (pingKind(before.result) !== undefined || before.result === result);
}

/** What the deliverer knows of itself: that it runs, as its own check, and whether the spool held what nobody could read. */
export function observeSelf(
  state: AlertState,
  {
    ownCheck,
    unreadable,
    isBuried,
    exposed,
    brokenSettings,
    configOption,
    policy,
    now,
  }: {
    ownCheck: string;
    unreadable: readonly string[];
    isBuried: boolean;
    /** Files with secrets that others may read. */
    exposed: readonly string[];
    /** Why the present configuration cannot be used, where another is. */
    brokenSettings: { message: string; hint: string | undefined } | undefined;
    /** What a command needs to find it: ` --config <path>`, or nothing. */
    configOption: string;
    policy: AlertPolicy;
    now: number;
  },
): AlertState {
  const spool = channelCheck('spool');
  let next = state;
  if (unreadable.length > 0) {
    const message = `${unreadable.length} of the spool's records could not be read and may have been news: ${unreadable.slice(0, 3).join(', ')}`;
    next = observe(next, ofSelf(spool, 'failed', message, now), policy, now);
  }
  const secrets = channelCheck('secrets');
  const isExposed = exposed.length > 0;
  if (isExposed) {
    const message = `others may read ${exposed.join(' and ')}, and what is secret in it: chmod 600 ${shellWord(exposed[0] ?? '')}${exposed.length > 1 ? ' and the others' : ''}`;
    next = withLasting(next, ofSelf(secrets, 'failed', message, now), policy);
  }
  const settings = channelCheck('configuration');
  if (brokenSettings !== undefined) {
    const { message, hint } = brokenSettings;
    const observation = ofSelf(settings, 'failed', message, now);
    const facts = { ...observation.facts, hint, next: `db-backup test${configOption}` };
    next = withLasting(next, { ...observation, facts }, policy);
  }
  const well = [...(isExposed ? [] : [secrets]), ...(brokenSettings === undefined ? [settings] : [])];
  for (const check of [spool, ownCheck, ...well]) {
    const isOpen = openIncident(checkOf(next, check)) !== undefined;
    if (isOpen && !(check === spool && (isBuried || unreadable.length > 0)))
      next = observe(next, ofSelf(check, 'done', '', now), policy, now);
  }
  return next;
}

/** Told when it begins: what lasts is no failure more, though what is said of it may change. */
function withLasting(state: AlertState, observation: Observation, policy: AlertPolicy): AlertState {
  const found = checkOf(state, observation.check);
  const incident = openIncident(found);
  if (incident === undefined) return observe(state, observation, policy, observation.at);
  if (incident.facts.message === observation.facts.message) return state;
  return withCheck(state, { ...found, incident: { ...incident, facts: observation.facts } });
}

function ofSelf(check: string, result: 'failed' | 'done', message: string, now: number): Observation {
  return {
    check,
    runId: undefined,
    at: now,
    result,
    severity: 'warning',
    proves: [],
    facts: {
      message,
      hint: undefined,
      next: 'alert-send list',
      apps: [],
      runId: undefined,
      exitCode: undefined,
      protection: [],
    },
  };
}
