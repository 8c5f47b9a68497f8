// A file of the store, copied to a new path and compared with its manifest.
import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { BackupState, CatalogueEntry } from '../../lib/backup/catalogue.ts';
import { OpsError, systemError } from '../../lib/base/errors.ts';
import { formatBytes } from '../../lib/base/format.ts';
import { inKnownPaths } from '../../lib/files/held-directory.ts';
import { ifPathThere } from '../../lib/files/if-there.ts';
import { locateDirectory } from '../../lib/files/locate-file.ts';
import { requireNothingAt } from '../../lib/files/publish-file.ts';
import { requireSpace } from '../../lib/files/space.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome } from '../../lib/run/job.ts';
import type { Store } from '../../lib/store/store.ts';

/** A file that was downloaded. */
export interface Download {
  name: string;
  /** The path of the new file. */
  target: string;
  sizeBytes: number;
  sha256: string;
  state: BackupState;
  /** Its bytes are not those of its manifest. */
  altered: boolean;
}

/** A download that was only looked at. */
export type DownloadPlan = Pick<Download, 'name' | 'target' | 'sizeBytes' | 'state'>;

/** Looks where `entry` would go: `given`, which must not exist or be a directory. Throws what the download would. */
export async function planDownload(entry: CatalogueEntry, given: string): Promise<DownloadPlan> {
  const { name, sizeBytes, state } = entry;
  const target = await targetPath(given, name);
  await requireSpace({ directory: target, neededBytes: sizeBytes, purpose: `download ${name}` });
  return { name, target, sizeBytes, state };
}

/** Downloads `entry`. */
export async function downloadEntry(
  context: JobContext,
  store: Store,
  entry: CatalogueEntry,
  given: string,
): Promise<Outcome<Download>> {
  const { name, target, state } = await planDownload(entry, given);
  await using note = await context.noteElsewhere({ scratchIn: dirname(target) });
  void note;
  context.progress.start('downloading', entry.sizeBytes);
  const { sizeBytes, sha256 } = await store.get(name, target, {
    signal: context.signal,
    onProgress: (done) => context.progress.update(done),
  });
  context.progress.end();
  const altered = entry.manifest !== undefined && entry.manifest.sha256 !== sha256;
  const message = `the bytes of ${target} are not those of the manifest of ${name}: do not trust this file`;
  return {
    result: { name, target, sizeBytes, sha256, state, altered },
    findings: altered ? [{ subject: name, severity: 'critical', message }] : [],
  };
}

/** What a person reads of a download. */
export function downloadText({ name, target, sizeBytes, state, altered }: Download): string[] {
  return [
    `downloaded ${name} (${formatBytes(sizeBytes)}, ${state}) to ${target}`,
    ...(altered ? ['its bytes are NOT those of its manifest: do not trust this file'] : []),
  ];
}

export function downloadPlanText({ name, target, sizeBytes }: DownloadPlan): string[] {
  return [`would download ${name} (${formatBytes(sizeBytes)}) to ${target}`];
}

/** As with cp: an existing directory takes the file under its own name. Anything else that exists is refused. */
async function targetPath(given: string, name: string): Promise<string> {
  if (given === '' || given.includes('\0'))
    throw new OpsError('usage', 'cannot download to a path that is no path');
  const path = resolve(given);
  try {
    const target =
      (await ifPathThere(stat(path)))?.isDirectory() === true ? join(path, basename(name)) : path;
    using directory = await locateDirectory(dirname(target));
    const found = join(directory.path, basename(target));
    await inKnownPaths(() => requireNothingAt(directory.at(basename(target))));
    return found;
  } catch (error) {
    throw systemError(`download to ${path}`, error);
  }
}
