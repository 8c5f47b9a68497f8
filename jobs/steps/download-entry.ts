// A file of the store, copied to a new path and compared with its manifest.
import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { CatalogueEntry } from '../../lib/backup/catalogue.ts';
import { errorCode, OpsError, systemError } from '../../lib/base/errors.ts';
import { formatBytes } from '../../lib/base/format.ts';
import { requireSpace } from '../../lib/files/space.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome } from '../../lib/run/job.ts';
import type { Store } from '../../lib/store/store.ts';

/** Downloads `entry` to `given`, which must not exist or be a directory; a dry run only looks. */
export async function downloadEntry(
  context: JobContext,
  store: Store,
  entry: CatalogueEntry,
  given: string,
  dryRun: boolean,
): Promise<Outcome> {
  const target = await targetPath(given, entry.name);
  await requireSpace({ directory: target, neededBytes: entry.sizeBytes, purpose: `download ${entry.name}` });
  if (dryRun) {
    return {
      result: { name: entry.name, target, sizeBytes: entry.sizeBytes, dryRun: true },
      lines: [`would download ${entry.name} (${formatBytes(entry.sizeBytes)}) to ${target}`],
      badNews: false,
    };
  }
  context.progress.start('downloading', entry.sizeBytes);
  const digest = await store.get(entry.name, target, {
    signal: context.signal,
    onProgress: (done) => context.progress.update(done),
  });
  context.progress.end();
  const { sizeBytes, sha256 } = digest;
  const altered = entry.manifest !== undefined && entry.manifest.sha256 !== sha256;
  return {
    result: { name: entry.name, target, sizeBytes, sha256, state: entry.state, altered },
    lines: [
      `downloaded ${entry.name} (${formatBytes(sizeBytes)}, ${entry.state}) to ${target}`,
      ...(altered ? ['its bytes are NOT those of its manifest: do not trust this file'] : []),
    ],
    badNews: altered,
  };
}

/** As with cp: an existing directory takes the file under its own name. */
async function targetPath(given: string, name: string): Promise<string> {
  if (given === '' || given.includes('\0'))
    throw new OpsError('usage', 'cannot download to a path that is no path');
  const path = resolve(given);
  try {
    return (await stat(path)).isDirectory() ? join(path, basename(name)) : path;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return path;
    throw systemError(`download to ${path}`, error);
  }
}
