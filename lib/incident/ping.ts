// What a dead-man's switch outside is told: that a run began, and how it really ended.
import type { RunResult } from './observation.ts';
import type { AlertState, Ping } from './state.ts';

/** The ping for an ended run; undefined where the run says nothing of the job: another one was at work, or it was stopped. */
export function pingKind(result: RunResult): 'success' | 'failure' | undefined {
  if (result === 'done') return 'success';
  return result === 'busy' || result === 'interrupted' ? undefined : 'failure';
}

/** Puts a ping in the place of what the check still had to say. A start that comes after its own end is not told. */
export function withPing(state: AlertState, ping: Ping): AlertState {
  const before = state.pings.find(({ check }) => check === ping.check);
  const isLate = ping.kind === 'start' && before?.runId === ping.runId && before?.kind !== undefined;
  if (isLate) return state;
  return { ...state, pings: [...state.pings.filter(({ check }) => check !== ping.check), ping] };
}

/** The state once it was told. */
export function pinged(state: AlertState, ping: Ping): AlertState {
  return {
    ...state,
    pings: state.pings.filter(
      ({ check, kind, runId }) => !(check === ping.check && kind === ping.kind && runId === ping.runId),
    ),
  };
}
