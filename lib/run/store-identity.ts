// Whether what is at a place is the store that is meant: the one that the configuration names, else the one that was
// used there until now. What is none, or another, is told by every command, and nothing is written there.
import { OpsError } from '../base/errors.ts';
import type { Store } from '../store/store.ts';
import type { StoreMark } from '../store/mark.ts';
import { type KnownStore, knownStore, otherStores, rememberStore } from './known-store.ts';
import type { StoreSurroundings } from './open-store.ts';

/** Where a store may be, whatever its kind. */
export interface StorePlace {
  /** In messages: `the store directory /srv/backups`. */
  called: string;
  /** By what it is remembered. */
  path: string;
  /** What to look at where it is not what it should be. */
  question: string;
  /** `expected` are the ids that are likely. */
  readMark(expected: readonly string[]): Promise<StoreMark | undefined>;
  /** Where no mark is: whether nothing is in the way of one, and how what lies there looks. */
  look(): Promise<{ isFree: boolean; hasCopies: boolean; foreign: string | undefined }>;
  /** Makes it a store, or gives an id to one that has none. */
  makeMark(): Promise<StoreMark>;
  /** Opens what has that mark; without one throws why there is none. */
  open(mark: StoreMark | undefined): Promise<Store>;
  /** Opens what has no mark, to look into it; with `isTried` for a run that is only tried. */
  openUnmarked(tried: { isTried: boolean }): Store | Promise<Store>;
}

/** What is expected of the place, and by whom. */
export interface Expectation {
  stateDirectory: string;
  /** The id that the configuration names. */
  pinned: string | undefined;
  /** Which configuration. */
  source: string;
}

/** Opens the store at `place`. Throws OpsError `unavailable` where it is not the one that is meant. */
export async function openIdentified(
  place: StorePlace,
  expectation: Expectation,
  around: StoreSurroundings,
): Promise<Store> {
  const { stateDirectory, pinned } = expectation;
  const known = await knownStore(stateDirectory, place.path);
  const expected = [pinned, known?.id].filter((id) => id !== undefined);
  const mark = await place.readMark(expected);
  requirePinned(place, mark, expectation);
  const mayTakeAnother = around.purpose === 'init' || around.purpose === 'try-init';
  if (mark === undefined && known !== undefined && !mayTakeAnother) return place.open(mark);
  if (mark === undefined) return openFirst(place, known, stateDirectory, around);
  const meant = pinned ?? known?.id;
  if (meant !== undefined && mark.id !== meant && !mayTakeAnother) throw anotherStore(place, meant, mark);
  return place.open(await keepIdentity(place, mark, known, stateDirectory, around));
}

/** Where no mark is and none is known: only what may make a store makes one. */
async function openFirst(
  place: StorePlace,
  known: KnownStore | undefined,
  stateDirectory: string,
  around: StoreSurroundings,
): Promise<Store> {
  const { purpose } = around;
  const found = await place.look();
  if (!found.isFree) return place.open(undefined);
  if (purpose === 'look' || purpose === 'glance') {
    if (!found.hasCopies) throw nobodyWas(place);
    return place.openUnmarked({ isTried: false });
  }
  if (purpose === 'store' || purpose === 'try') await requireFirst(place, found, stateDirectory);
  if (purpose === 'try' || purpose === 'try-init') return place.openUnmarked({ isTried: true });
  return place.open(await keepIdentity(place, await place.makeMark(), known, stateDirectory, around));
}

/** A store of before ids gets one from a run that stores something; what is remembered is what is there. */
async function keepIdentity(
  place: StorePlace,
  mark: StoreMark,
  known: KnownStore | undefined,
  stateDirectory: string,
  around: StoreSurroundings,
): Promise<StoreMark> {
  if (around.purpose !== 'store' && around.purpose !== 'init') return mark;
  const kept = mark.id === undefined ? await place.makeMark().catch(() => mark) : mark; // read-only: the next time
  if (known === undefined || known.id !== kept.id)
    await rememberStore(stateDirectory, { path: place.path, id: kept.id }, around);
  return kept;
}

/** What the configuration names is so for every command, also for those that take another store on purpose. */
function requirePinned(
  { called, question }: StorePlace,
  mark: StoreMark | undefined,
  { pinned, source }: Expectation,
): void {
  if (pinned === undefined || mark?.id === pinned) return;
  if (mark === undefined)
    throw new OpsError(
      'unavailable',
      `cannot use ${called}: no store is there, and ${source} names ${pinned}`,
      {
        hint: `${question}; to begin anew there, take that id out of ${source} first`,
      },
    );
  throw new OpsError(
    'unavailable',
    `cannot use ${called}: the store there is ${mark.id ?? 'one of an older version, without an id'}, and ${source} names ${pinned}`,
    {
      hint:
        mark.id === undefined
          ? `${question}; if it is, take that id out of ${source}, and the next backup gives it one: db-backup run`
          : `${question}; if it is the one that is meant, correct the id in ${source}`,
    },
  );
}

/**
 * A backup makes a store by itself where nobody was before. What has other files in it is somebody's, and a state directory
 * that knows another store had its backups there; copies of ours are a store of before there were marks.
 */
async function requireFirst(
  { called, path, question }: StorePlace,
  { foreign, hasCopies }: { foreign: string | undefined; hasCopies: boolean },
  stateDirectory: string,
): Promise<void> {
  const others = await otherStores(stateDirectory, path);
  if (others.length > 0 && (foreign !== undefined || !hasCopies))
    throw new OpsError(
      'unavailable',
      `cannot use ${called}: no store is there, and the backups went to ${others.join(', ')} until now`,
      { hint: `${question}; to begin anew there: db-backup init` },
    );
  if (foreign === undefined) return;
  throw new OpsError(
    'unavailable',
    `cannot use ${called}: it is no store yet, and holds other files, such as ${foreign}`,
    { hint: 'is it the right one? to make it a store all the same: db-backup init' },
  );
}

function nobodyWas({ called, question }: StorePlace): OpsError {
  return new OpsError('unavailable', `cannot use ${called}: no store is there yet`, {
    hint: `${question}; the first backup makes a store: db-backup run`,
  });
}

function anotherStore({ called, question }: StorePlace, expected: string, { id }: StoreMark): OpsError {
  return new OpsError(
    'unavailable',
    `cannot use ${called}: another store is there (${id ?? 'of an older version'}) than was used until now (${expected})`,
    { hint: `${question}; to go on with this one: db-backup init` },
  );
}
