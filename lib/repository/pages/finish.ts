// From the spool to a backup that stands: objects first, then a look at all that it builds on, the manifest last; then what is
// known here of the series. Each step can be repeated, so a run that is killed is finished by the next one in the same way.
import { manifestName } from '../../backup/name.ts';
import { storedBytes, type StoredObject } from '../../backup/stored-part.ts';
import { errorMessage, OpsError } from '../../base/errors.ts';
import type { FileDigest } from '../../files/digest.ts';
import { digestFile } from '../../files/hash-file.ts';
import { putManifest } from '../put-manifest.ts';
import type { RepositoryOptions } from '../options.ts';
import { readCatalogue } from '../read-catalogue.ts';
import { requireRoomThere } from '../room.ts';
import { isAsMade } from '../stored-bytes.ts';
import { advanceSeries } from './advance-series.ts';
import { foundationProblem } from './foundation.ts';
import type { PagesState } from './pages-state.ts';
import { placeOf, type Spooled } from './spooled.ts';

export interface PagesWork {
  options: RepositoryOptions;
  state: PagesState;
}

/** That a backup in the spool can never stand: what it builds on is gone, its files are, or others have its names. */
export class CannotStand extends OpsError {}

interface Sending {
  /** Known digests of files in the spool, which need not be read for them. */
  files?: ReadonlyMap<string, FileDigest> | undefined;
  /** Where nothing of it is in the store yet: is told of each object that is. */
  onPut?: ((name: string) => void) | undefined;
  /** No object is begun after that. */
  until?: Date | undefined;
}

/** Puts the objects that the store has not, and says how many it has then. Throws CannotStand, and what the store throws. */
export async function sendObjects(work: PagesWork, spooled: Spooled, sending: Sending = {}): Promise<number> {
  const { options } = work;
  const { store, naming, clock, signal, progress } = options;
  const { objects } = placeOf(spooled);
  const { files, onPut, until } = sending;
  const waiting: [number, StoredObject][] = [];
  for (const [index, object] of objects.entries())
    if (onPut !== undefined || !(await holds(options, spooled, object))) waiting.push([index + 1, object]);
  await requireRoomThere(options, storedBytes({ objects: waiting.map(([, object]) => object) }));
  let done = objects.length - waiting.length;
  for (const [part, object] of waiting) {
    if (until !== undefined && clock.now() >= until) break;
    signal.throwIfAborted();
    const file = files?.get(object.name) ?? (await spooledFile(work, spooled, object, part));
    progress.start(`${naming.app}: storing`, file.sizeBytes);
    await store.put(object.name, file, { signal, onProgress: (bytes) => progress.update(bytes) });
    progress.end();
    onPut?.(object.name);
    done += 1;
  }
  return done;
}

/** Puts the manifest where all objects are there and so is what it builds on, and remembers that it stands. */
export async function complete(work: PagesWork, spooled: Spooled): Promise<void> {
  const { options } = work;
  const problem = foundationProblem(spooled, (await readCatalogue(options)).entries);
  if (problem !== undefined) throw cannotStand(spooled, problem);
  const scratch = await options.scratch();
  try {
    await putManifest(options.store, scratch, spooled.manifest, spooled.text);
  } finally {
    await scratch.remove();
  }
  options.noteLeft(`${spooled.manifest.backup} is complete in the store`);
}

/** Remembers that it stands. The spool goes last: while it is there the next run does all of this again. */
export async function remember({ options, state }: PagesWork, spooled: Spooled): Promise<void> {
  const { backup } = spooled.manifest;
  const next = advanceSeries(await state.readSeries(), spooled, options.pages.levels);
  if (next !== undefined) {
    if (next.bases.some(({ name }) => name === backup)) await state.adoptDigests(backup);
    const isFull = placeOf(spooled).pages.level === 0;
    if (isFull) await (spooled.keepsFull ? state.adoptFull(backup) : state.dropFull());
    await state.writeSeries(next);
    await state.keepDigests(next.bases.map(({ name }) => name));
  }
  await state.dropSpool(backup);
  options.log.debug('remembered what stands', { backup });
}

/** Takes back what of it is in the store, and the spool: those objects where they are known, else all that are its own. */
export async function takeBack(
  { options, state }: PagesWork,
  spooled: Spooled,
  known?: readonly string[],
): Promise<boolean> {
  const { store, noteLeft } = options;
  const { backup } = spooled.manifest;
  try {
    for (const object of placeOf(spooled).objects.toReversed())
      if (known?.includes(object.name) ?? (await isThere(options, object))) await store.remove(object.name);
    await state.dropSpool(backup);
    return true;
  } catch (error) {
    noteLeft(
      `${backup} is in the store without its manifest (${errorMessage(error)}); the next run finishes it`,
    );
    return false;
  }
}

/**
 * Finishes what a killed run had in its spool, in the order in which it was made; what can never stand is taken back. A full that
 * waits for its window stays. Throws what kept it from being finished.
 */
export async function finishSpools(work: PagesWork): Promise<void> {
  const { options, state } = work;
  for (const spooled of await inOrderOfSequence(state)) {
    const { backup } = spooled.manifest;
    const there = await manifestThere(options, spooled);
    if (there === 'ours') await remember(work, spooled);
    else if (there === 'another') await giveUp(work, spooled, 'another backup has its name');
    else if (spooled.waitsBecause === undefined)
      try {
        await sendObjects(work, spooled);
        await complete(work, spooled);
        await remember(work, spooled);
        options.log.info('finished the backup of a run that was killed', { backup });
      } catch (error) {
        if (!(error instanceof CannotStand)) throw error;
        await giveUp(work, spooled, error.message);
      }
  }
}

async function inOrderOfSequence(state: PagesState): Promise<Spooled[]> {
  const spools = await state.readSpools();
  return spools.sort((a, b) => placeOf(a).pages.sequence - placeOf(b).pages.sequence);
}

async function giveUp(work: PagesWork, spooled: Spooled, why: string): Promise<void> {
  const { backup } = spooled.manifest;
  work.options.log.warn('a backup that a killed run had begun cannot be finished', { backup, why });
  if (!(await takeBack(work, spooled)))
    throw new OpsError(
      'unavailable',
      `cannot take ${backup} back from ${work.options.store.description}: ${why}`,
    );
}

/** Whose manifest is beside it. One of ours is put once more: that it is there does not say that its name is on the device. */
async function manifestThere(
  { store, scratch: makeScratch }: RepositoryOptions,
  { manifest, text }: Spooled,
): Promise<'ours' | 'another' | undefined> {
  const name = manifestName(manifest.backup);
  if ((await store.stat(name)) === undefined) return undefined;
  if (Buffer.from(await store.read(name)).toString('utf8') !== text) return 'another';
  const scratch = await makeScratch();
  try {
    await putManifest(store, scratch, manifest, text, { replace: true });
  } finally {
    await scratch.remove();
  }
  return 'ours';
}

/** Whether the store has the object. Throws CannotStand where something else has its name. */
async function holds(options: RepositoryOptions, spooled: Spooled, object: StoredObject): Promise<boolean> {
  const found = await options.store.stat(object.name);
  if (found === undefined) return false;
  if (await isAsMade(options, found, object)) return true;
  throw cannotStand(spooled, `${object.name} in the store is another file`);
}

async function isThere(options: RepositoryOptions, object: StoredObject): Promise<boolean> {
  const found = await options.store.stat(object.name);
  return found !== undefined && (await isAsMade(options, found, object));
}

async function spooledFile(
  { state, options: { signal } }: PagesWork,
  spooled: Spooled,
  object: StoredObject,
  part: number,
): Promise<FileDigest> {
  const path = state.spooledPath(spooled.manifest.backup, part);
  const file = await digestFile(path, { signal, follow: false }).catch((error: unknown) => {
    if (error instanceof OpsError && error.kind === 'missing') return undefined;
    throw error;
  });
  if (file?.sha256 === object.sha256) return file;
  throw cannotStand(spooled, `${path} is ${file === undefined ? 'gone' : 'not what was made'}`);
}

function cannotStand({ manifest: { backup } }: Spooled, why: string): CannotStand {
  return new CannotStand('damaged', `cannot finish ${backup}: ${why}`);
}
