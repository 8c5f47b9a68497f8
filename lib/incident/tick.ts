// What time alone changes: reminders come due, warnings become critical, and what was told everywhere is forgotten.
import { type AlertPolicy, reminderAfter } from './policy.ts';
import { concerns } from './due.ts';
import { type AlertState, type CheckState, type Incident, isAcknowledged, openIncident } from './state.ts';

/** Before this there was no Holdfast: a clock that said so was not set. */
export const clocksBeginAt = Date.parse('2026-01-01T00:00:00Z');

/**
 * Brings the state to `now`. `clockTrusted` is false while nobody vouches for the clock: then nothing comes due. A
 * clock that jumped ahead and back leaves times in the future; no wait is ever longer than it was meant to be. One that was
 * in 1970 leaves times of then: they count as those at which it was set.
 */
export function tick(
  state: AlertState,
  policy: AlertPolicy,
  { now, clockTrusted, channels }: { now: number; clockTrusted: boolean; channels: readonly string[] },
): AlertState {
  const since = now < clocksBeginAt ? -Infinity : clocksBeginAt;
  const bring = <T extends number | undefined>(at: T) =>
    at !== undefined && at < since ? (now as T) : notLater(at, now);
  const checks = state.checks
    .map((check) => forgetTold(broughtBack(check, policy, { now, since, bring }), channels))
    .map((check) => (clockTrusted ? comeDue(check, policy, now) : check))
    .filter(isWorthKeeping);
  return {
    ...state,
    begunAt: bring(state.begunAt),
    checks,
    channels: state.channels.map((channel) => ({
      ...channel,
      retryAt: notLater(channel.retryAt, now + channel.retryMs),
      failingAt: bring(channel.failingAt),
      lastGoodAt: bring(channel.lastGoodAt),
      canaryAt: bring(channel.canaryAt),
    })),
  };
}

/** How a time of the past is brought to where it can be. */
interface Bringing {
  now: number;
  /** What comes before was said by a clock that was not set. */
  since: number;
  bring<T extends number | undefined>(at: T): T;
}

/** No time of the past lies in the future or before all clocks, and nothing waits longer than its time. */
function broughtBack(check: CheckState, policy: AlertPolicy, { now, since, bring }: Bringing): CheckState {
  const { incident } = check;
  const failingAt = bring(check.failingAt);
  const lastGoodAt = bring(check.lastGoodAt);
  const changesAt = check.changesAt.filter((at) => at <= now);
  if (incident === undefined) return { ...check, failingAt, lastGoodAt, changesAt };
  const { acknowledged } = incident;
  const after = reminderAfter(policy, incident.reminders);
  const wait = (at: number | undefined, ms: number) =>
    at !== undefined && at < since ? now + ms : notLater(at, now + ms);
  return {
    ...check,
    failingAt,
    lastGoodAt,
    changesAt,
    incident: {
      ...incident,
      openedAt: bring(incident.openedAt),
      lastFailureAt: bring(incident.lastFailureAt),
      closedAt: bring(incident.closedAt),
      remindAt: after === undefined ? undefined : wait(incident.remindAt, after),
      acknowledged:
        acknowledged === undefined
          ? undefined
          : {
              ...acknowledged,
              at: bring(acknowledged.at),
              untilAt: wait(acknowledged.untilAt, acknowledged.forMs ?? 0),
            },
    },
  };
}

function comeDue(check: CheckState, policy: AlertPolicy, now: number): CheckState {
  const incident = openIncident(check);
  if (incident === undefined) return check;
  return { ...check, incident: reminded(escalated(incident, policy, now), policy, now) };
}

function escalated(incident: Incident, { escalateAfter }: AlertPolicy, now: number): Incident {
  const isLong = now - incident.openedAt >= escalateAfter;
  return isLong && incident.severity === 'warning' ? { ...incident, severity: 'critical' } : incident;
}

/** One reminder however long nobody looked; and none while a person has said that they know. */
function reminded(incident: Incident, policy: AlertPolicy, now: number): Incident {
  if (incident.remindAt === undefined || now < incident.remindAt) return incident;
  if (isAcknowledged(incident, now)) return incident;
  const reminders = incident.reminders + 1;
  const after = reminderAfter(policy, reminders);
  return { ...incident, reminders, remindAt: after === undefined ? undefined : now + after };
}

function forgetTold(check: CheckState, channels: readonly string[]): CheckState {
  const { incident } = check;
  if (incident?.closedAt === undefined) return check;
  const waits = channels
    .filter((channel) => concerns(channel, check.check))
    .some((channel) => incident.told.find((told) => told.channel === channel)?.state !== 'closed');
  return waits ? check : { ...check, incident: undefined };
}

/** A check that never was in trouble need not be remembered for ever. */
function isWorthKeeping({
  incident,
  failures,
  skips,
  interruptions,
  changesAt,
  lastGoodAt,
}: CheckState): boolean {
  return (
    incident !== undefined ||
    failures + skips + interruptions > 0 ||
    changesAt.length > 0 ||
    lastGoodAt !== undefined
  );
}

function notLater<T extends number | undefined>(at: T, latest: number): T {
  return (at === undefined ? at : Math.min(at, latest)) as T;
}
