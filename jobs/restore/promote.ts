// restore promote: the warm copy becomes the live database. A restore whose bytes lie here already, for the day on which
// neither the other machine nor the store answers.
import { OpsError } from '../../lib/base/errors.ts';
import { silentLog } from '../../lib/base/log.ts';
import { formatInstant } from '../../lib/base/format.ts';
import { inKnownPaths } from '../../lib/files/held-directory.ts';
import type { LocatedFile } from '../../lib/files/locate-file.ts';
import { inspectSet } from '../../lib/placement/database-set.ts';
import { requireMark, requireNoHolders } from '../../lib/placement/readiness.ts';
import { settlePromotion, writePromotion } from '../../lib/placement/promotion.ts';
import type { WarmCopy } from '../../lib/placement/warm-copy-record.ts';
import { configOption } from '../../lib/run/config-option.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, Steps, View } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import { promotionOf } from '../steps/live-here.ts';
import { keepModeInPlace } from '../steps/place-copy.ts';
import type * as parameters from './parameters.ts';
import { planLines } from './steps/plan-words.ts';
import { locateStandby } from './steps/pull-warm-copy.ts';
import { replaceOrUndo } from './steps/replace-or-undo.ts';
import { planRestore, type RestorePlan } from './steps/restore-plan.ts';
import { requireConsent } from './steps/restored.ts';
import { restoredFindings, type RestoredDatabase, restoredLines } from './steps/restored-words.ts';
import { settleEarlier } from './steps/settle.ts';
import { entryOf, stageWarmCopy } from './steps/stage-warm-copy.ts';
import { flawsOf, notesOf, type StandbyApp, standbyApp, warmCopyOf } from './steps/standby-apps.ts';
import { withStaging } from './steps/with-staging.ts';

type Given = Options<typeof parameters.promote>;

/** A machine that took over, or tried to. */
interface Promoted extends RestoredDatabase {
  takenAt: Date;
  /** What to do on this machine, to be typed as it is. */
  next: string;
}

export async function run(context: JobContext, options: Given): Promise<Outcome<Promoted>> {
  const app = standbyApp(context, options.app);
  const result = await inKnownPaths(() => promote(context, app, options));
  return { result, findings: restoredFindings(result) };
}

export function text(result: Promoted, { timeZone }: View): string[] {
  const { app, isInPlace, takenAt, next } = result;
  if (!isInPlace) return restoredLines(result);
  return [
    ...restoredLines(result),
    `${app}: LIVE HERE, as it was on ${formatInstant(takenAt, timeZone)}; what was written elsewhere since is not in it`,
    `${app}: next, on this machine: ${next}`,
    `${app}: on the other one, before anything starts there: docs/operations.md, "The standby"`,
  ];
}

export const plan: Steps<Given, RestorePlan> = {
  async run(context, options) {
    const app = standbyApp(context, options.app);
    await requireNotLive(context, app);
    const copy = await requireCopy(context, app);
    const { plan: found, findings } = await planned(context, app, copy);
    const flaws = options.stale ? [] : flawsOf(app, copy.manifest, context.clock.now());
    const hint = staleHint(app);
    return {
      result: { ...found, obstacles: [...found.obstacles, ...flaws] },
      findings: [
        ...findings,
        ...flaws.map((message) => ({ subject: app.name, severity: 'critical', message, hint }) as const),
      ],
    };
  },
  text: (found, view) => planLines(found, view).map((line) => `${found.app}: ${line}`),
};

async function promote(context: JobContext, app: StandbyApp, options: Given): Promise<Promoted> {
  await using lock = await context.lock(app, 'restore promote');
  void lock;
  using target = await locateStandby(app);
  await inspectSet(target); // refuses a directory, and a pipe, on which everything that reads it would hang
  const settled = await settleEarlier(context, app, target);
  await settlePromotion(notesOf(context, app));
  await requireNotLive(context, app);
  const copy = await requireCopy(context, app);
  if (!options.stale) requireFit(context, app, copy);
  if (context.services(app).isNone) await requireNoHolders(target, silentLog);
  if (!options.yes)
    await requireConsent(context, app, (await planned(context, app, copy)).plan, {
      question: `Make ${app.name} live on this machine?`,
      shownBy: 'restore promote --dry-run',
    });
  const went = await placeCopy(context, app, target, copy, options);
  const { backup, takenAt } = copy.manifest;
  const next = `db-backup run --app ${app.name}${configOption(context.config)}`;
  return { app: app.name, backup, target: target.path, settled, takenAt, next, ...went };
}

/** Which machine it is live on is noted before, and settled after: whatever comes in between, one answer is true. */
async function placeCopy(
  context: JobContext,
  app: StandbyApp,
  target: LocatedFile,
  copy: WarmCopy,
  { unproven }: Given,
): Promise<Pick<RestoredDatabase, 'proof' | 'replaced' | 'wentBack' | 'isInPlace'>> {
  const { manifest } = copy;
  const of = notesOf(context, app);
  return withStaging(context, target, async (staging) => {
    const proof = await stageWarmCopy(context, app, target, { copy, staging, unproven });
    await keepModeInPlace(target, staging, manifest);
    const placed = await requireMark(staging.database, staging.path);
    const at = context.clock.now();
    await writePromotion(of, { app: app.name, state: 'placing', at, backup: manifest.backup, placed });
    try {
      const ownership = target.exists ? undefined : manifest.ownership;
      const order = { app, target, staging, source: manifest.backup, ownership };
      const went = await replaceOrUndo(context, order);
      return { proof, ...went, isInPlace: went.wentBack === undefined };
    } finally {
      await settlePromotion(of);
    }
  });
}

function planned(context: JobContext, app: StandbyApp, copy: WarmCopy) {
  const entry = entryOf(copy);
  return planRestore(context, { app, entry, entries: [entry], to: undefined });
}

/** A second promotion would bring back what was in the copy, over all that was written here since. */
async function requireNotLive(context: JobContext, app: StandbyApp): Promise<void> {
  const promotion = await promotionOf(context, app);
  if (promotion === undefined) return;
  const since = formatInstant(promotion.at, context.config.timeZone);
  throw new OpsError(
    'refused',
    `cannot promote ${app.name}: it is live on this machine already, since ${since}`,
    {
      hint: `whether all is well: restore status --app ${app.name}; to go back to a backup: restore plan latest --app ${app.name}`,
    },
  );
}

async function requireCopy(context: JobContext, app: StandbyApp): Promise<WarmCopy> {
  const copy = await warmCopyOf(context, app);
  if (copy !== undefined) return copy;
  throw new OpsError('missing', `cannot promote ${app.name}: no warm copy lies ready here`, {
    hint: `pull one: restore standby --app ${app.name}`,
  });
}

function requireFit(context: JobContext, app: StandbyApp, { manifest }: WarmCopy): void {
  const [flaw] = flawsOf(app, manifest, context.clock.now());
  if (flaw === undefined) return;
  throw new OpsError('refused', `cannot promote the warm copy of ${manifest.backup}: ${flaw}`, {
    hint: staleHint(app),
  });
}

function staleHint({ name }: StandbyApp): string {
  const only = `--app ${name}`;
  return `a newer one, where the store answers: restore standby ${only}; to take it as it is: restore promote --stale ${only}`;
}
