// A full that takes several nights: it waits in the spool, complete, and goes on in each window. Increments are made meanwhile on
// the full before it.
import type { Manifest } from '../../backup/manifest.ts';
import { backupName, isSealedName } from '../../backup/name.ts';
import { errorMessage, OpsError } from '../../base/errors.ts';
import { holderOf } from '../holder.ts';
import type { RepositoryOptions } from '../options.ts';
import type { NewBackup, UnderWay } from '../repository.ts';
import { CannotStand, complete, type PagesWork, remember, sendObjects, takeBack } from './finish.ts';
import { makeSpool, type MadeSpool, type Wanted } from './make-spool.ts';
import type { PlannedPlace } from './plan-place.ts';
import { placeOf, type Spooled } from './spooled.ts';

interface Tonight extends Pick<NewBackup, 'until'> {
  wanted: Wanted;
  /** Of the backup that has just been made. */
  place: PlannedPlace;
}

/** The names of two of one instant are a second apart. */
const secondMs = 1000;
const secondsMax = 5;

/**
 * Begins the full that is due, or goes on with the one that waits, until the window closes. How far it is; undefined where none is
 * on its way any more. The backup of tonight stands already: what goes wrong here is said, and costs nothing but the full.
 */
export async function goOnWithFull(work: PagesWork, tonight: Tonight): Promise<UnderWay | undefined> {
  const waiting = await waitingFull(work);
  try {
    if (waiting === undefined) return await beginFull(work, tonight);
    if (tonight.place.kind === 'increment') return await goOn(work, { spooled: waiting }, tonight.until);
    // A newer full stands, which the next ones are based on.
    await takeBack(work, waiting);
    return undefined;
  } catch (error) {
    const { log, signal, naming } = work.options;
    if (!(error instanceof OpsError) || signal.aborted) throw error;
    log.warn(`${naming.app}: the full that is due could not go on`, { cause: errorMessage(error) });
    if (waiting === undefined) return undefined;
    if (error instanceof CannotStand) await takeBack(work, waiting);
    return howFar(work, waiting);
  }
}

async function beginFull(work: PagesWork, { wanted, place, until }: Tonight): Promise<UnderWay | undefined> {
  const due = place.kind === 'increment' ? place.place.fullDue : undefined;
  if (due === undefined || until === undefined || wanted.manifest.suspect.length > 0) return undefined;
  const backup = await nextFreeName(work.options, wanted.manifest);
  if (backup === undefined) return undefined;
  const own = { ...wanted, manifest: { ...wanted.manifest, backup } };
  return goOn(work, await makeSpool(work, own, { kind: 'full', why: due }, due), until);
}

/** Sends what is left, as long as the window is open. */
async function goOn(
  work: PagesWork,
  { spooled, files }: Pick<MadeSpool, 'spooled'> & Partial<MadeSpool>,
  until: Date | undefined,
): Promise<UnderWay | undefined> {
  if (until === undefined) return howFar(work, spooled);
  const { objects } = placeOf(spooled);
  const done = await sendObjects(work, spooled, { files, until });
  if (done < objects.length) return underWay(spooled, done);
  await complete(work, spooled);
  await remember(work, spooled);
  work.options.log.info('a full that was due is complete', { backup: spooled.manifest.backup });
  return undefined;
}

async function waitingFull({ state }: PagesWork): Promise<Spooled | undefined> {
  return (await state.readSpools()).find(({ waitsBecause }) => waitsBecause !== undefined);
}

/** As far as the store can be asked: it may be the one that kept it from going on. */
async function howFar({ options: { store, log, signal } }: PagesWork, spooled: Spooled): Promise<UnderWay> {
  let done = 0;
  try {
    for (const { name, sizeBytes } of placeOf(spooled).objects)
      if ((await store.stat(name))?.sizeBytes === sizeBytes) done += 1;
  } catch (error) {
    if (!(error instanceof OpsError) || signal.aborted) throw error;
    log.debug('not all objects of the full could be asked for', { cause: errorMessage(error) });
  }
  return underWay(spooled, done);
}

function underWay(spooled: Spooled, doneObjects: number): UnderWay {
  return { name: spooled.manifest.backup, doneObjects, allObjects: placeOf(spooled).objects.length };
}

/** Beside the increment of the same instant. */
async function nextFreeName(
  { store, naming }: RepositoryOptions,
  { app, backup, takenAt }: Manifest,
): Promise<string | undefined> {
  for (let later = 1; later <= secondsMax; later += 1) {
    const name = backupName(naming.layout, app, new Date(takenAt.getTime() + later * secondMs), {
      ...{ timeZone: naming.timeZone, format: 'pages', isSealed: isSealedName(backup) },
    });
    if ((await holderOf(store, name)) === undefined) return name;
  }
  return undefined;
}
