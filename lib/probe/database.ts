// Measures whether the databases of the apps can be opened, and now and then whether all their pages are well.
import type { Config, FileApp } from '../config/config.ts';
import { OpsError } from '../base/errors.ts';
import type { DatabaseFacts, FileFacts, PagesChecked } from '../health/database.ts';
import { GivenUp, openInspector, type PagesFound } from '../sqlite/inspect/inspector.ts';
import type { LiveState } from '../sqlite/inspect/live-state.ts';
import { ofServer as askAsSuperuser } from '../postgres/words.ts';
import { appNamed } from './backup-age.ts';
import { lookMs, lookOnce, orFailure } from './live-database.ts';
import { looked } from './postgres.ts';
import type { Probe, ProbeContext } from './probe.ts';
import { liveApps } from './standing-by.ts';

/** The longest that checks of pages may be set to take, and a look before. */
const timeoutMs = 180_000 + 2 * lookMs;

/** While its pages are read, an app with a rollback journal cannot write; most wait for five seconds before they give up. */
const withoutLogMsMax = 3000;
/** Less is not worth a try. */
const tryMsMin = 500;

export const databaseProbe: Probe<DatabaseFacts> = {
  timeoutMs,
  async subjects(context) {
    return (await liveApps(context)).map(({ name }) => name);
  },
  async measure(context, subject) {
    const app = appNamed(context, subject);
    if (app.engine === 'postgres') return onServer(context, subject);
    const seen = await orFailure(lookOnce(context, app));
    const { growthPercentMax } = context.config.health.database;
    const facts = { path: app.database, seen, growthPercentMax };
    if ('kind' in seen) return { ...facts, checked: undefined, givenUp: undefined };
    return { ...facts, ...(await checkedPages(context, app, seen)) };
  },
};

async function onServer(context: ProbeContext, subject: string): Promise<DatabaseFacts> {
  const { found, target } = await looked(context, subject);
  const held =
    'select pid, usename, state, age(backend_xmin), left(query, 80) from pg_stat_activity where backend_xmin is not null order by 4 desc limit 5';
  return {
    server: found,
    user: target.user,
    freezeHint: `what holds it back: ${askAsSuperuser(target, held)}; then, at a quiet time: vacuum (freeze) in ${target.database}`,
  };
}

interface Note {
  file: string;
  checked?: PagesChecked & { at: Date };
  givenUp?: { at: Date; afterMs: number };
}

async function checkedPages(
  context: ProbeContext,
  app: FileApp,
  state: LiveState,
): Promise<Pick<FileFacts, 'checked' | 'givenUp'>> {
  const key = `database/${app.name}`;
  const note = parseNote(context.recall(key), state.file);
  const found = isDue(note, context)
    ? await inTurn(context, (limitMs) => check(context, app, state, limitMs))
    : undefined;
  const newest: Note = { ...note, ...found };
  if (found !== undefined) context.remember(key, JSON.stringify(newest));
  return { checked: newest.checked, givenUp: newest.givenUp };
}

/** What is bad is looked at with each run: who mends it wants to see it. */
function isDue({ checked, givenUp }: Note, { config, clock }: ProbeContext): boolean {
  const { checkEveryMs } = config.health.database;
  const now = clock.now().getTime();
  const isLongAgo = (at: Date | undefined) =>
    at === undefined || at.getTime() > now || now - at.getTime() >= checkEveryMs;
  if (!isLongAgo(givenUp?.at) && givenUp !== undefined) return false;
  return isLongAgo(checked?.at) || (checked?.problems.length ?? 0) > 0;
}

/** So long checks of pages took in this run, all together, and the one that is under way: a configuration is read once a run. */
const runs = new WeakMap<Config, { spentMs: number; last: Promise<unknown> }>();

/** One after the other, as long as there is time left for them; undefined where there is none: the next run goes on. */
async function inTurn<T>(
  { config, clock }: ProbeContext,
  work: (limitMs: number) => Promise<T>,
): Promise<T | undefined> {
  const run = runs.get(config) ?? { spentMs: 0, last: Promise.resolve() };
  runs.set(config, run);
  const mine = run.last.then(async () => {
    const leftMs = config.health.database.checkMsMax - run.spentMs;
    if (leftMs < tryMsMin) return undefined;
    const started = clock.monotonicMs();
    try {
      return await work(leftMs);
    } finally {
      run.spentMs += clock.monotonicMs() - started;
    }
  });
  run.last = mine.catch(() => undefined);
  return mine;
}

async function check(
  { clock, signal }: ProbeContext,
  { database }: FileApp,
  { log }: LiveState,
  leftMs: number,
): Promise<Partial<Note>> {
  const limitMs = log === undefined ? Math.min(leftMs, withoutLogMsMax) : leftMs;
  const inspector = openInspector(database, signal);
  const at = clock.now();
  try {
    return { checked: { at, ...problemsIn(await inspector.pages(limitMs)) } };
  } catch (error) {
    if (error instanceof GivenUp) return { givenUp: { at, afterMs: limitMs } };
    if (!(error instanceof OpsError)) throw error;
    // Damage that SQLite cannot even read past.
    if (error.kind === 'damaged') return { checked: { at, problems: [error.message] } };
    if (error.kind === 'unavailable') return {};
    throw error;
  } finally {
    inspector.leave();
  }
}

function problemsIn(found: PagesFound): Pick<PagesChecked, 'problems' | 'note'> {
  if (found !== undefined) return { problems: found };
  return { problems: [], note: 'not in full, for want of what only the app has' };
}

/** What is remembered of this very file: one that was put in its place is another. */
function parseNote(text: string | undefined, file: string): Note {
  if (text === undefined) return { file };
  const note = JSON.parse(text, (key, value: unknown) =>
    key === 'at' ? new Date(String(value)) : value,
  ) as Note;
  return note.file === file ? note : { file };
}
