// Asks every check, and joins what it said with what was known.
import type { GuardedApp } from '../../../lib/config/config.ts';
import type { CatalogueEntry } from '../../../lib/backup/catalogue.ts';
import { causeOf } from '../../../lib/health/causes.ts';
import { checksByName } from '../../../lib/health/all-checks.ts';
import { settled } from '../../../lib/health/check.ts';
import { isTrusted } from '../../../lib/health/clock.ts';
import { afterReading, type CheckState, type Reading } from '../../../lib/health/reading.ts';
import type { CheckRunRecord, KeptSample } from '../../../lib/history/check-rows.ts';
import type { ProbeContext } from '../../../lib/probe/probe.ts';
import { registry } from '../../../lib/probe/registry.ts';
import { runChecks } from '../../../lib/probe/run-checks.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import { deliveryFacts } from './delivery-facts.ts';
import { waitingFull } from './waiting-full.ts';

/** How the checks stand, and what is to be remembered of this run. */
export interface CheckedAll {
  readonly states: readonly CheckState[];
  readonly record: CheckRunRecord;
}

const sampleEveryMs = 60 * 60_000;

/** With `isAll` also what is not due is asked. */
export async function checkAll(context: JobContext, { isAll }: { isAll: boolean }): Promise<CheckedAll> {
  const { history, clock, config } = context;
  const known = history.checkStates();
  const before = new Map(known.map((state) => [keyOf(state), state]));
  const notes = new Map<string, string>();
  const isClockTrusted = config.clock === 'trusted' || isTrusted({ state: await context.clockState() });
  const { subjects, readings } = await runChecks(registry, {
    context: probeContext(context, notes),
    settings: config.health.checks,
    stateOf: (check, subject) => before.get(keyOf({ check, subject })),
    samplesOf: (check, subject, since) => history.samples({ check, subject, name: 'value' }, since),
    isClockTrusted,
    isAll,
  });
  const now = clock.now();
  const fresh = new Map(readings.map((reading) => [keyOf(reading), reading]));
  // What was not asked still explains what was.
  const all = subjects.flatMap((subject) => fresh.get(keyOf(subject)) ?? before.get(keyOf(subject)) ?? []);
  const states = subjects.flatMap((subject) => {
    const reading = fresh.get(keyOf(subject));
    const earlier = before.get(keyOf(subject));
    if (reading === undefined) return earlier ?? [];
    return stateAfter(context, earlier, reading, { all, isClockTrusted, now });
  });
  const asked = states.filter((state) => fresh.has(keyOf(state)));
  const sampled = asked.map((state) => (isSampleDue(state, now) ? { ...state, sampledAt: now } : state));
  const present = new Set(subjects.map(keyOf));
  return {
    states: states.map((state) => sampled.find((one) => keyOf(one) === keyOf(state)) ?? state),
    record: {
      at: now,
      states: sampled,
      changes: sampled.flatMap((state) => changeOf(before.get(keyOf(state)), state)),
      samples: sampled
        .filter(({ sampledAt }) => sampledAt === now)
        .flatMap((state) => samplesOf(state, fresh.get(keyOf(state)))),
      notes,
      gone: known.filter((state) => !present.has(keyOf(state))),
    },
  };
}

function stateAfter(
  { config }: JobContext,
  earlier: CheckState | undefined,
  reading: Reading,
  { all, isClockTrusted, now }: { all: readonly Reading[]; isClockTrusted: boolean; now: Date },
): CheckState {
  const check = checksByName.get(reading.check);
  if (check === undefined) throw new Error(`there is no check ${reading.check}`);
  const isByClock = check.needsClock === true && !isClockTrusted;
  const hiddenBy = isByClock ? 'clock' : causeOf(reading, all, checksByName);
  const patience = settled(check, config.health.checks[reading.check]);
  return afterReading(earlier, { ...reading, unit: check.unit, hiddenBy }, patience, now);
}

function changeOf(before: CheckState | undefined, after: CheckState): CheckRunRecord['changes'] {
  const was = before?.verdict ?? 'ok';
  if (was === after.verdict) return [];
  const { check, subject, verdict, message } = after;
  return [{ check, subject, before: was, after: verdict, message }];
}

function isSampleDue({ sampledAt, value }: CheckState, now: Date): boolean {
  if (value === undefined) return false;
  return sampledAt === undefined || Math.abs(now.getTime() - sampledAt.getTime()) >= sampleEveryMs;
}

function samplesOf({ check, subject, value }: CheckState, reading: Reading | undefined): KeptSample[] {
  const measures = Object.entries(reading?.measures ?? {}).map(([name, measured]) => ({
    check,
    subject,
    name,
    value: measured,
  }));
  return [...(value === undefined ? [] : [{ check, subject, name: 'value', value }]), ...measures].filter(
    (sample) => Number.isFinite(sample.value),
  );
}

function keyOf({ check, subject }: { check: string; subject: string }): string {
  return `${check}\0${subject}`;
}

function probeContext(context: JobContext, notes: Map<string, string>): ProbeContext {
  const { config, clock, log, signal, runCommand, history } = context;
  const listed = new Map<string, Promise<readonly CatalogueEntry[]>>();
  let opened: ReturnType<JobContext['openStore']> | undefined;
  const openStore = () => (opened ??= context.openStore());
  const list = async (app: GuardedApp) => {
    await openStore();
    return (await context.openRepository(app)).list();
  };
  return {
    ...{ config, clock, log, signal, history, root: '/', run: runCommand },
    clockState: () => context.clockState(),
    recall: (key) => notes.get(key) ?? history.note(key),
    remember: (key, value) => void notes.set(key, value),
    backups(app) {
      const list_ = listed.get(app.name) ?? list(app);
      listed.set(app.name, list_);
      return list_;
    },
    waitingFull: (app) => waitingFull(context, app),
    openStore,
    delivery: () => deliveryFacts(context),
  };
}
