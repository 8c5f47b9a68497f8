// restore undo: puts back the database that a restore replaced.
import { OpsError } from '../../lib/base/errors.ts';
import { type LocatedFile, locateFile } from '../../lib/files/locate-file.ts';
import { databaseOf, type FileApp, type PostgresApp } from '../../lib/config/config.ts';
import { missingDirectory } from '../../lib/placement/missing-directory.ts';
import { listUndoSets, type UsableUndoSet } from '../../lib/placement/undo-list.ts';
import type { Finding } from '../../lib/base/finding.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, Steps } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import { requireYes } from '../steps/consent.ts';
import { selectedApp } from '../steps/each-app.ts';
import type * as parameters from './parameters.ts';
import { type Discarded, discardLines, discardSets, setsToDiscard } from './steps/discard-sets.ts';
import type { Replaced } from './steps/replace-database.ts';
import { settleEarlier } from './steps/settle.ts';
import { undoPlacement } from './steps/undo-placement.ts';

type Given = Options<typeof parameters.undo>;

/** A database that was put back. */
interface Undone extends UndoPlan {
  /** What became of the database that was there and of the app. */
  replaced: Replaced;
  /** What an earlier restore had left, in sentences. */
  settled: string[];
}

interface UndoPlan {
  app: string;
  target: string;
  undoSet: { name: string; path: string };
}

export async function run(context: JobContext, options: Given): Promise<Outcome<Undone | Discarded>> {
  requireDiscard(options);
  const app = selectedApp(context, options.app);
  if (app.engine === 'postgres') return undoServer(context, app, options);
  using target = await locate(app);
  await using lock = await context.lock(app, 'restore undo');
  void lock;
  const settled = await settleEarlier(context, app, target);
  if (options.discard) {
    const result = await setsToDiscard(context, app, target, options);
    await discardSets(context, target, result, options.yes);
    return { result, findings: [] };
  }
  const { name, path } = await chosenSet(target, options.set);
  await requireConsent(context, target.path, name, options);
  const replaced = await undoPlacement(context, app, target, path);
  const result = { app: app.name, target: target.path, undoSet: { name, path }, replaced, settled };
  return { result, findings: findingsOf(result) };
}

export function text(result: Undone | Discarded): string[] {
  if ('discarded' in result) return discardLines(result, false);
  const { app, target, undoSet, replaced, settled } = result;
  const { undo, health, detail, notCarried } = replaced;
  return [
    ...settled.map((sentence) => `${app}: ${sentence}`),
    `${app}: the database of ${undoSet.name} is in place at ${target}`,
    ...notCarried.map((what) => `${app}: NOT carried over: ${what}`),
    ...(undo === undefined ? [] : [`${app}: what was there is in ${undo}; restore undo brings that back`]),
    ...(health === 'unwell' ? [`${app}: the app is NOT WELL: ${detail}`] : []),
  ];
}

export const plan: Steps<Given, UndoPlan | Discarded> = {
  async run(context, options) {
    requireDiscard(options);
    const app = selectedApp(context, options.app);
    if (app.engine === 'postgres') return { result: await planUndo(context, app, options), findings: [] };
    using target = await locate(app);
    if (options.discard) return { result: await setsToDiscard(context, app, target, options), findings: [] };
    const { name, path } = await chosenSet(target, options.set);
    return { result: { app: app.name, target: target.path, undoSet: { name, path } }, findings: [] };
  },
  text: (result) =>
    'discarded' in result
      ? discardLines(result, true)
      : [`${result.app}: would put the database of ${result.undoSet.path} back in place at ${result.target}`],
};

/** The same on a server. */
async function undoServer(
  context: JobContext,
  app: PostgresApp,
  options: Given,
): Promise<Outcome<Undone | Discarded>> {
  const { chosenUndo, discardOnServer, undoOnServer, undoToDiscard } =
    await import('./steps/undo-on-server.ts');
  const { settleServer } = await import('./steps/settle-server.ts');
  await using lock = await context.lock(app, 'restore undo');
  void lock;
  const settled = await settleServer(context, app);
  if (options.discard) {
    const result = await undoToDiscard(context, app, options);
    await discardOnServer(context, app, result, options.yes);
    return { result, findings: [] };
  }
  const { name, path } = await chosenUndo(context, app, options.set);
  const target = databaseOf(app);
  await requireConsent(context, target, name, options);
  const replaced = await undoOnServer(context, app, name);
  const result = { app: app.name, target, undoSet: { name, path }, replaced, settled };
  return { result, findings: findingsOf(result) };
}

async function planUndo(
  context: JobContext,
  app: PostgresApp,
  options: Given,
): Promise<UndoPlan | Discarded> {
  const { chosenUndo, undoToDiscard } = await import('./steps/undo-on-server.ts');
  if (options.discard) return undoToDiscard(context, app, options);
  const { name, path } = await chosenUndo(context, app, options.set);
  return { app: app.name, target: databaseOf(app), undoSet: { name, path } };
}

async function requireConsent(
  context: JobContext,
  target: string,
  name: string,
  { yes }: Given,
): Promise<void> {
  const question = `Replace ${target} by what was there before (${name})?`;
  if (!yes) await requireYes(context, question, { act: 'undo' });
}

function findingsOf({ app, undoSet, replaced }: Undone): Finding[] {
  if (replaced.health !== 'unwell') return [];
  const message = `the app is not well with the database of ${undoSet.name}: ${replaced.detail}`;
  return [{ subject: app, severity: 'critical', message, hint: `restore status --app ${app}` }];
}

function requireDiscard({ discard, olderThan }: Given): void {
  if (discard || olderThan === undefined) return;
  throw new OpsError('usage', 'cannot bring back undo sets by their age: --older-than goes with --discard');
}

async function locate({ name, database }: FileApp): Promise<LocatedFile> {
  const gone = await missingDirectory(database);
  if (gone === undefined) return locateFile(database);
  throw new OpsError('missing', `cannot undo: ${gone} is not there, and the undo sets were in it`, {
    hint: `restore plan latest --app ${name} shows the way back from a backup`,
  });
}

/** The set that was named, or the newest that has not been brought back yet. */
async function chosenSet(target: LocatedFile, name: string | undefined): Promise<UsableUndoSet> {
  const sets = await listUndoSets(target);
  if (name !== undefined) {
    const set = sets.find((candidate) => candidate.name === name || candidate.path === name);
    if (set?.usable === true) return set;
    throw new OpsError(
      'missing',
      `cannot find the undo set ${JSON.stringify(name)}: ${set?.problem ?? 'it is not there'}`,
      {
        hint: 'restore status shows the undo sets there are',
      },
    );
  }
  const newest = sets.find((set): set is UsableUndoSet => set.usable && set.record.state === 'kept');
  if (newest !== undefined) return newest;
  throw new OpsError('missing', `cannot undo: no restore has left an undo set beside ${target.path}`, {
    hint: 'restore list shows the backups there are',
  });
}
