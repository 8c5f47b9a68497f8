// What the engine remembers between two looks. Plain data: whoever keeps it decides how. Times are milliseconds.
import type { Severity } from '../base/verdict.ts';
import type { IncidentFacts, RunResult } from './observation.ts';

export interface AlertState {
  /** When alerts began here: the first canary is counted from it. */
  begunAt: number;
  checks: readonly CheckState[];
  channels: readonly ChannelState[];
  /** The newest runs that were told of, so that a second report of one is not a second failure. */
  runs: readonly SeenRun[];
  /** What the dead-man's switch is still to be told; at most one a check, for only the newest matters. */
  pings: readonly Ping[];
}

/** A run that began or ended. */
export interface Ping {
  check: string;
  kind: 'start' | 'success' | 'failure';
  runId: string | undefined;
  exitCode: number | undefined;
  message: string;
}

export interface CheckState {
  check: string;
  /** In a row. */
  failures: number;
  recoveries: number;
  skips: number;
  interruptions: number;
  /** When the present row of failures began. */
  failingAt: number | undefined;
  lastGoodAt: number | undefined;
  /** When incidents of this check began and ended lately. */
  changesAt: readonly number[];
  incident: Incident | undefined;
}

/** Something a person has to know of, from the first failure until every channel has told its end. */
export interface Incident {
  openedAt: number;
  lastFailureAt: number;
  closedAt: number | undefined;
  severity: Severity;
  /** How the newest of its runs ended. */
  result: RunResult;
  /** Runs that failed. */
  runs: number;
  /** How often it ended and began again before anyone could be told. */
  episodes: number;
  flapping: boolean;
  apps: readonly string[];
  /** Those of them that have ended well by themselves since; the incident of all is over with the last. */
  wellApps: readonly string[];
  facts: IncidentFacts;
  /** How many reminders have come due. */
  reminders: number;
  remindAt: number | undefined;
  acknowledged: { at: number; untilAt: number | undefined; forMs: number | undefined } | undefined;
  told: readonly Told[];
}

/** What one channel has said about an incident. */
export interface Told {
  channel: string;
  state: 'open' | 'closed';
  reminders: number;
  apps: readonly string[];
  critical: boolean;
}

export interface ChannelState {
  channel: string;
  /** Failed attempts in a row. */
  attempts: number;
  retryAt: number | undefined;
  /** How long to wait, by which a retryAt that a clock has moved away is known. */
  retryMs: number;
  failingAt: number | undefined;
  lastGoodAt: number | undefined;
  canaryAt: number | undefined;
  /** What the last failed attempt said. */
  problem: string | undefined;
  /** By which the setting that was refused is known again; another one is tried at once. */
  refusedSetting: string | undefined;
}

export interface SeenRun {
  runId: string;
  check: string;
  result: RunResult;
}

/** Nothing has ever happened. */
export function emptyState(now: number): AlertState {
  return { begunAt: now, checks: [], channels: [], runs: [], pings: [] };
}

export function checkOf(state: AlertState, check: string): CheckState {
  return (
    state.checks.find((known) => known.check === check) ?? {
      check,
      failures: 0,
      recoveries: 0,
      skips: 0,
      interruptions: 0,
      failingAt: undefined,
      lastGoodAt: undefined,
      changesAt: [],
      incident: undefined,
    }
  );
}

/** The state with one check replaced. */
export function withCheck(state: AlertState, changed: CheckState): AlertState {
  const others = state.checks.filter(({ check }) => check !== changed.check);
  return { ...state, checks: [...others, changed].sort((a, b) => (a.check < b.check ? -1 : 1)) };
}

export function channelOf(state: AlertState, channel: string): ChannelState {
  return (
    state.channels.find((known) => known.channel === channel) ?? {
      channel,
      attempts: 0,
      retryAt: undefined,
      retryMs: 0,
      failingAt: undefined,
      lastGoodAt: undefined,
      canaryAt: undefined,
      problem: undefined,
      refusedSetting: undefined,
    }
  );
}

export function withChannel(state: AlertState, changed: ChannelState): AlertState {
  const others = state.channels.filter(({ channel }) => channel !== changed.channel);
  return { ...state, channels: [...others, changed].sort((a, b) => (a.channel < b.channel ? -1 : 1)) };
}

/** The incident that is open, and not only waiting for its end to be told. */
export function openIncident({ incident }: CheckState): Incident | undefined {
  return incident?.closedAt === undefined ? incident : undefined;
}

export function isAcknowledged({ acknowledged }: Incident, now: number): boolean {
  return acknowledged !== undefined && (acknowledged.untilAt === undefined || now < acknowledged.untilAt);
}
