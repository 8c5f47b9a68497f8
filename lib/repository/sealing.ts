// What every format does where backups are sealed: files and manifests on their way to the store, and back.
import { formatManifest, type Manifest } from '../backup/manifest.ts';
import { formatSealedManifest, sealableBytesMax, sealedManifest } from '../backup/sealed-manifest.ts';
import type { StoredObject } from '../backup/stored-part.ts';
import { OpsError } from '../base/errors.ts';
import type { FileDigest } from '../files/digest.ts';
import { requireSpace } from '../files/space.ts';
import type { Opening, Seal } from '../seal/seal.ts';
import { BadBackup } from './bad-backup.ts';
import type { RepositoryOptions } from './options.ts';
import { rememberManifest } from './remembered-manifests.ts';

type Work = Pick<RepositoryOptions, 'naming' | 'progress' | 'signal'>;

/**
 * Seals a file to `target`, which must not exist. Room is asked for first. What comes out can never be made again: whoever puts it
 * keeps it until the manifest stands, or begins anew.
 */
export async function sealObject(
  seal: Seal,
  from: FileDigest,
  target: string,
  { naming, progress, signal }: Work,
): Promise<FileDigest> {
  await requireSpace({
    directory: target,
    neededBytes: from.sizeBytes,
    purpose: `seal a backup of ${naming.app}`,
  });
  progress.start(`${naming.app}: sealing`, from.sizeBytes);
  try {
    return await seal.sealFile(from.path, target, { signal, onProgress: (done) => progress.update(done) });
  } finally {
    progress.end();
  }
}

/** The object of that name that has the bytes of `file`. */
export function storedObject(name: string, { sizeBytes, sha256, contentHash }: FileDigest): StoredObject {
  return { name, sizeBytes, sha256, contentHash };
}

/**
 * The text of a manifest as it is put: for a sealed backup only what everybody may read of it is in clear, and this machine
 * remembers the rest. Throws what `formatManifest` does.
 */
export async function manifestText(
  options: Pick<RepositoryOptions, 'seal' | 'stateDirectory' | 'naming'>,
  manifest: Manifest,
): Promise<string> {
  const { seal } = options;
  if (manifest.stored?.recipients === undefined) return formatManifest(manifest);
  if (seal === undefined) throw new Error(`${manifest.backup} is to be sealed, and nothing seals`);
  const text = formatManifest(manifest, { bytesMax: sealableBytesMax });
  const sealed = Buffer.from(await seal.sealText(text)).toString('base64');
  await rememberManifest(options, manifest, text);
  return formatSealedManifest(sealedManifest(manifest, sealed));
}

/** What is to be opened, and of which backup. */
export interface SealedFile {
  path: string;
  backup: string;
  /** The public keys that its manifest names; undefined where there is none. */
  recipients: readonly string[] | undefined;
}

/**
 * Opens a fetched object to `target`, which must not exist. Its bytes are those of the manifest: whoever has not looked
 * cannot tell altered ones from others. Throws OpsError `denied` without an identity, or with another than it is sealed for, and BadBackup.
 */
export async function openObject(
  options: Pick<RepositoryOptions, 'opening' | 'signal'>,
  { path, backup, recipients }: SealedFile,
  target: string,
): Promise<FileDigest> {
  const opening = await requireOpening(options, { backup, recipients });
  try {
    return await opening.openFile(path, target, { signal: options.signal });
  } catch (error) {
    throw asOpened(error, { backup, recipients, given: opening.recipients });
  }
}

/** What opens it, asked for where somebody can be asked. Throws OpsError `denied` where no identity was given, or one of other keys. */
export async function requireOpening(
  { opening }: Pick<RepositoryOptions, 'opening'>,
  { backup, recipients }: Omit<SealedFile, 'path'>,
): Promise<Opening> {
  if (opening === undefined) throw notOpened(backup, recipients, noIdentity);
  try {
    await opening.ready?.();
  } catch (error) {
    throw asOpened(error, { backup, recipients, given: opening.recipients });
  }
  const given = opening.recipients;
  if (recipients === undefined || given.some((key) => recipients.includes(key))) return opening;
  throw notOpened(backup, recipients, otherKeys(given));
}

function otherKeys(given: readonly string[]): string {
  return `the identity that was given opens what is sealed for ${given.join(', ')}`;
}

const noIdentity = 'no identity was given';

/** What went wrong with an opening, said of the backup that was to be opened. */
function asOpened(
  error: unknown,
  {
    backup,
    recipients,
    given,
  }: { backup: string; recipients: readonly string[] | undefined; given: readonly string[] },
): unknown {
  if (!(error instanceof OpsError)) return error;
  if (error.kind === 'damaged')
    return new BadBackup(backup, `cannot open ${backup}: it is not what was sealed`, { cause: error });
  if (error.kind !== 'denied') return error;
  if (given.length === 0) return notOpened(backup, recipients, noIdentity);
  return notOpened(backup, recipients, otherKeys(given));
}

function notOpened(backup: string, recipients: readonly string[] | undefined, cause: string): OpsError {
  const sealed = recipients === undefined ? 'sealed' : `sealed for ${recipients.join(', ')}`;
  return new OpsError('denied', `cannot open ${backup}: it is ${sealed}, and ${cause}`, {
    hint: 'name a file with the identity of one of these keys: --identity <file>; it is on the page for the safe',
  });
}
