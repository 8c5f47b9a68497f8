// restore run: choose, fetch, prove, ask, replace, and undo it when the app is not well afterwards.
import { dirname, resolve } from 'node:path';
import { OpsError } from '../../lib/base/errors.ts';
import type { GuardedApp } from '../../lib/config/config.ts';
import { inspectSet } from '../../lib/placement/database-set.ts';
import { type Ownership, ownershipOf } from '../../lib/placement/ownership.ts';
import { locateTarget } from '../../lib/placement/target.ts';
import { complete } from '../../lib/placement/recovery.ts';
import { placeNew, requireFree } from '../../lib/placement/place-new.ts';
import { makeStaging, removeLeftStaging, removeStaging, type Staging } from '../../lib/placement/staging.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { CommandRun, Input, Outcome } from '../../lib/run/job.ts';
import { sizeIfThere } from '../../lib/files/size.ts';
import { keepJournalMode } from './steps/journal-mode.ts';
import { chooseEntry, requireRestorable } from '../steps/choose-entry.ts';
import { selectedApp } from '../steps/each-app.ts';
import type { Proof } from '../steps/prove-stored.ts';
import { type Replaced, replaceDatabase } from './steps/replace-database.ts';
import { settleEarlier } from './steps/settle.ts';
import { stageBackup } from './steps/stage-backup.ts';
import { undoPlacement } from './steps/undo-placement.ts';
import { proofLines } from '../steps/words.ts';
import { run as plan } from './plan.ts';

export const run: CommandRun = async (context, input) => {
  if (input.dryRun) return plan(context, input);
  const app = selectedApp(context, input);
  const to = input.option('to');
  return to === undefined ? restoreInPlace(context, app, input) : restoreTo(context, app, input, resolve(to));
};

/** `--to`: a new file. The live database, its lock and its services are not touched. */
async function restoreTo(context: JobContext, app: GuardedApp, input: Input, path: string): Promise<Outcome> {
  const store = await context.openStore();
  const choice = await choose(context, app, input);
  const target = await locateTarget(path);
  await requireFree(target);
  const staging = await makeStaging(target);
  try {
    const proof = await stageBackup(context, store, app, choice, staging);
    await placeNew(staging.database, target);
    context.noteLeft(`${target} is complete`);
    return {
      result: { app: app.name, backup: choice.entry.name, target, proven: proof.proven },
      lines: [...proofLines(app.name, proof), `${app.name}: restored to ${target}`],
      badNews: false,
    };
  } finally {
    await removeStaging(staging.directory);
  }
}

async function restoreInPlace(context: JobContext, app: GuardedApp, input: Input): Promise<Outcome> {
  const target = await locateTarget(app.database);
  await using lock = await context.lock(app, 'restore run');
  void lock;
  await inspectSet(target); // refuses a directory, and a pipe, on which everything that reads it would hang
  const settled = await settleEarlier(context, app, target);
  const choice = await choose(context, app, input);
  await requireConsent(context, app, input, choice.entry.name, target);
  await removeLeftStaging(target);
  const staging = await makeStaging(target);
  try {
    const proof = await stageBackup(context, await context.openStore(), app, choice, staging);
    await keepJournalMode(target, staging.database);
    const ownership = await ownershipFor(target, proof);
    const replaced = await replaceDatabase(context, {
      app,
      target,
      staging,
      source: choice.entry.name,
      ownership,
    });
    context.noteLeft(`${choice.entry.name} is in place at ${target}`);
    if (replaced.health === 'unwell')
      return await undoUnwell(context, app, target, choice.entry.name, replaced, settled);
    await complete(target);
    return success(app, target, choice.entry.name, proof, replaced, settled);
  } finally {
    await removeQuietly(context, staging);
  }
}

/**
 * R5. What is in place decides, and the placement sees to it. Where nothing is left, the backup knows how its
 * database belonged; where it does not, the directory's owner is the best guess there is.
 */
async function ownershipFor(target: string, { manifest }: Proof): Promise<Ownership | undefined> {
  if ((await sizeIfThere(target)) !== undefined) return undefined;
  if (manifest?.ownership !== undefined) return manifest.ownership;
  const { uid, gid, mode } = await ownershipOf(dirname(target));
  return { uid, gid, mode: mode & 0o666 };
}

async function choose(context: JobContext, app: GuardedApp, input: Input) {
  const choice = await chooseEntry(context, await context.openStore(), app, input);
  return { ...choice, entry: requireRestorable(choice.entry, input.flag('unproven')) };
}

async function requireConsent(
  context: JobContext,
  app: GuardedApp,
  input: Input,
  backup: string,
  target: string,
): Promise<void> {
  if (input.flag('yes')) return;
  const services = context.services(app).describe();
  context.log.info(`${app.name}: ${target} will be replaced by ${backup}; it moves aside as an undo set`, {
    services,
  });
  if (await context.confirm('Replace the live database?')) return;
  throw new OpsError('usage', `cannot replace ${target} without consent`, {
    hint: 'say yes when asked, or add --yes; restore plan shows what would happen',
  });
}

/** R4: a restore that leaves the app unwell undoes itself. */
async function undoUnwell(
  context: JobContext,
  app: GuardedApp,
  target: string,
  backup: string,
  replaced: Replaced,
  settled: string[],
): Promise<Outcome> {
  context.log.error(`${app.name}: the app is not well with ${backup}: ${replaced.detail}`);
  if (replaced.undo === undefined) {
    await complete(target);
    return {
      result: { app: app.name, backup, target, ...replaced, undone: false, settled },
      lines: [
        `${app.name}: ${backup} is in place, but the app is NOT WELL: ${replaced.detail}; there was nothing to go back to`,
      ],
      badNews: true,
    };
  }
  const back = await undoPlacement(context, app, target, replaced.undo);
  const after = back.health === 'unwell' ? `, and the app is still NOT WELL: ${back.detail}` : '';
  return {
    result: { app: app.name, backup, target, ...replaced, undone: true, settled, afterUndo: back },
    lines: [
      `${app.name}: NOT RESTORED: the app was not well with ${backup}: ${replaced.detail}`,
      `${app.name}: the database from before is in place again${after}`,
      ...(back.undo === undefined ? [] : [`${app.name}: what was tried is kept in ${back.undo}`]),
    ],
    badNews: true,
  };
}

function success(
  app: GuardedApp,
  target: string,
  backup: string,
  proof: Proof,
  replaced: Replaced,
  settled: string[],
): Outcome {
  const { undo, previous, health, detail } = replaced;
  return {
    result: { app: app.name, backup, target, proven: proof.proven, ...replaced, settled },
    lines: [
      ...settled.map((sentence) => `${app.name}: ${sentence}`),
      ...proofLines(app.name, proof),
      `${app.name}: restored ${backup} to ${target}`,
      ...(undo === undefined
        ? []
        : [`${app.name}: the database from before is in ${undo}; restore undo brings it back`]),
      ...(previous === 'damaged'
        ? [`${app.name}: the database from before was damaged; its files are kept as they were`]
        : []),
      ...(health === 'well' ? [`${app.name}: the app is well: ${detail}`] : []),
    ],
    badNews: false,
  };
}

async function removeQuietly({ log }: JobContext, staging: Staging): Promise<void> {
  await removeStaging(staging.directory).catch(() => {
    log.warn('a staging directory could not be removed; the next restore will', { path: staging.directory });
  });
}
