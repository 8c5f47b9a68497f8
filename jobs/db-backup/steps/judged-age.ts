// How old the newest proven backup of an app is, judged by the check of health-check that asks the same, with a limit of one's own
// where a person gives one.
import { parseDuration } from '../../../lib/base/duration.ts';
import { OpsError } from '../../../lib/base/errors.ts';
import type { GuardedApp } from '../../../lib/config/config.ts';
import { backupAgeCheck } from '../../../lib/health/backup-age.ts';
import { type Judgement, settled } from '../../../lib/health/check.ts';
import { type ExpectedAge, expectedAge } from '../../../lib/probe/backup-age.ts';
import type { JobContext } from '../../../lib/run/context.ts';

export interface JudgedAge extends Pick<Judgement, 'verdict' | 'message' | 'hint'> {
  ageMs: number;
  /** From then on it is bad news, and what says so. */
  limitMs: number;
  limitBy: string;
}

/** `at` is until when the newest proven backup is known to be the database. */
export async function judgedAge(
  { clock, config, runCommand, signal }: JobContext,
  app: GuardedApp,
  newest: { name: string; at: Date },
  maxAgeMs: number | undefined,
): Promise<JudgedAge> {
  const now = clock.now();
  const expected = await expectedAge({ run: runCommand, signal }, app);
  const { limits } = settled(backupAgeCheck, config.health.checks[backupAgeCheck.name]);
  const facts = { newest, from: 'the store' as const, ...asAsked(expected, maxAgeMs) };
  const view = { subject: app.name, now, timeZone: config.timeZone, earlier: [] };
  const own = maxAgeMs === undefined ? limits : {};
  const { verdict, message, hint } = backupAgeCheck.judge(facts, { ...view, limits: own });
  return {
    ...{ verdict, message, hint },
    ageMs: now.getTime() - newest.at.getTime(),
    limitMs: own.warning === undefined ? facts.expectedMs : own.warning * 1000,
    limitBy: own.warning === undefined ? facts.expectedBy : 'health.checks',
  };
}

/** A person may be more patient than the configuration: nothing is critical before it is late. */
function asAsked(expected: ExpectedAge, maxAgeMs: number | undefined): ExpectedAge {
  if (maxAgeMs === undefined) return expected;
  const criticalMs = Math.max(maxAgeMs, expected.criticalMs);
  return { expectedMs: maxAgeMs, criticalMs, expectedBy: '--max-age' };
}

/** In milliseconds. Throws OpsError `usage` for what is no age. */
export function requireMaxAge(text: string | undefined): number | undefined {
  const ms = text === undefined ? undefined : parseDuration(text);
  if (text === undefined || ms !== undefined) return ms;
  throw new OpsError('usage', `cannot use ${JSON.stringify(text)} as an age`, {
    hint: 'write 90min, 26h or 8d, a year at most',
  });
}
