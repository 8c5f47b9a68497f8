// restore standby: keeps the newest proven backup ready beside the place of a database that is live on another machine.
import { formatBytes, formatInstant } from '../../lib/base/format.ts';
import { inKnownPaths } from '../../lib/files/held-directory.ts';
import type { LocatedFile } from '../../lib/files/locate-file.ts';
import { removePromotion, settlePromotion } from '../../lib/placement/promotion.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, View } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import { requireYes } from '../steps/consent.ts';
import { type AppFinding, type AppsResult, appsOutcome, appsText, eachApp } from '../steps/each-app.ts';
import { promotionOf } from '../steps/live-here.ts';
import { ago } from '../steps/words.ts';
import type * as parameters from './parameters.ts';
import { passedOverFindings, passedOverLines } from './steps/next-sound.ts';
import { locateStandby, type Pulled, pullWarmCopy } from './steps/pull-warm-copy.ts';
import {
  flawsOf,
  notesOf,
  requireNobodyAtWork,
  requireStandingBy,
  type StandbyApp,
  standbyApps,
} from './steps/standby-apps.ts';

type Given = Options<typeof parameters.standby>;

/** What lies ready, and what is wrong with that. */
interface Standby extends Pulled {
  /** Too old or too small, in sentences: it is not made live without a word. */
  flaws: string[];
  /** Whether this machine, where the app was live until now, stands by again. */
  steppedDown: boolean;
}

export async function run(context: JobContext, options: Given): Promise<Outcome<AppsResult<Standby>>> {
  const results = await eachApp(context, standbyApps(context, options.app), (app) =>
    inKnownPaths(() => standBy(context, app, options)),
  );
  return appsOutcome(results, findingsOf);
}

export function text(result: AppsResult<Standby>, view: View): string[] {
  return appsText(result, (standby, app) => standbyLines(standby, view).map((line) => `${app}: ${line}`));
}

async function standBy(context: JobContext, app: StandbyApp, options: Given): Promise<Standby> {
  await using lock = await context.lock(app, 'restore standby');
  void lock;
  using target = await locateStandby(app);
  await settlePromotion(notesOf(context, app));
  const steppedDown = options.stepDown && (await stepDown(context, app, target, options.yes));
  await requireStandingBy(context, app, target);
  const pulled = await pullWarmCopy(context, app, target, options);
  return { ...pulled, flaws: flawsOf(app, pulled, context.clock.now()), steppedDown };
}

/** The way back from a promotion: the app is live elsewhere again. False where this machine stands by already. */
async function stepDown(
  context: JobContext,
  app: StandbyApp,
  target: LocatedFile,
  yes: boolean,
): Promise<boolean> {
  const promotion = await promotionOf(context, app);
  if (promotion === undefined) return false;
  await requireNobodyAtWork(app, target, 'step down with');
  const question = `Is ${app.name} live on another machine now? What was written to ${target.path} since its last backup is nowhere else.`;
  if (!yes) await requireYes(context, question, { act: `step down with ${app.name}` });
  await removePromotion(notesOf(context, app));
  context.noteLeft(`this machine is a standby of ${app.name} again`);
  return true;
}

function standbyLines(standby: Standby, { now, timeZone }: View): string[] {
  const { arrival, backup, takenAt, sizeBytes, path, newest, flaws, doubt, passedOver, steppedDown } =
    standby;
  const did = { pulled: 'pulled', current: 'unchanged', kept: 'kept' }[arrival];
  return [
    ...(steppedDown ? ['this machine is a standby again, and its database stays where it is'] : []),
    ...passedOverLines(passedOver),
    `warm copy ${did}: ${backup} (${formatBytes(sizeBytes)}), of ${formatInstant(takenAt, timeZone)}, ${ago(takenAt, now)}`,
    `it lies in ${path}`,
    ...(arrival === 'kept' ? [`it is newer than ${newest.name}, the newest proven backup in the store`] : []),
    ...(doubt === undefined ? [] : [`IN DOUBT: the store says of ${backup}: ${doubt}`]),
    ...flaws.map((flaw) => `NOT FIT TO BE LIVE: ${flaw}`),
  ];
}

function findingsOf(standby: Standby, app: string): AppFinding[] {
  const { backup, flaws, arrival, newest, doubt, passedOver } = standby;
  const older = `an older one is taken with: restore standby --older --app ${app}`;
  return [
    ...passedOverFindings(app, passedOver).map(({ severity, message, hint }): AppFinding => ({
      severity,
      message,
      ...(hint === undefined ? {} : { hint }),
    })),
    ...flaws.map((flaw): AppFinding => ({
      severity: 'critical',
      message: `the warm copy is of ${backup}: ${flaw}`,
      hint: `whether backups are made where it is live: db-backup list-backups --app ${app}`,
    })),
    ...(doubt === undefined
      ? []
      : [{ severity: 'critical', message: `the warm copy is of ${backup}: ${doubt}`, hint: older } as const]),
    ...(arrival === 'kept' && doubt === undefined
      ? [
          {
            severity: 'warning',
            message: `the warm copy is of ${backup}, which is newer than ${newest.name}, the newest proven backup`,
            hint: older,
          } as const,
        ]
      : []),
  ];
}
