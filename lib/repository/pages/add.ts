// From a proven copy to a backup in pages: what it is to be, all of it in the spool, then into the store.
import { storedBytes } from '../../backup/stored-part.ts';
import { isSealedName } from '../../backup/name.ts';
import { errorMessage, OpsError } from '../../base/errors.ts';
import { requireUnchanged } from '../../files/hash-file.ts';
import type { Listed } from '../format.ts';
import { holderOf } from '../holder.ts';
import type { RepositoryOptions } from '../options.ts';
import { putLatest } from '../put-latest.ts';
import type { Added, NewBackup } from '../repository.ts';
import {
  CannotStand,
  complete,
  finishSpools,
  type PagesWork,
  remember,
  sendObjects,
  takeBack,
} from './finish.ts';
import { goOnWithFull } from './full-under-way.ts';
import { type MadeSpool, makeSpool, type Wanted } from './make-spool.ts';
import { digestPages, type PageDigests } from './page-digests.ts';
import { type PlannedPlace, planPlace } from './plan-place.ts';

/** What it builds on may go while it is made, once by another run; more often is somebody's fault. */
const attemptsMax = 3;

/** Adds the backup; see the contract. `look` lists the store afresh. */
export async function addInPages(
  work: PagesWork,
  backup: NewBackup,
  look: () => Promise<Listed>,
): Promise<Added> {
  const { options } = work;
  const { file, manifest } = backup;
  if (isSealedName(manifest.backup) !== (options.seal !== undefined))
    throw new Error(`${manifest.backup} is not called as it is to be stored`);
  if (manifest.engine !== 'sqlite') throw new Error(`${manifest.backup} has no pages`);
  await finishSpools(work);
  await requireFree(work, manifest.backup);
  const wanted: Wanted = { file, manifest, digests: await digestsOf(options, backup, manifest.pageSize) };
  const latest = { isDone: !backup.refreshLatest, blocked: undefined as OpsError | undefined };
  for (let attempt = 1; ; attempt += 1) {
    const place = await planPlace(options, work.state, { ...wanted, entries: (await look()).entries });
    const made = await makeSpool(work, wanted, place);
    try {
      await publish(work, made, async () => {
        if (!latest.isDone) latest.blocked = await putLatest(options, backup);
        latest.isDone = true;
      });
    } catch (error) {
      if (!(error instanceof CannotStand) || attempt === attemptsMax) throw error;
      options.log.warn(
        `${manifest.app}: what the backup was based on changed while it was made; it is made anew`,
        {
          why: error.message,
        },
      );
      continue;
    }
    const underWay = await goOnWithFull(work, { ...backup, wanted, place });
    return addedOf(made, place, { blocked: latest.blocked, underWay });
  }
}

/** Those that came with it, where it is still the file that was hashed then. */
async function digestsOf(
  { signal, progress }: RepositoryOptions,
  { file, manifest, pages }: NewBackup,
  pageSize: number,
): Promise<PageDigests> {
  if (pages?.pageSize === pageSize) {
    await requireUnchanged(file, { signal });
    return pages;
  }
  progress.start(`${manifest.app}: comparing`, file.sizeBytes);
  try {
    const onProgress = (doneBytes: number) => progress.update(doneBytes);
    return await digestPages(file.path, { pageSize, signal, onProgress });
  } finally {
    progress.end();
  }
}

/** Before anything is put: a part of what has the name may be gone, and the rest is somebody's all the same. */
async function requireFree({ options: { store } }: PagesWork, backup: string): Promise<void> {
  const holder = await holderOf(store, backup);
  if (holder === undefined) return;
  throw new OpsError('refused', `cannot store ${backup}: ${holder} is in ${store.description} already`, {
    hint: 'choose another name; backups are never overwritten',
  });
}

/** The latest copy first, as long as nothing depends on it. */
async function publish(
  work: PagesWork,
  { spooled, files }: MadeSpool,
  refreshLatest: () => Promise<void>,
): Promise<void> {
  const { log, noteLeft } = work.options;
  const { backup } = spooled.manifest;
  const put: string[] = [];
  try {
    await refreshLatest();
    await sendObjects(work, spooled, { files, onPut: (name) => put.push(name) });
    await complete(work, spooled);
  } catch (error) {
    if (!isWorthGoingOn(error, put, files.size)) await takeBack(work, spooled, put);
    else
      noteLeft(`${put.length} of ${files.size} objects of ${backup} are in the store; the next run goes on`);
    throw error;
  }
  await remember(work, spooled).catch((error: unknown) => {
    if (!(error instanceof OpsError)) throw error;
    log.warn(`${backup} stands; what is known of its series could not be written, and the next run does it`, {
      cause: errorMessage(error),
    });
  });
}

/** A long upload goes on where it ended. What was one object is made anew by the next run, and is newer then. */
function isWorthGoingOn(error: unknown, put: readonly string[], all: number): boolean {
  const isFinal = error instanceof CannotStand || (error instanceof OpsError && error.kind === 'refused');
  return all > 1 && put.length > 0 && !isFinal;
}

function addedOf(
  { manifest }: MadeSpool,
  place: PlannedPlace,
  rest: Pick<Added, 'blocked' | 'underWay'>,
): Added {
  const { stored } = manifest;
  return {
    ...rest,
    manifest,
    storedBytes: stored === undefined ? manifest.sizeBytes : storedBytes(stored),
    made: place.kind,
    why: place.kind === 'full' ? place.why : place.place.fullDue,
  };
}
