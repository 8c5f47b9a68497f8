// Putting an undo set back: proven and placed exactly like a backup, so that an undo can be undone as well.
import { basename } from 'node:path';
import { OpsError } from '../../../lib/base/errors.ts';
import type { GuardedApp } from '../../../lib/config/config.ts';
import { digestFile } from '../../../lib/files/hash-file.ts';
import { prepareUndo } from '../../../lib/placement/prepare-undo.ts';
import { makeStaging, removeStaging } from '../../../lib/placement/staging.ts';
import { listUndoSets, type UsableUndoSet } from '../../../lib/placement/undo-list.ts';
import { proveFile } from '../../../lib/repository/proof.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import { mergeSet } from '../../../lib/sqlite/merge.ts';
import { type Replaced, startAndProbe, stopAndPlace } from './replace-database.ts';

/** Places the undo set at `path`. Throws OpsError; then what was in place still is. */
export async function undoPlacement(
  context: JobContext,
  app: GuardedApp,
  target: string,
  path: string,
): Promise<Replaced> {
  const set = await requireUsable(target, path);
  const staging = await makeStaging(target);
  try {
    await prepareUndo(set, staging, async (copy) => ((await mergeSet(copy)) ? copy : undefined));
    await warnWhenUnsound(context, app, set, staging.database);
    using open = await stopAndPlace(context, {
      app,
      target,
      staging,
      source: set.name,
      ownership: set.record.ownership,
      undoSet: set,
    });
    const wellness = await startAndProbe(context, app);
    await open.keep(); // well or not: it is what was asked for, and what it replaced is kept as well
    return { ...open.placement, ...wellness };
  } finally {
    await removeStaging(staging.directory);
  }
}

/** The database from before may well have been damaged: that is why it was replaced. It is the operator's to decide. */
async function warnWhenUnsound(
  context: JobContext,
  app: GuardedApp,
  set: UsableUndoSet,
  path: string,
): Promise<void> {
  const { signal, progress } = context;
  const file = await digestFile(path, { signal });
  const options = { signal, progress, task: `${app.name}: checking` };
  const proof = await proveFile(file, { name: set.name }, context.source(app), options);
  for (const problem of proof.problems) context.log.warn(`${set.name} is damaged: ${problem}`);
}

async function requireUsable(target: string, path: string): Promise<UsableUndoSet> {
  const set = (await listUndoSets(target)).find(({ name }) => name === basename(path));
  if (set?.usable === true) return set;
  throw new OpsError('missing', `cannot undo with ${basename(path)}: ${set?.problem ?? 'it is not there'}`, {
    hint: 'restore status shows the undo sets there are',
  });
}
