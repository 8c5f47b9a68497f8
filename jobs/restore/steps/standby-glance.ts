// Of an app with a standby: on which machine it lives, and what lies ready here, at a look.
import { formatInstant } from '../../../lib/base/format.ts';
import type { FileApp } from '../../../lib/config/config.ts';
import type { LocatedFile } from '../../../lib/files/locate-file.ts';
import { warmCopyPath, warmCopyProblem } from '../../../lib/placement/warm-copy.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import type { View } from '../../../lib/run/job.ts';
import { promotionOf } from '../../steps/live-here.ts';
import type { AppFinding } from '../../steps/each-app.ts';
import { ago } from '../../steps/words.ts';
import { flawsOf, isStandby, warmCopyOf } from './standby-apps.ts';

/** `live`: it was promoted here. `standby`: it lives elsewhere, and `copy` lies ready. */
export type StandbyGlance =
  | { role: 'live'; since: Date; backup: string }
  | {
      role: 'standby';
      copy: { backup: string; takenAt: Date; sizeBytes: number; path: string } | undefined;
      /** Why it is not to be made live as it is, in sentences. */
      flaws: string[];
    };

/** Undefined for an app without a standby; `target` is undefined where the directory of the database is out of reach. */
export async function glanceAtStandby(
  context: JobContext,
  app: FileApp,
  target: LocatedFile | undefined,
): Promise<StandbyGlance | undefined> {
  const promotion = await promotionOf(context, app);
  if (promotion !== undefined) return { role: 'live', since: promotion.at, backup: promotion.backup };
  if (!isStandby(app)) return undefined;
  const copy = await warmCopyOf(context, app);
  if (copy === undefined || target === undefined)
    return { role: 'standby', copy: undefined, flaws: ['no warm copy lies ready'] };
  const { backup, takenAt, sizeBytes } = copy.manifest;
  const problem = await warmCopyProblem(target, copy);
  return {
    role: 'standby',
    copy: { backup, takenAt, sizeBytes, path: warmCopyPath(target, copy) },
    flaws: [...(problem === undefined ? [] : [problem]), ...flawsOf(app, copy.manifest, context.clock.now())],
  };
}

/** What a person reads of it. */
export function standbyGlanceLines(
  glance: StandbyGlance | undefined,
  { now, timeZone }: Pick<View, 'now' | 'timeZone'>,
): string[] {
  if (glance === undefined) return [];
  if (glance.role === 'live')
    return [`  live on this machine since ${formatInstant(glance.since, timeZone)}, by restore promote`];
  const { copy, flaws } = glance;
  return [
    copy === undefined
      ? '  standby: NO warm copy lies ready; pull one: restore standby'
      : `  standby: warm copy of ${copy.backup}, ${ago(copy.takenAt, now)}; to make it live: restore promote`,
    ...(copy === undefined ? [] : flaws.map((flaw) => `  NOT FIT TO BE LIVE: ${flaw}`)),
  ];
}

/** A standby that could not take over as it is. */
export function standbyGlanceFindings(glance: StandbyGlance | undefined, app: string): AppFinding[] {
  if (glance?.role !== 'standby') return [];
  const hint = `restore standby --app ${app}`;
  return glance.flaws.map((flaw) => ({
    severity: 'critical',
    message: `the standby is not ready: ${flaw}`,
    hint,
  }));
}
