// restore run: choose, fetch, prove, ask, replace, and undo it when the app is not well afterwards.
import { resolve } from 'node:path';
import type { FileApp, PostgresApp } from '../../lib/config/config.ts';
import { inspectSet } from '../../lib/placement/database-set.ts';
import { inKnownPaths } from '../../lib/files/held-directory.ts';
import { silentLog } from '../../lib/base/log.ts';
import { type LocatedFile, locateFile } from '../../lib/files/locate-file.ts';
import { missingDirectory } from '../../lib/placement/missing-directory.ts';
import { requireNoHolders } from '../../lib/placement/readiness.ts';
import { requireFree } from '../../lib/placement/place-new.ts';
import { stagingIn } from '../../lib/placement/staging.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import type * as parameters from './parameters.ts';
import { requirePlace, restorableApp } from '../steps/restorable-apps.ts';
import { goneDirectory, requireDirectory } from './steps/database-directory.ts';
import { type Choice, passedOverFindings, passedOverLines, withSoundBackup } from './steps/next-sound.ts';
import { planRestore } from './steps/restore-plan.ts';
import { keepModeInPlace, placeCopy } from '../steps/place-copy.ts';
import { replaceOrUndo } from './steps/replace-or-undo.ts';
import { choose, requireConsent, restored, type Restored } from './steps/restored.ts';
import { restoredFindings, restoredLines } from './steps/restored-words.ts';
import { settleEarlier } from './steps/settle.ts';
import { stageBackup } from './steps/stage-backup.ts';
import { withStaging } from './steps/with-staging.ts';

type Given = Options<typeof parameters.run>;

export async function run(context: JobContext, options: Given): Promise<Outcome<Restored>> {
  const app = await restorableApp(context, options.app);
  const { to } = options;
  if (to === undefined) requirePlace(app);
  const { result, findings } =
    app.engine === 'postgres'
      ? await restoreServer(context, app, options)
      : { result: await restoreFile(context, app, options), findings: [] };
  return {
    result,
    findings: [...passedOverFindings(app.name, result.passedOver), ...findings, ...restoredFindings(result)],
  };
}

function restoreFile(context: JobContext, app: FileApp, options: Given): Promise<Restored> {
  const { to } = options;
  return inKnownPaths(() =>
    to === undefined ? restoreInPlace(context, app, options) : restoreTo(context, app, options, resolve(to)),
  );
}

/** What only a server needs is loaded for one. */
async function restoreServer(context: JobContext, app: PostgresApp, options: Given) {
  const { restoreOnServer, restoreToServer } = await import('./steps/restore-on-server.ts');
  const { to } = options;
  return to === undefined
    ? restoreOnServer(context, app, options)
    : restoreToServer(context, app, options, to);
}

export function text(result: Restored): string[] {
  const { app, passedOver } = result;
  return [...passedOverLines(passedOver).map((line) => `${app}: ${line}`), ...restoredLines(result)];
}

/** `--to`: a new file. The live database, its lock and its services are not touched. */
async function restoreTo(context: JobContext, app: FileApp, options: Given, path: string): Promise<Restored> {
  using target = await locateFile(path);
  await requireFree(target, {
    taken:
      'name a file that does not exist; without --to the live database is replaced, and kept as an undo set',
  });
  await using note = await context.noteElsewhere({ scratchIn: target.directory.path });
  void note;
  const chosen = () => choose(context, app, options);
  const { result, passedOver } = await withSoundBackup(context, options, chosen, async (choice) => {
    await using scratch = await context.scratch(target.directory.path);
    const staging = stagingIn(scratch.directory);
    const { proof, manifest } = await stageBackup(context, app, choice, staging, options);
    await placeCopy(context, app, staging, target, manifest);
    return { ...restored(app, target.path, choice.entry.name, proof, []), replaced: undefined };
  });
  context.noteLeft(`${target.path} is complete`);
  return { ...result, passedOver };
}

async function restoreInPlace(context: JobContext, app: FileApp, options: Given): Promise<Restored> {
  await using lock = await context.lock(app, 'restore run');
  void lock;
  if ((await missingDirectory(app.database)) !== undefined) await makeDirectory(context, app, options);
  using target = await locateFile(app.database);
  await inspectSet(target); // refuses a directory, and a pipe, on which everything that reads it would hang
  const settled = await settleEarlier(context, app, target);
  const chosen = () => choose(context, app, options);
  const { result, passedOver } = await withSoundBackup(context, options, chosen, (choice) =>
    restoreChosen(context, app, options, target, choice),
  );
  return { ...result, settled, passedOver };
}

async function restoreChosen(
  context: JobContext,
  app: FileApp,
  options: Given,
  target: LocatedFile,
  choice: Choice,
): Promise<Omit<Restored, 'passedOver'>> {
  const backup = choice.entry.name;
  // What would be refused at the end is refused before anything is fetched.
  if (context.services(app).isNone) await requireNoHolders(target, silentLog);
  if (!options.yes)
    await requireConsent(context, app, (await planRestore(context, { app, ...choice, to: undefined })).plan);
  return await withStaging(context, target, async (staging) => {
    const { proof, manifest } = await stageBackup(context, app, choice, staging, options);
    await keepModeInPlace(target, staging, manifest);
    const ownership = target.exists ? undefined : manifest?.ownership;
    const went = await replaceOrUndo(context, { app, target, staging, source: backup, ownership });
    return {
      ...restored(app, target.path, backup, proof, []),
      ...went,
      isInPlace: went.wentBack === undefined,
    };
  });
}

/** The directory of the database is gone: whose it was is read off the backup. */
async function makeDirectory(context: JobContext, app: FileApp, options: Given): Promise<void> {
  const { entry, entries } = await choose(context, app, options);
  const gone = await goneDirectory(app, entry, entries);
  if (gone !== undefined) await requireDirectory(context, app, gone, { ...options, backup: entry.name });
}
