// Everything of a backup in pages, made in the spool before anything of it is put: what is sealed can never be made again.
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import type { Manifest } from '../../backup/manifest.ts';
import { parseAnyManifest } from '../../backup/sealed-manifest.ts';
import { canBeBase } from '../../backup/pages-policy.ts';
import { partName } from '../../backup/name.ts';
import type { PagesPart } from '../../backup/stored-part.ts';
import { errorMessage, OpsError, systemError } from '../../base/errors.ts';
import type { FileDigest } from '../../files/digest.ts';
import { requireSpace } from '../../files/space.ts';
import type { RepositoryOptions } from '../options.ts';
import { manifestText, sealObject, storedObject } from '../sealing.ts';
import { type EncodeOptions, encodePages } from './encode.ts';
import type { PageDigests } from './page-digests.ts';
import { countPages } from './page-runs.ts';
import type { PagesState } from './pages-state.ts';
import type { PlannedPlace } from './plan-place.ts';
import { placeOf, type Spooled } from './spooled.ts';

/** What is to be stored: a proven copy, and the pages it is made of. */
export interface Wanted {
  file: FileDigest;
  /** As it was measured, without how it is stored. */
  manifest: Manifest;
  digests: PageDigests;
}

/** A complete spool, and what is known of its files. */
export interface MadeSpool {
  spooled: Spooled;
  /** As it will be listed, by the one who opens it where it is sealed. */
  manifest: Manifest;
  /** By the name of the object. */
  files: ReadonlyMap<string, FileDigest>;
}

/** Makes the objects and the manifest, durably. On any failure the spool is not complete, and the next run removes it. */
export async function makeSpool(
  { options, state }: { options: RepositoryOptions; state: PagesState },
  wanted: Wanted,
  place: PlannedPlace,
  waitsBecause?: string,
): Promise<MadeSpool> {
  const { seal, pages: policy, signal } = options;
  const { file, digests } = wanted;
  const { backup, suspect } = wanted.manifest;
  const directory = await state.makeSpool(backup);
  const level = place.kind === 'full' ? 0 : place.place.level;
  const isBase = suspect.length === 0 && canBeBase(level, policy.levels);
  const keepsFull = place.kind === 'full' && isBase && policy.keepsFull;
  await requireRoomFor(options, directory, wanted, { place, keepsFull });
  const files = await makeObjects({ options, state }, directory, wanted, place);
  const manifest: Manifest = {
    ...wanted.manifest,
    stored: {
      objects: [...files].map(([name, digest]) => storedObject(name, digest)),
      pages: pagesPart(place, digests),
      recipients: seal && [...seal.recipients],
    },
  };
  const text = await manifestText(options, manifest);
  const { pageSize, pageCount } = digests;
  const spooled: Spooled = {
    ...{ text, manifest: parseAnyManifest(text, backup) },
    ...{ pageSize, pageCount, keepsFull, waitsBecause },
  };
  if (isBase) await state.spoolDigests({ backup: placeOf(spooled).link, digests });
  if (keepsFull) await state.spoolFull(backup, file, signal);
  await state.completeSpool(spooled);
  return { spooled, manifest, files };
}

/** Without the full that is kept here an increment is larger, and nothing else: one that is damaged is not worth a failure. */
async function makeObjects(
  { options, state }: { options: RepositoryOptions; state: PagesState },
  directory: string,
  wanted: Wanted,
  place: PlannedPlace,
): Promise<Map<string, FileDigest>> {
  const digestsOfFull = place.kind === 'increment' ? place.digestsOfFull : undefined;
  const keptFull =
    options.pages.keepsFull && digestsOfFull !== undefined && (await state.hasFull())
      ? { path: state.fullPath, digests: digestsOfFull }
      : undefined;
  if (keptFull === undefined) return makeWith(options, directory, wanted, { place, keptFull });
  try {
    return await makeWith(options, directory, wanted, { place, keptFull });
  } catch (error) {
    if (!(error instanceof OpsError) || options.signal.aborted) throw error;
    options.log.warn(
      `${options.naming.app}: the full that is kept here cannot be used; increments are larger until the next one`,
      {
        cause: errorMessage(error),
      },
    );
    await state.makeSpool(wanted.manifest.backup);
    return makeWith(options, directory, wanted, { place, keptFull: undefined });
  }
}

async function makeWith(
  options: RepositoryOptions,
  directory: string,
  { file, manifest, digests }: Wanted,
  { place, keptFull }: { place: PlannedPlace; keptFull: EncodeOptions['full'] },
): Promise<Map<string, FileDigest>> {
  const { naming, progress, signal, partBytesMax } = options;
  const files = new Map<string, FileDigest>();
  const { pageSize, pageCount } = digests;
  const pages = place.kind === 'full' ? 'all' : place.pages;
  progress.start(`${naming.app}: packing`, (pages === 'all' ? pageCount : countPages(pages)) * pageSize);
  const made = encodePages({
    ...{ database: file.path, pageSize, pageCount, pages, full: keptFull, directory, partBytesMax, signal },
    onProgress: (doneBytes) => progress.update(doneBytes),
  });
  for await (const object of made)
    files.set(partName(manifest.backup, files.size + 1), await asStored(options, object));
  progress.end();
  return files;
}

/** As it will be put: its clear bytes go once they are sealed. */
async function asStored(options: RepositoryOptions, object: FileDigest): Promise<FileDigest> {
  const { path } = object;
  if (options.seal === undefined) return object;
  const sealed = await sealObject(options.seal, object, `${path}.age`, options);
  await rm(path).catch((error: unknown) => {
    throw systemError(`remove ${path}`, error);
  });
  return sealed;
}

function pagesPart(place: PlannedPlace, { pageCount }: PageDigests): PagesPart {
  if (place.kind === 'full')
    return {
      ...{ series: randomBytes(16).toString('hex'), sequence: 0, level: 0 },
      ...{ full: undefined, base: undefined, changedPages: pageCount },
    };
  const { series, full } = place.series;
  const { base, level, sequence } = place.place;
  return {
    ...{ series, sequence, level },
    full: { name: full.name, id: full.id },
    base: { name: base.name, id: base.id },
    changedPages: countPages(place.pages),
  };
}

/** Asked for before the work: pages that do not compress at all are the worst. */
async function requireRoomFor(
  { seal, naming }: RepositoryOptions,
  directory: string,
  { file, digests }: Wanted,
  { place, keepsFull }: { place: PlannedPlace; keepsFull: boolean },
): Promise<void> {
  const objectsBytes = place.kind === 'full' ? file.sizeBytes : countPages(place.pages) * digests.pageSize;
  const neededBytes = objectsBytes * (seal === undefined ? 1 : 2) + (keepsFull ? file.sizeBytes : 0);
  await requireSpace({ directory, neededBytes, purpose: `make a backup of ${naming.app} in pages` });
}
