// Whether every timer starts what it is there for, and in time: by what the installed timer says itself, so that there is no
// second schedule that could say otherwise.
import { formatDuration, formatInstant } from '../base/format.ts';
import { shellWord } from '../base/shell-word.ts';
import type { Check, Judgement, Judging } from './check.ts';
import { byLimits } from './limits.ts';
import { stuck, unloadable, type UnitFacts } from './unit-facts.ts';

export interface TimerFacts {
  readonly timer: UnitFacts;
  /** What it starts; undefined where it cannot say. */
  readonly service: UnitFacts | undefined;
  /** Whether it starts it again and again, and not once after something else. */
  readonly repeats: boolean;
  readonly lastAt: Date | undefined;
  readonly nextAt: Date | undefined;
  /** The first time in its calendar after it started the unit last, or came to life; or the one that it counts to. */
  readonly dueAt: Date | undefined;
  /** So much later it may start it, as it says: its accuracy and its random delay. */
  readonly allowanceMs: number;
  /** Whether the time of day can be believed. */
  readonly isClockTrusted: boolean;
}

export const timersCheck: Check<TimerFacts> = {
  name: 'timers',
  question: 'Does every timer start its unit in time?',
  unit: 's',
  limits: { warning: 600, critical: 6 * 3600 },
  worse: 'above',
  judge(facts, view) {
    return {
      value: 0,
      ...(unknownTimer(facts) ??
        targetGone(facts) ??
        notSet(facts) ??
        held(facts, view) ??
        late(facts, view) ??
        over(facts) ??
        skipped(facts, view) ??
        well(facts, view)),
    };
  },
};

function unknownTimer({ timer }: TimerFacts): Judgement | undefined {
  const told = unloadable(timer);
  return told && timer.load === 'not-found' ? { ...told, verdict: 'critical' } : told;
}

/** A timer that is not running starts nothing. */
function notSet({ timer }: TimerFacts): Judgement | undefined {
  if (timer.active === 'failed')
    return {
      verdict: 'critical',
      message: `failed (${timer.result}): it starts nothing`,
      hint: `start it again: systemctl restart ${shellWord(timer.name)}; why: systemctl status ${shellWord(timer.name)}`,
    };
  if (timer.active === 'active') return undefined;
  if (timer.file === 'disabled')
    return {
      verdict: 'warning',
      message: 'is disabled: somebody turned it off, and nothing starts what it is there for',
      hint: `turn it on again: systemctl enable --now ${shellWord(timer.name)}`,
    };
  return {
    verdict: 'critical',
    message: `is ${timer.active}, though it is ${timer.file === '' ? 'installed' : timer.file}: it starts nothing`,
    hint: `start it: systemctl start ${shellWord(timer.name)}`,
  };
}

function targetGone({ service }: TimerFacts): Judgement | undefined {
  const told = service && unloadable(service);
  if (service === undefined || told === undefined) return undefined;
  return { verdict: 'critical', message: `starts ${service.name}, which ${told.message}`, hint: told.hint };
}

/** While its unit is at work a timer starts nothing: its times pass, and nobody says so. */
function held({ service }: TimerFacts, { now }: Judging): Judgement | undefined {
  const told = service && stuck(service, now);
  return service && told && { ...told, message: `starts ${service.name}, which ${told.message}` };
}

function late(facts: TimerFacts, { now, limits, timeZone }: Judging): Judgement | undefined {
  const { timer, service, dueAt, allowanceMs, isClockTrusted, lastAt } = facts;
  if (dueAt === undefined || !isClockTrusted) return undefined;
  // After a start of the machine it first makes up for what was missed.
  const from = Math.max(dueAt.getTime(), timer.since?.getTime() ?? 0);
  const lateMs = now.getTime() - from - allowanceMs;
  const verdict = byLimits(lateMs / 1000, limits, 'above');
  if (lateMs <= 0 || verdict === 'ok') return undefined;
  const last =
    lastAt === undefined
      ? 'it has not run since it was started'
      : `it ran last at ${formatInstant(lastAt, timeZone)}`;
  const due = `is overdue by ${formatDuration(lateMs)}: it was due at ${formatInstant(dueAt, timeZone)}, and ${last}`;
  const isBusy = service !== undefined && ['activating', 'active', 'deactivating'].includes(service.active);
  return {
    verdict,
    value: Math.round(lateMs / 1000),
    message: isBusy
      ? `${due}; ${service.name} is still ${service.active}, and is not started anew before it ends`
      : due,
    hint: isBusy
      ? `see what it does: systemctl status ${shellWord(service.name)}`
      : `start it now: systemctl start ${shellWord(service?.name ?? timer.name)}; see the timer: systemctl status ${shellWord(timer.name)}`,
  };
}

/** One that has no next time: its calendar is over, or what it counts from did not happen. */
function over({ timer, service, repeats, lastAt }: TimerFacts): Judgement | undefined {
  if (timer.sub !== 'elapsed') return undefined;
  if (!repeats && lastAt !== undefined) return undefined;
  const hint = `see its times: systemctl cat ${shellWord(timer.name)}`;
  if (service?.skippedAt === undefined)
    return { verdict: 'critical', message: 'has no next time: it will start nothing any more', hint };
  return {
    verdict: 'critical',
    message: `has no next time: it counts from a run of ${service.name}, which was skipped because a condition of it was not met`,
    hint: `see which one: systemctl status ${shellWord(service.name)}; then systemctl restart ${shellWord(timer.name)}`,
  };
}

/** Systemd calls that a success: the unit was asked to start, and had a reason not to. */
function skipped({ service, nextAt }: TimerFacts, { timeZone }: Judging): Judgement | undefined {
  if (service?.skippedAt === undefined) return undefined;
  const ran =
    service.ranAt === undefined
      ? 'it has not run since the machine started'
      : `it ran last at ${formatInstant(service.ranAt, timeZone)}`;
  return {
    verdict: 'warning',
    message: `started ${service.name} at ${formatInstant(service.skippedAt, timeZone)}, which was skipped: a condition of it was not met; ${ran}`,
    hint: `see which one: systemctl status ${shellWord(service.name)}`,
    ...(nextAt === undefined ? {} : { measures: { next_at_seconds: seconds(nextAt) } }),
  };
}

function well({ timer, service, lastAt, nextAt }: TimerFacts, { timeZone }: Judging): Judgement {
  const at = (time: Date) => formatInstant(time, timeZone);
  const last = lastAt === undefined ? 'has not run yet' : `ran last at ${at(lastAt)}`;
  const failed = lastAt !== undefined && service?.active === 'failed' ? `, when ${service.name} failed` : '';
  const next =
    nextAt !== undefined
      ? `, next at ${at(nextAt)}`
      : timer.sub === 'running'
        ? `, and ${service?.name ?? 'its unit'} is at work`
        : '';
  return {
    verdict: 'ok',
    message: `${last}${failed}${next}`,
    measures: {
      ...(lastAt === undefined ? {} : { last_at_seconds: seconds(lastAt) }),
      ...(nextAt === undefined ? {} : { next_at_seconds: seconds(nextAt) }),
    },
  };
}

function seconds(time: Date): number {
  return Math.round(time.getTime() / 1000);
}
