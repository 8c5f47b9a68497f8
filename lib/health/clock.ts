// Whether the time of day can be believed: what else is late, and what is old, depends on it.
import type { Check } from './check.ts';
import { byLimits } from './limits.ts';

export interface ClockFacts {
  /** `trusted`: the operator vouches for it. */
  state: 'synchronised' | 'unsynchronised' | 'unknown' | 'trusted';
  /** How long the machine has been up. */
  upMs: number;
  /** How far the newest thing that we wrote ourselves lies in the future; 0 where nothing does. */
  behindMs: number;
}

/** A machine that has just started asks for the time first. */
const settleMs = 10 * 60_000;

export const clockCheck: Check<ClockFacts> = {
  name: 'clock',
  question: 'Is the time of day right?',
  unit: 's',
  limits: { warning: 120, critical: 86_400 },
  worse: 'above',
  judge({ state, upMs, behindMs }, { limits }) {
    const behind = behindMs / 1000;
    const verdict = byLimits(behind, limits, 'above');
    if (verdict !== 'ok')
      return {
        verdict,
        value: behind,
        message: 'the clock is behind: it shows a time before that of the newest entry of the history',
        hint: 'see what sets it: timedatectl status',
      };
    if (state === 'unsynchronised' && upMs >= settleMs)
      return {
        verdict: 'warning',
        value: behind,
        message:
          'the clock was not set from the network since the machine started: ages are not judged until it is',
        hint: 'see what sets it: timedatectl status; systemctl status systemd-timesyncd',
      };
    const words = {
      synchronised: 'set from the network',
      unsynchronised: 'not set from the network yet',
      unknown: 'nobody here can say whether it is set from the network',
      trusted: 'trusted, as configured',
    };
    return { verdict: 'ok', value: behind, message: words[state] };
  },
};

/** Whether ages can be judged by it. */
export function isTrusted({ state }: Pick<ClockFacts, 'state'>): boolean {
  return state !== 'unsynchronised';
}
