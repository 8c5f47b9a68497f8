// Putting an undo set back: proven and placed exactly like a backup, so that an undo can be undone as well.
import { basename } from 'node:path';
import { OpsError } from '../../../lib/base/errors.ts';
import type { FileApp } from '../../../lib/config/config.ts';
import type { LocatedFile } from '../../../lib/files/locate-file.ts';
import { digestFile } from '../../../lib/files/hash-file.ts';
import { prepareUndo } from '../../../lib/placement/prepare-undo.ts';
import type { Staging } from '../../../lib/placement/staging.ts';
import { listUndoSets, type UsableUndoSet } from '../../../lib/placement/undo-list.ts';
import { proveFile } from '../../../lib/repository/proof.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import { firstBytes } from '../../../lib/sqlite/first-bytes.ts';
import { parseHeader } from '../../../lib/sqlite/header.ts';
import { type Replaced, startAndProbe, stopAndPlace, workshopOf } from './replace-database.ts';
import { changedWords } from '../../steps/undo-sets.ts';
import { withStaging } from './with-staging.ts';

/** Places the undo set at `path`. Throws OpsError; then what was in place still is. */
export async function undoPlacement(
  context: JobContext,
  app: FileApp,
  target: LocatedFile,
  path: string,
): Promise<Replaced> {
  const set = await requireUsable(target, path);
  if (set.changed) context.log.warn(`${set.name}: ${changedWords}`);
  return withStaging(context, target, async (staging) => {
    await prepareUndo(target, set, staging, workshopOf(context));
    await requireSqlite(set, staging);
    await warnWhenUnsound(context, app, set, staging);
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
    context.noteLeft(`${set.name} is in place at ${target.path}`);
    context.signal.throwIfAborted();
    return { ...open.placement, ...wellness };
  });
}

/** Somebody may have put anything there, and root would hand it to the app. An empty file is an empty database. */
async function requireSqlite({ name, path }: UsableUndoSet, { database }: Staging): Promise<void> {
  const first = await firstBytes(database);
  if (first.length === 0 || parseHeader(first) !== undefined) return;
  throw new OpsError('damaged', `cannot bring back ${name}: what it holds is no SQLite database`, {
    hint: `its files are in ${path}; restore list shows the backups there are`,
  });
}

/** The database from before may well have been damaged: that is why it was replaced. It is the operator's to decide. */
async function warnWhenUnsound(
  context: JobContext,
  app: FileApp,
  set: UsableUndoSet,
  staging: Staging,
): Promise<void> {
  const { signal, progress } = context;
  const file = { ...(await digestFile(staging.database, { signal })), path: staging.path };
  const options = { signal, progress, task: `${app.name}: checking` };
  const proof = await proveFile(file, { name: set.name }, context.source(app), options);
  for (const problem of proof.problems) context.log.warn(`${set.name} is damaged: ${problem}`);
}

async function requireUsable(target: LocatedFile, path: string): Promise<UsableUndoSet> {
  const set = (await listUndoSets(target)).find(({ name }) => name === basename(path));
  if (set?.usable === true) return set;
  throw new OpsError('missing', `cannot undo with ${basename(path)}: ${set?.problem ?? 'it is not there'}`, {
    hint: 'restore status shows the undo sets there are',
  });
}
