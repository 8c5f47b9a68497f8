// How a channel fares: when it is tried again, and when its trouble is an incident of its own.
import { channelCheck } from './due.ts';
import type { Observation } from './observation.ts';
import { type AlertState, channelOf, openIncident, checkOf, withChannel } from './state.ts';

const firstWaitMs = 60_000;
const longestWaitMs = 15 * 60_000;
/** A setting that was refused is refused again, but for what somebody mends at the other end. */
const refusedSettingWaitMs = 30 * 60_000;
/** Longer than this nobody is asked to wait: a day's quota begins anew within it. */
const askedWaitMsMax = 6 * 60 * 60_000;
/** A channel that fails for so long is told of on the others. */
const troubleAfterMs = 24 * 60 * 60_000;

export interface FailedAttempt {
  message: string;
  /** It will fail again until a person has changed something. */
  permanent: boolean;
  /** By which the setting that was refused is known again, where that is why. */
  refusedSetting?: string | undefined;
  /** What the service asked for. */
  retryAfterMs: number | undefined;
}

/** Whether the channel may be tried now; `setting` says by what the present setting is known. */
export function isReady(state: AlertState, channel: string, now: number, setting: () => string): boolean {
  const { retryAt, refusedSetting } = channelOf(state, channel);
  if (refusedSetting !== undefined && refusedSetting !== setting()) return true;
  return retryAt === undefined || retryAt <= now;
}

/** It worked: everything is as it was before the first failure. */
export function channelWorked(state: AlertState, channel: string, now: number): AlertState {
  const before = channelOf(state, channel);
  return withChannel(state, {
    ...before,
    attempts: 0,
    retryAt: undefined,
    retryMs: 0,
    failingAt: undefined,
    lastGoodAt: now,
    problem: undefined,
    refusedSetting: undefined,
  });
}

/**
 * It failed. What may pass is tried again after a minute, then after twice as long, up to a quarter of an hour;
 * `random` (0 to 1) spreads many machines. A service that names a time is not asked before it.
 */
export function channelFailed(
  state: AlertState,
  channel: string,
  { message, permanent, refusedSetting, retryAfterMs }: FailedAttempt,
  { now, random }: { now: number; random: number },
): AlertState {
  const before = channelOf(state, channel);
  const backoff = Math.min(longestWaitMs, firstWaitMs * 2 ** Math.min(before.attempts, 20));
  const spread = Math.round(backoff * (0.75 + random / 4));
  const asked = Math.max(spread, Math.min(retryAfterMs ?? 0, askedWaitMsMax));
  const retryMs = refusedSetting === undefined ? asked : refusedSettingWaitMs;
  const isAtOnce = permanent && refusedSetting === undefined;
  return withChannel(state, {
    ...before,
    attempts: before.attempts + 1,
    retryAt: isAtOnce ? undefined : now + retryMs,
    retryMs: isAtOnce ? 0 : retryMs,
    failingAt: before.failingAt ?? now,
    problem: message,
    refusedSetting,
  });
}

/** What the channel's own check is to be told, if anything has changed. */
export function channelObservation(
  state: AlertState,
  channel: string,
  {
    now,
    permanent,
    hint,
    next,
  }: { now: number; permanent: boolean; hint?: string | undefined; next: string },
): Observation | undefined {
  const { failingAt, problem } = channelOf(state, channel);
  const check = channelCheck(channel);
  const isOpen = openIncident(checkOf(state, check)) !== undefined;
  const isLong = failingAt !== undefined && (permanent || now - failingAt >= troubleAfterMs);
  if (isLong === isOpen || (failingAt !== undefined && !isLong)) return undefined;
  return {
    check,
    runId: undefined,
    at: isLong ? failingAt : now,
    result: isLong ? 'failed' : 'done',
    severity: 'warning',
    proves: [],
    facts: {
      message: isLong ? `messages through ${channel} do not arrive: ${problem ?? 'no answer'}` : '',
      hint: isLong ? hint : undefined,
      next,
      apps: [],
      runId: undefined,
      exitCode: undefined,
      protection: [],
    },
  };
}
