// A plain file that was sealed: fetched beside its target, proven by its hash, and opened there.
import type { FileDigest } from '../../files/digest.ts';
import { removeQuietly } from '../../files/publish-file.ts';
import { requireSpace } from '../../files/space.ts';
import { BadBackup } from '../bad-backup.ts';
import type { Listed } from '../format.ts';
import { openSealed } from '../open-manifests.ts';
import type { RepositoryOptions } from '../options.ts';
import type { Fetched } from '../repository.ts';
import { openObject, requireOpening } from '../sealing.ts';
import { requireUnaltered } from '../stored-bytes.ts';

/**
 * The database in a sealed backup, or in any other sealed file of the store. What was altered in the store is BadBackup before anything
 * is opened; that no identity opens it is OpsError `denied`, where none was given before anything is fetched.
 */
export async function fetchSealed(
  options: RepositoryOptions,
  { name, sizeBytes }: Fetched,
  target: string,
  listed: () => Promise<Listed>,
): Promise<FileDigest> {
  const { store, naming, signal, progress } = options;
  const sealed = (await listed()).entries.find((entry) => entry.name === name)?.sealed;
  const recipients = sealed?.stored.recipients;
  await requireOpening(options, { backup: name, recipients });
  await requireSpace({ directory: target, neededBytes: 2 * sizeBytes, purpose: `fetch and open ${name}` });
  const path = `${target}.age`;
  try {
    progress.start(`${naming.app}: fetching`, sizeBytes);
    const file = await store.get(name, path, { signal, onProgress: (done) => progress.update(done) });
    progress.end();
    const object = sealed?.stored.objects[0];
    if (object !== undefined) requireUnaltered(name, file, object);
    const opened = await openObject(options, { path, backup: name, recipients }, target);
    const manifest = sealed === undefined ? undefined : await openSealed(options, sealed);
    if (manifest === undefined || manifest.sha256 === opened.sha256) return opened;
    await removeQuietly(target);
    throw new BadBackup(name, `cannot use ${name}: what was sealed is not what its manifest says`);
  } finally {
    await removeQuietly(path);
  }
}
