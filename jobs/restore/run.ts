// restore run: choose, fetch, prove, ask, replace, and undo it when the app is not well afterwards.
import { resolve } from 'node:path';
import { OpsError } from '../../lib/base/errors.ts';
import { shellWord } from '../../lib/base/shell-word.ts';
import type { Finding } from '../../lib/base/finding.ts';
import type { FileApp } from '../../lib/config/config.ts';
import { inspectSet } from '../../lib/placement/database-set.ts';
import { inKnownPaths } from '../../lib/files/held-directory.ts';
import { silentLog } from '../../lib/base/log.ts';
import { type LocatedFile, locateFile } from '../../lib/files/locate-file.ts';
import { missingDirectory } from '../../lib/placement/missing-directory.ts';
import { requireNoHolders } from '../../lib/placement/readiness.ts';
import { requireFree } from '../../lib/placement/place-new.ts';
import { stagingIn } from '../../lib/placement/staging.ts';
import type { Proof } from '../../lib/repository/proof.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import { keepJournalMode } from '../../lib/sqlite/journal-mode.ts';
import { chooseEntry, requireRestorable } from '../steps/choose-entry.ts';
import { requireFileApp } from '../steps/each-app.ts';
import { requirePlace, restorableApp } from '../steps/restorable-apps.ts';
import { goneDirectory, requireDirectory } from './steps/database-directory.ts';
import {
  type Choice,
  type PassedOver,
  passedOverFindings,
  passedOverLines,
  withSoundBackup,
} from './steps/next-sound.ts';
import { planLines } from './steps/plan-words.ts';
import { type PlanOrder, planRestore } from './steps/restore-plan.ts';
import { journalModeOf, placeCopy } from '../steps/place-copy.ts';
import { proofLines } from '../steps/proof-report.ts';
import type * as parameters from './parameters.ts';
import type { Replaced } from './steps/replace-database.ts';
import { replaceOrUndo } from './steps/replace-or-undo.ts';
import { settleEarlier } from './steps/settle.ts';
import { stageBackup } from './steps/stage-backup.ts';
import { withStaging } from './steps/with-staging.ts';

type Given = Options<typeof parameters.run>;

/** A restore that came to its end. */
interface Restored {
  app: string;
  backup: string;
  target: string;
  /** Whether the backup is in place there: not, where the app was unwell with it and it was undone. */
  isInPlace: boolean;
  proof: Proof;
  /** What became of the database before and of the app; undefined with --to, which touches neither. */
  replaced: Replaced | undefined;
  /** The same for going back. */
  wentBack: Replaced | undefined;
  /** What an earlier restore had left, in sentences. */
  settled: string[];
  /** Newer backups that were not taken, where the backup was not named. */
  passedOver: PassedOver[];
}

export async function run(context: JobContext, options: Given): Promise<Outcome<Restored>> {
  const chosen = await restorableApp(context, options.app);
  const app = requireFileApp(chosen);
  const { to } = options;
  if (to === undefined) requirePlace(chosen);
  const result = await inKnownPaths(() =>
    to === undefined ? restoreInPlace(context, app, options) : restoreTo(context, app, options, resolve(to)),
  );
  return { result, findings: [...passedOverFindings(app.name, result.passedOver), ...findingsOf(result)] };
}

export function text(result: Restored): string[] {
  const { app, passedOver } = result;
  return [...passedOverLines(passedOver).map((line) => `${app}: ${line}`), ...restoredLines(result)];
}

function restoredLines(result: Restored): string[] {
  const { app, backup, target, isInPlace, proof, replaced, settled } = result;
  if (replaced === undefined) return [...proofLines(app, proof), `${app}: restored to ${target}`];
  if (!isInPlace || replaced.health === 'unwell') return unwellLines(result, replaced);
  const { undo, previous, health, detail, notCarried } = replaced;
  return [
    ...settled.map((sentence) => `${app}: ${sentence}`),
    ...proofLines(app, proof),
    `${app}: restored ${backup} to ${target}`,
    ...notCarried.map((what) => `${app}: NOT carried over: ${what}`),
    ...(undo === undefined
      ? []
      : [`${app}: the database from before is in ${undo}; restore undo brings it back`]),
    ...(previous === 'damaged'
      ? [`${app}: the database from before was damaged; its files are kept as they were`]
      : []),
    ...(health === 'well' ? [`${app}: the app is well: ${detail}`] : []),
  ];
}

function unwellLines({ app, backup, isInPlace, wentBack }: Restored, { detail }: Replaced): string[] {
  if (isInPlace) {
    return [
      `${app}: ${backup} is in place, but the app is NOT WELL: ${detail}; there was nothing to go back to`,
    ];
  }
  const after = wentBack?.health === 'unwell' ? `, and the app is still NOT WELL: ${wentBack.detail}` : '';
  return [
    `${app}: NOT RESTORED: the app was not well with ${backup}: ${detail}`,
    `${app}: the database from before is in place again${after}`,
    ...(wentBack?.undo === undefined ? [] : [`${app}: what was tried is kept in ${wentBack.undo}`]),
  ];
}

function findingsOf(result: Restored): Finding[] {
  const { app, replaced } = result;
  if (replaced?.health !== 'unwell') return [];
  const message = unwellLines(result, replaced).map((line) => line.slice(`${app}: `.length));
  const hint = `restore status --app ${app}`;
  return [{ subject: app, severity: 'critical', message: message.join('; '), hint }];
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
  if (!options.yes) await requireConsent(context, app, choice, target.path);
  return await withStaging(context, target, async (staging) => {
    const { proof, manifest } = await stageBackup(context, app, choice, staging, options);
    await keepJournalMode(target.directory.at(target.name), staging.database, journalModeOf(manifest));
    const ownership = target.exists ? undefined : manifest?.ownership;
    const went = await replaceOrUndo(context, { app, target, staging, source: backup, ownership });
    return {
      ...restored(app, target.path, backup, proof, []),
      ...went,
      isInPlace: went.wentBack === undefined,
    };
  });
}

function restored(app: FileApp, target: string, backup: string, proof: Proof, settled: string[]) {
  return {
    app: app.name,
    backup,
    target,
    isInPlace: true,
    proof,
    wentBack: undefined,
    settled,
  };
}

async function choose(context: JobContext, app: FileApp, options: Given) {
  const choice = await chooseEntry(context, await context.openStore(), app, options);
  if (choice.asOf !== undefined)
    context.log.info(`${app.name}: as of ${choice.asOf.said}`, { backup: choice.entry.name });
  return { ...choice, entry: requireRestorable(app, choice.entry, options.unproven) };
}

/** The directory of the database is gone: whose it was is read off the backup. */
async function makeDirectory(context: JobContext, app: FileApp, options: Given): Promise<void> {
  const { entry, entries } = await choose(context, app, options);
  const gone = await goneDirectory(app, entry, entries);
  if (gone !== undefined) await requireDirectory(context, app, gone, { ...options, backup: entry.name });
}

async function requireConsent(
  context: JobContext,
  app: FileApp,
  choice: Pick<PlanOrder, 'entry' | 'entries' | 'asOf'>,
  target: string,
): Promise<void> {
  const { plan } = await planRestore(context, { app, ...choice, to: undefined });
  const view = { now: context.clock.now(), timeZone: context.config.timeZone, findings: [] };
  for (const line of planLines(plan, view)) context.log.info(`${app.name}: ${line}`);
  if (await context.confirm('Replace the live database?')) return;
  throw new OpsError('usage', `cannot replace ${target} without consent`, {
    hint: `say yes when asked, or add --yes; restore plan ${shellWord(choice.entry.name)} shows what would happen`,
  });
}
