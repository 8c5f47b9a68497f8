// What systemd knows of one unit, and what is said of it: shared by those that have to run and those that timers start.
import { formatDuration, formatInstant } from '../base/format.ts';
import { shellWord } from '../base/shell-word.ts';
import type { Judgement } from './check.ts';

export interface UnitFacts {
  readonly name: string;
  /** LoadState: `loaded`, `not-found`, `masked`, `bad-setting`, `error`. */
  readonly load: string;
  /** Why it cannot be loaded; `''` where it can. */
  readonly loadError: string;
  /** ActiveState and SubState. */
  readonly active: string;
  readonly sub: string;
  /** UnitFileState: `enabled`, `disabled`, `static` …; `''` where there is no file. */
  readonly file: string;
  /** How it ended: `success`, `exit-code`, `timeout`, `exec-condition` … */
  readonly result: string;
  /** `oneshot`, `simple` …; `''` for what is no service. */
  readonly type: string;
  /** Whether it counts as active when its work is done. */
  readonly remains: boolean;
  /** The timers, sockets and paths that start it. */
  readonly startedBy: readonly string[];
  /** Since when it is as it is. */
  readonly since: Date | undefined;
  /** So long it may take to start, and to stop; undefined for no limit. */
  readonly startLimitMs: number | undefined;
  readonly stopLimitMs: number | undefined;
  /** When it was started and passed over, for a condition of it was not met; undefined where the last start was none. */
  readonly skippedAt: Date | undefined;
  /** When its work began last, since the machine started. */
  readonly ranAt: Date | undefined;
}

/** Systemd may be a moment late. */
const graceMs = 60_000;
/** What has no limit of its own is not at work for longer. */
const startMsMax = 24 * 3_600_000;

type Told = Pick<Judgement, 'verdict' | 'message' | 'hint'>;

/** What keeps it from being started at all; undefined where nothing does. */
export function unloadable({ name, load, loadError }: UnitFacts): Told | undefined {
  switch (load) {
    case 'loaded':
    case 'merged':
      return undefined;
    case 'not-found':
      return {
        verdict: 'warning',
        message: 'is not on this machine: there is no such unit',
        hint: `whether it is called otherwise: systemctl list-unit-files ${shellWord(`${name.replace(/[@.].*$/, '')}*`)}`,
      };
    case 'masked':
      return {
        verdict: 'warning',
        message: 'is masked: somebody forbade that it starts',
        hint: `allow it again: systemctl unmask ${shellWord(name)}`,
      };
    default:
      return {
        verdict: 'critical',
        message: `cannot be loaded: ${loadError === '' ? load : loadError}`,
        hint: `see what is wrong with it: systemd-analyze verify ${shellWord(name)}`,
      };
  }
}

/** What is told of one that takes too long to start or stop; undefined where it does not. */
export function stuck(unit: UnitFacts, now: Date): Told | undefined {
  const { name, active, since, startLimitMs, stopLimitMs } = unit;
  if (since === undefined || (active !== 'activating' && active !== 'deactivating')) return undefined;
  const forMs = now.getTime() - since.getTime();
  const starts = active === 'activating';
  const limitMs = starts ? startLimitMs : stopLimitMs;
  if (forMs <= (limitMs ?? startMsMax) + graceMs) return undefined;
  const limit =
    limitMs === undefined ? 'it has no limit of its own' : `it may take ${formatDuration(limitMs)}`;
  return {
    verdict: limitMs === undefined ? 'warning' : 'critical',
    message: `is stuck: it has been ${starts ? 'starting' : 'stopping'} for ${formatDuration(forMs)}, and ${limit}`,
    hint: `see what it waits for: systemctl status ${shellWord(name)}; end it: systemctl kill -s KILL ${shellWord(name)}`,
  };
}

/** What is told of one that should be there: running, or between two runs. `journal`: the command that shows its log. */
export function judgeUnit(
  unit: UnitFacts,
  { now, timeZone }: { now: Date; timeZone: string },
  journal = 'journalctl',
): Told {
  const { name, active, sub, result, since } = unit;
  const log = `why: ${journal} -u ${shellWord(name)} -n 30`;
  const sinceWords = since === undefined ? '' : ` since ${formatInstant(since, timeZone)}`;
  const ago =
    since === undefined ? '' : ` ${formatDuration(Math.max(0, now.getTime() - since.getTime()))} ago`;
  const told = unloadable(unit) ?? stuck(unit, now);
  if (told !== undefined) return told;
  switch (active) {
    case 'failed':
      return { verdict: 'critical', message: `failed${ago} (${result})`, hint: log };
    case 'active':
    case 'reloading':
    case 'refreshing':
      return {
        verdict: 'ok',
        message: sub === 'exited' ? `its work is done${sinceWords}` : `is ${sub}${sinceWords}`,
      };
    case 'activating':
      return sub === 'auto-restart'
        ? { verdict: 'warning', message: `ended${ago} (${result}), and is to be started again`, hint: log }
        : { verdict: 'ok', message: `is at work${sinceWords}` };
    case 'deactivating':
      return {
        verdict: 'warning',
        message: `is being stopped${sinceWords}`,
        hint: `systemctl status ${shellWord(name)}`,
      };
    case 'inactive':
      return judgeInactive(unit, { ago, sinceWords, log, timeZone });
    default:
      return {
        verdict: 'warning',
        message: `is ${active} (${sub})${sinceWords}`,
        hint: `systemctl status ${shellWord(name)}`,
      };
  }
}

function judgeInactive(
  { name, type, remains, startedBy, file, skippedAt }: UnitFacts,
  words: { ago: string; sinceWords: string; log: string; timeZone: string },
): Told {
  if (skippedAt !== undefined)
    return {
      verdict: 'warning',
      message: `was to start at ${formatInstant(skippedAt, words.timeZone)} and was skipped: a condition of it was not met`,
      hint: `see which one: systemctl status ${shellWord(name)}`,
    };
  if (startedBy.length > 0) return { verdict: 'ok', message: `waits for ${startedBy.join(', ')}` };
  if (type === 'oneshot' && !remains)
    return { verdict: 'ok', message: `is between two runs${words.sinceWords}` };
  if (file === 'disabled')
    return {
      verdict: 'warning',
      message: `is stopped and disabled${words.sinceWords}: somebody turned it off`,
      hint: `turn it on again: systemctl enable --now ${shellWord(name)}`,
    };
  const stopped = words.ago === '' ? 'was not started since the machine started' : `was stopped${words.ago}`;
  return {
    verdict: 'critical',
    message: `does not run: it ${stopped}`,
    hint: `start it: systemctl start ${shellWord(name)}; ${words.log}`,
  };
}
