// A warm copy, brought into staging and proven there again: it lay in a directory that others write in (R1, R8).
import type { CatalogueEntry } from '../../../lib/backup/catalogue.ts';
import { OpsError } from '../../../lib/base/errors.ts';
import { firstOf } from '../../../lib/base/finding.ts';
import { copyFileDurably } from '../../../lib/files/copy-file.ts';
import type { FileDigest } from '../../../lib/files/digest.ts';
import type { LocatedFile } from '../../../lib/files/locate-file.ts';
import { requireSpace } from '../../../lib/files/space.ts';
import type { Staging } from '../../../lib/placement/staging.ts';
import { wayToWarmCopy } from '../../../lib/placement/warm-copy.ts';
import type { WarmCopy } from '../../../lib/placement/warm-copy-record.ts';
import { type Proof, proveFile, proveHashed } from '../../../lib/repository/proof.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import type { StandbyApp } from './standby-apps.ts';

/** The backup of a warm copy, as a list would show it. */
export function entryOf({ manifest }: WarmCopy): CatalogueEntry {
  const { backup: name, sizeBytes, takenAt } = manifest;
  return { name, sizeBytes, storedBytes: sizeBytes, takenAt, state: 'proven', manifest };
}

/**
 * Copies, and proves by the hash of the bytes that were copied: they are those that were proven when the copy was pulled.
 * Throws OpsError `damaged` where they are not, unless `unproven` takes them all the same, where SQLite finds no damage.
 */
export async function stageWarmCopy(
  context: JobContext,
  app: StandbyApp,
  target: LocatedFile,
  { copy, staging, unproven }: { copy: WarmCopy; staging: Staging; unproven: boolean },
): Promise<Proof> {
  const file = await copied(context, app, target, copy, staging);
  const name = copy.manifest.backup;
  const byHash = proveHashed(file, { name, manifest: copy.manifest });
  if (byHash.sound) return byHash;
  const problem = firstOf(byHash.problems, 'it is not what was proven');
  const proof = unproven ? await checked(context, app, name, file) : byHash;
  if (proof.sound) {
    context.log.warn(`${app.name}: the warm copy is not what was proven: ${problem}`);
    return proof;
  }
  const why = unproven ? firstOf(proof.problems, problem) : problem;
  throw new OpsError('damaged', `cannot promote the warm copy of ${name}: ${why}`, {
    hint:
      `from the store: restore standby --app ${app.name}, and promote again; ` +
      (unproven
        ? `or: restore run latest --app ${app.name}`
        : `to take it as it is, checked by SQLite only: restore promote --unproven --app ${app.name}`),
  });
}

async function copied(
  { progress, signal }: JobContext,
  app: StandbyApp,
  target: LocatedFile,
  copy: WarmCopy,
  staging: Staging,
): Promise<FileDigest> {
  const { sizeBytes } = copy.manifest;
  await requireSpace({
    directory: target.directory.path,
    neededBytes: sizeBytes,
    purpose: `promote the warm copy of ${app.name}`,
  });
  const { at, path, options } = await wayToWarmCopy(target, copy);
  progress.start(`${app.name}: copying`, sizeBytes);
  try {
    const onProgress = (done: number) => progress.update(done);
    const file = await copyFileDurably(at, staging.database, { signal, onProgress, ...options });
    return { ...file, path: staging.path };
  } catch (error) {
    if (!(error instanceof OpsError) || error.kind !== 'missing') throw error;
    throw new OpsError('missing', `cannot promote ${app.name}: its warm copy ${path} is not there`, {
      hint: `from the store: restore run latest --app ${app.name}`,
      cause: error,
    });
  } finally {
    progress.end();
  }
}

function checked(context: JobContext, app: StandbyApp, name: string, file: FileDigest): Promise<Proof> {
  const { signal, progress } = context;
  return proveFile(file, { name }, context.source(app), { signal, progress, task: `${app.name}: checking` });
}
