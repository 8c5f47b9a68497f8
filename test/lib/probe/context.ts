// What a probe is given, with a configuration as somebody would write it: each call of `run` is a run of its own.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandRunner } from '../../../lib/base/command.ts';
import { OpsError } from '../../../lib/base/errors.ts';
import { loadConfig } from '../../../lib/config/load.ts';
import type { Check, Judgement } from '../../../lib/health/check.ts';
import { settled } from '../../../lib/health/check.ts';
import { nullHistory } from '../../../lib/history/history.ts';
import type { Probe, ProbeContext } from '../../../lib/probe/probe.ts';
import { type FixedClock, fixedClock } from '../../support/fixed-clock.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { scratch } from '../../support/scratch.ts';

export interface ProbeWorld {
  clock: FixedClock;
  notes: Map<string, string>;
  /** A run as the timer makes it: what the probe measures of one subject, and what the check makes of it. */
  ask<Facts>(check: Check<Facts>, probe: Probe<Facts>, subject: string): Promise<Judgement>;
  /** The context of one run. */
  run(): ProbeContext;
}

/** `toml` beside what every configuration needs. */
export function probeWorld(
  toml: string,
  {
    command,
    root = '/',
    clock = fixedClock('2026-11-28T03:00:00Z'),
  }: { command?: CommandRunner; root?: string; clock?: FixedClock } = {},
): ProbeWorld {
  const directory = scratch();
  const path = join(directory, 'holdfast.toml');
  const state = join(directory, 'state');
  const beside = toml.includes('[apps.') ? '' : '[apps.none]\n';
  writeFileSync(path, `state_directory = "${state}"\nrun_directory = "${state}"\n${beside}${toml}`);
  const notes = new Map<string, string>();
  const never = () => Promise.reject(new Error('not in this test'));
  const run = (): ProbeContext => ({
    config: loadConfig({ path, environment: {} }),
    clock,
    log: recordingLog(),
    signal: new AbortController().signal,
    run: command ?? never,
    root,
    history: nullHistory,
    clockState: () => Promise.resolve('synchronised'),
    recall: (key) => notes.get(key),
    remember: (key, value) => void notes.set(key, value),
    backups: never,
    waitingFull: () => Promise.resolve(undefined),
    openStore: never,
    delivery: never,
  });
  const ask: ProbeWorld['ask'] = async (check, probe, subject) => {
    const context = run();
    try {
      const facts = await probe.measure(context, subject);
      const { limits } = settled(check, context.config.health.checks[check.name]);
      return check.judge(facts, { subject, limits, now: clock.now(), earlier: [], timeZone: 'UTC' });
    } catch (error) {
      if (!(error instanceof OpsError)) throw error;
      return { verdict: 'unknown', message: error.message, hint: error.hint };
    }
  };
  return { clock, notes, ask, run };
}
