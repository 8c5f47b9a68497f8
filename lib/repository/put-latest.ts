// The latest copy by itself: a file that a person can open, or their age file.
import { OpsError } from '../base/errors.ts';
import type { FileDigest } from '../files/digest.ts';
import type { RepositoryOptions } from './options.ts';
import type { NewBackup } from './repository.ts';
import { sealObject } from './sealing.ts';

/** Refreshes it where one is kept. Why it could not be, where its name is what is in the way; all else is thrown. */
export async function putLatest(
  options: RepositoryOptions,
  { file, scratch }: Pick<NewBackup, 'file' | 'scratch'>,
  { consume = false } = {},
): Promise<OpsError | undefined> {
  const { naming, seal } = options;
  if (naming.latestName === '') return undefined;
  const sent = seal === undefined ? file : await sealObject(seal, file, scratch.file('latest.age'), options);
  return sendLatest(options, sent, { consume: consume || sent !== file });
}

/** The same of a file that is as it has to lie in the store. */
export async function sendLatest(
  { store, naming: { app, latestName }, progress, signal, noteLeft }: RepositoryOptions,
  sent: FileDigest,
  { consume }: { consume: boolean },
): Promise<OpsError | undefined> {
  progress.start(`${app}: storing`, sent.sizeBytes);
  try {
    await store.put(latestName, sent, {
      replace: true,
      consume,
      signal,
      onProgress: (bytes) => progress.update(bytes),
    });
  } catch (error) {
    if (error instanceof OpsError && (error.kind === 'refused' || error.kind === 'usage')) return error;
    throw error;
  } finally {
    progress.end();
  }
  noteLeft(`the latest copy ${latestName} is up to date`);
  return undefined;
}
