// Every check at once, each bounded: one that hangs delays none of the others, and the run ends.
import { setTimeout as delay } from 'node:timers/promises';
import { OpsError } from '../base/errors.ts';
import { formatDuration } from '../base/format.ts';
import type { CheckSettings, Judgement, Sample } from '../health/check.ts';
import { settled } from '../health/check.ts';
import { type CheckState, isDue, type Reading } from '../health/reading.ts';
import type { Probe, Probed, ProbeContext } from './probe.ts';

/** What a run of checks is given beside what to ask. */
export interface CheckRun {
  readonly context: ProbeContext;
  readonly settings: Readonly<Record<string, CheckSettings>>;
  /** What is known from earlier; what is not due keeps it. */
  stateOf(check: string, subject: string): CheckState | undefined;
  samplesOf(check: string, subject: string, since: Date): readonly Sample[];
  /** Whether ages can be judged. */
  readonly isClockTrusted: boolean;
  /** Asks whatever is due or not. */
  readonly isAll: boolean;
}

/** What was asked, and what has a fresh answer. */
export interface CheckedRun {
  /** Every subject that there is now, asked or not. */
  readonly subjects: readonly { check: string; subject: string }[];
  readonly readings: readonly Reading[];
}

const measureMs = 10_000;
const subjectsMs = 5_000;
/** So many measurements of one check are under way at once: there are no more descriptors than that for everybody. */
const atOnceMax = 64;

/** Never throws but for the signal's reason: what could not be found out is a reading that says so. */
export async function runChecks(pairs: readonly Probed[], run: CheckRun): Promise<CheckedRun> {
  const parts = await Promise.all(pairs.map((pair) => runOne(pair, run)));
  run.context.signal.throwIfAborted();
  return {
    subjects: parts.flatMap(({ subjects }) => subjects),
    readings: parts.flatMap(({ readings }) => readings),
  };
}

async function runOne({ check, probe }: Probed, run: CheckRun): Promise<CheckedRun> {
  const { context, settings, isAll } = run;
  const rules = settled(check, settings[check.name]);
  if (rules.off) return { subjects: [], readings: [] };
  const found = await subjectsOf(check.name, probe, run);
  if ('reading' in found)
    return { subjects: [{ check: check.name, subject: found.reading.subject }], readings: [found.reading] };
  const now = context.clock.now();
  const due = found.names.filter((subject) => isAll || isDue(run.stateOf(check.name, subject), rules, now));
  const readings = await eachBounded(due, async (subject) => ({
    ...(await judged({ check, probe }, subject, run)),
    check: check.name,
    subject,
  }));
  return { subjects: found.names.map((subject) => ({ check: check.name, subject })), readings };
}

async function subjectsOf(
  check: string,
  probe: Probe<unknown>,
  { context }: CheckRun,
): Promise<{ names: string[] } | { reading: Reading }> {
  try {
    const names = await bounded(context, subjectsMs, async (limited) => probe.subjects(limited));
    return { names: [...new Set(names)] };
  } catch (error) {
    return { reading: { check, subject: 'machine', ...unknown(error, context) } };
  }
}

async function judged({ check, probe }: Probed, subject: string, run: CheckRun): Promise<Judgement> {
  const { context, settings, isClockTrusted } = run;
  const now = context.clock.now();
  if (check.needsClock === true && !isClockTrusted)
    return {
      verdict: 'unknown',
      message: 'ages are not judged while the clock is not trusted',
      hint: 'timedatectl status',
    };
  try {
    const facts = await bounded(context, probe.timeoutMs ?? measureMs, (limited) =>
      probe.measure(limited, subject),
    );
    const { limits } = settled(check, settings[check.name]);
    const since = new Date(now.getTime() - (check.looksBackMs ?? 0));
    const earlier = check.looksBackMs === undefined ? [] : run.samplesOf(check.name, subject, since);
    return check.judge(facts, { subject, limits, now, earlier, timeZone: context.config.timeZone });
  } catch (error) {
    return unknown(error, context);
  }
}

/** A mistake of ours in one check must not silence the others. */
function unknown(error: unknown, { signal, log }: ProbeContext): Judgement {
  if (signal.aborted) throw signal.reason;
  if (error instanceof OpsError) return { verdict: 'unknown', message: error.message, hint: error.hint };
  const message = `a mistake in Holdfast: ${error instanceof Error ? error.message : String(error)}`;
  log.error(message, { stack: error instanceof Error ? (error.stack ?? '') : '' });
  return { verdict: 'unknown', message };
}

/** Does the work, for so long at most: what goes on after that is nobody's concern. */
async function bounded<T>(
  context: ProbeContext,
  timeoutMs: number,
  work: (limited: ProbeContext) => Promise<T>,
): Promise<T> {
  context.signal.throwIfAborted();
  const over = new AbortController();
  const limit = new AbortController();
  const signal = AbortSignal.any([context.signal, limit.signal]);
  const late = new OpsError('unavailable', `did not answer within ${formatDuration(timeoutMs)}`);
  const clockOut = delay(timeoutMs, undefined, {
    signal: AbortSignal.any([over.signal, context.signal]),
  }).then(
    () => {
      limit.abort(late);
      throw late;
    },
    () => new Promise<never>(() => undefined), // the other one has ended the race
  );
  const stopped = new Promise<never>((_, reject) => {
    context.signal.addEventListener('abort', () => reject(context.signal.reason as Error), {
      signal: over.signal,
    });
  });
  try {
    return await Promise.race([work({ ...context, signal }), clockOut, stopped]);
  } catch (error) {
    throw limit.signal.aborted && !context.signal.aborted ? late : error;
  } finally {
    over.abort();
  }
}

async function eachBounded<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const at = next++;
      results[at] = await work(items[at] as Item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnceMax, items.length) }, worker));
  return results;
}
