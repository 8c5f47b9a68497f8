// What is in sealed manifests, as far as this machine can know: what it has sealed itself it remembers, the rest takes an identity.
import { type Manifest, parseManifest } from '../backup/manifest.ts';
import type { ReadManifest } from '../backup/judge-file.ts';
import {
  isSealed,
  requireOwnText,
  sealableBytesMax,
  type SealedManifest,
} from '../backup/sealed-manifest.ts';
import { OpsError } from '../base/errors.ts';
import type { RepositoryOptions } from './options.ts';
import { rememberedManifest } from './remembered-manifests.ts';

/**
 * The manifests that could be opened, by the name of the backup; and of each that is not what it should be why: by the name under
 * which it was read.
 */
export async function openManifests(
  options: Pick<RepositoryOptions, 'opening' | 'stateDirectory' | 'naming'>,
  manifests: ReadonlyMap<string, ReadManifest>,
): Promise<{ opened: Map<string, Manifest>; flawed: Map<string, OpsError> }> {
  const opened = new Map<string, Manifest>();
  const flawed = new Map<string, OpsError>();
  for (const [name, read] of manifests) {
    if (read instanceof Error || !isSealed(read) || read.app !== options.naming.app) continue;
    try {
      const manifest = (await rememberedManifest(options, read)) ?? (await openSealed(options, read));
      if (manifest !== undefined) opened.set(read.backup, manifest);
    } catch (error) {
      if (!(error instanceof OpsError) || error.kind !== 'damaged') throw error;
      flawed.set(name, error);
    }
  }
  return { opened, flawed };
}

/** What is sealed in a manifest; undefined where no identity here opens it. Throws OpsError `damaged`. */
export async function openSealed(
  { opening }: Pick<RepositoryOptions, 'opening'>,
  sealed: SealedManifest,
): Promise<Manifest | undefined> {
  if (opening === undefined) return undefined;
  try {
    const text = await opening.openText(Buffer.from(sealed.sealed, 'base64'), sealableBytesMax);
    return requireOwnText(sealed, parseManifest(text, sealed.backup));
  } catch (error) {
    if (!(error instanceof OpsError) || error.kind === 'damaged') throw damagedText(sealed, error);
    if (error.kind === 'denied') return undefined;
    throw error;
  }
}

function damagedText({ backup }: SealedManifest, error: unknown): unknown {
  if (!(error instanceof OpsError)) return error;
  return new OpsError('damaged', `cannot use the manifest of ${backup}: its sealed part is damaged`, {
    cause: error,
  });
}
