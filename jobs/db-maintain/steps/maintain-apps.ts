// The same work on every app whose owner allows it, and what is said of it.
import { OpsError } from '../../../lib/base/errors.ts';
import { formatBytes } from '../../../lib/base/format.ts';
import type { FileApp } from '../../../lib/config/config.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import type { Outcome, Steps } from '../../../lib/run/job.ts';
import {
  type AppFinding,
  type AppsResult,
  appsOutcome,
  appsText,
  eachApp,
  selectedFileApps,
} from '../../steps/each-app.ts';
import { lookAtSource } from '../../steps/snapshot.ts';
import {
  type Done,
  doWork,
  failed,
  freePercent,
  type MaintainedApp,
  provenBackup,
  requireRoom,
  type Work,
} from './maintain-app.ts';

/** Of one app, what was done. */
interface AppDone {
  done: Done[];
}

/** What would be done with one app. */
interface AppPlan {
  planned: { work: Work; isDue: boolean; detail: string }[];
}

/** Which work is wanted: one kind, whether it is due or not, or all that is due. */
export type Wanted = Work | 'due';

export async function maintainApps(
  context: JobContext,
  name: string | undefined,
  wanted: Wanted,
): Promise<Outcome<AppsResult<AppDone>>> {
  const bad = new Map<string, AppFinding[]>();
  const results = await eachApp(context, maintainedApps(context, name, wanted), async (app) => {
    await using lock = await context.lock(app, `db-maintain ${wanted === 'due' ? 'run' : wanted}`);
    void lock;
    const done: Done[] = [];
    // One for all that is done now: nobody else writes through us meanwhile.
    let made: Promise<string> | undefined;
    const backUpFirst = () => (made ??= provenBackup(context, app));
    for (const work of worksOf(app, wanted)) {
      const due = await isDue(context, app, work, wanted);
      if (due !== undefined) done.push({ ...notDone, work, ...due });
      else await tryWork(context, app, work, { done, bad, backUpFirst, isOnly: wanted !== 'due' });
    }
    return { done };
  });
  return appsOutcome(results, (_, app) => bad.get(app) ?? []);
}

export function maintainText(result: AppsResult<AppDone>): string[] {
  return appsText(result, ({ done }, app) =>
    done.length === 0
      ? [`${app}: nothing was done`]
      : done.map(
          ({ work, detail, outcome }) =>
            `${app}: ${work}${outcome === 'done' ? '' : ' not needed'}: ${detail}`,
        ),
  );
}

/** `--dry-run`: the same questions, and no work. */
export function maintainPlan<Given extends { app: string | undefined }>(
  wanted: Wanted,
): Steps<Given, AppsResult<AppPlan>> {
  return {
    async run(context, { app: name }) {
      const results = await eachApp(context, maintainedApps(context, name, wanted), async (app) => {
        await using lock = await context.lock(app, 'db-maintain');
        void lock;
        const planned: AppPlan['planned'] = [];
        for (const work of worksOf(app, wanted)) planned.push(await planWork(context, app, work, wanted));
        return { planned };
      });
      return appsOutcome(results);
    },
    text: (result) =>
      appsText(result, ({ planned }, app) =>
        planned.map(
          ({ work, isDue: due, detail }) => `${app}: ${due ? 'would' : 'would not'} do ${work}: ${detail}`,
        ),
      ),
  };
}

const notDone = { backup: undefined, sizeBefore: undefined, sizeAfter: undefined, durationMs: undefined };

async function planWork(
  context: JobContext,
  app: MaintainedApp,
  work: Work,
  wanted: Wanted,
): Promise<AppPlan['planned'][number]> {
  const due = await isDue(context, app, work, wanted);
  if (due !== undefined) return { work, isDue: false, detail: due.detail };
  const { path, copyBytesMax } = await lookAtSource(context, app);
  if (work !== 'vacuum') return { work, isDue: true, detail: 'it is due' };
  await requireRoom(app, path, copyBytesMax);
  const { freePages, pageSize } = await context.freePages(app);
  return { work, isDue: true, detail: `about ${formatBytes(freePages * pageSize)} would be gained` };
}

async function tryWork(
  context: JobContext,
  app: MaintainedApp,
  work: Work,
  {
    done,
    bad,
    backUpFirst,
    isOnly,
  }: {
    done: Done[];
    bad: Map<string, AppFinding[]>;
    backUpFirst: () => Promise<string>;
    isOnly: boolean;
  },
): Promise<void> {
  try {
    done.push(await doWork(context, app, work, backUpFirst));
    context.history.remember(noteKey(app, work), context.clock.now().toISOString());
  } catch (error) {
    if (isOnly || context.signal.aborted) throw error;
    bad.set(app.name, [...(bad.get(app.name) ?? []), failed(work, error)]);
  }
}

/** Undefined where it is to be done now; else why not. */
async function isDue(
  context: JobContext,
  app: MaintainedApp,
  work: Work,
  wanted: Wanted,
): Promise<Pick<Done, 'outcome' | 'detail'> | undefined> {
  if (wanted !== 'due') return undefined;
  const everyMs = everyOf(app, work) ?? 0;
  const last = Date.parse(context.history.note(noteKey(app, work)) ?? '');
  const sinceMs = context.clock.now().getTime() - last;
  // A timer that is a little early is no reason to wait for the next one.
  const isEarly = sinceMs >= 0 && sinceMs < everyMs - slackMs;
  if (isEarly)
    return { outcome: 'not-due', detail: `it was done ${new Date(last).toISOString().slice(0, 10)}` };
  if (work !== 'vacuum') return undefined;
  const free = await freePercent(context, app);
  const { freePercentMin } = app.maintain;
  if (free >= freePercentMin) return undefined;
  return {
    outcome: 'not-worth-it',
    detail: `${Math.round(free)} % of its pages are free, and it is worth it from ${freePercentMin} % on`,
  };
}

const slackMs = 12 * 60 * 60_000;

/** Those that are configured; of one that is asked for by name, that one. */
function worksOf(app: MaintainedApp, wanted: Wanted): Work[] {
  if (wanted !== 'due') return [wanted];
  return (['integrity', 'vacuum', 'optimize'] as const).filter((work) => everyOf(app, work) !== undefined);
}

function everyOf({ maintain }: MaintainedApp, work: Work): number | undefined {
  return {
    vacuum: maintain.vacuumEveryMs,
    optimize: maintain.optimizeEveryMs,
    integrity: maintain.integrityEveryMs,
  }[work];
}

function noteKey({ name }: FileApp, work: Work): string {
  return `maintained:${work}:${name}`;
}

const work = {
  act: 'maintain',
  instead:
    'the server does it by itself, by autovacuum; what it did: select relname, last_autovacuum, n_dead_tup from pg_stat_user_tables',
};

/** Throws OpsError `config` where nothing was allowed: no write without the owner's word. */
function maintainedApps(context: JobContext, name: string | undefined, wanted: Wanted): MaintainedApp[] {
  const apps = selectedFileApps(context, name, work);
  const allowed = apps.filter((app): app is MaintainedApp => app.maintain !== undefined);
  // A look needs nobody's leave.
  if (wanted === 'integrity')
    return apps.map((app) => ({ ...app, maintain: app.maintain ?? nothingAllowed }));
  if (allowed.length > 0 && (name === undefined || allowed.length === apps.length)) return allowed;
  throw new OpsError(
    'config',
    `cannot maintain ${name ?? 'any database'}: ${context.config.source} does not allow it`,
    {
      hint: `write [apps.${name ?? apps[0]?.name ?? 'name'}.maintain] with vacuum_days = 30 or the like; docs/configuration.md`,
    },
  );
}

const nothingAllowed = {
  vacuumEveryMs: undefined,
  optimizeEveryMs: undefined,
  integrityEveryMs: undefined,
  freePercentMin: 0,
};
