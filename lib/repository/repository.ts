// The contract of which backups a store holds. One suite (test/contract/repository-suite.ts) holds every format to it,
// on every store.
import type { CatalogueEntry } from '../backup/catalogue.ts';
import type { Manifest } from '../backup/manifest.ts';
import type { Verdict } from '../backup/verdict.ts';
import type { OpsError } from '../base/errors.ts';
import type { FileDigest, HashedFile } from '../files/digest.ts';
import type { Scratch } from '../files/scratch.ts';
import type { Source } from '../source/source.ts';
import type { StoreName } from '../store/store.ts';
import type { PageDigests } from './pages/page-digests.ts';
import type { Proof } from './proof.ts';

/** A proven copy that is to be a backup. */
export interface NewBackup {
  /** The copy, in `scratch`. It is given away. */
  file: FileDigest;
  /** What it is; `backup` is the name it gets. */
  manifest: Manifest;
  /** Whether the latest copy is to have the same bytes, where one is kept. */
  refreshLatest: boolean;
  scratch: Scratch;
  /** What its pages are, where they were looked at while it was hashed; in pages they are looked at without that as well. */
  pages?: PageDigests | undefined;
  /** Until when a full that waits for its window may be made and sent; undefined where the window is not open. */
  until?: Date | undefined;
}

/** A backup that stands. */
export interface Added {
  /** Why the latest copy could not be refreshed, where its name is what was in the way. */
  blocked: OpsError | undefined;
  /** As it was written: with how it lies in the store. */
  manifest: Manifest;
  /** What it takes there, without what it is based on. */
  storedBytes: number;
  made: 'plain' | 'full' | 'increment';
  /** Why it is a full, or why one is due; undefined where neither is so. */
  why: string | undefined;
  /** A full that is sent over several nights; undefined where none is on its way. */
  underWay: UnderWay | undefined;
}

/** How far a full is that goes on in the next window. */
export interface UnderWay {
  name: StoreName;
  doneObjects: number;
  allObjects: number;
}

/** What is fetched: an entry of the list, or any other file of the store. */
export type Fetched = Pick<CatalogueEntry, 'name' | 'sizeBytes'>;

/** What was found out about a backup that was read back. */
export type Finding = Omit<Verdict, 'app' | 'backup' | 'sha256'>;

/**
 * The backups of one app in one store. Whoever calls `add`, `finishPending`, `remove` or `sweep` holds the app's lock.
 *
 * Guarantees, for every format on every store:
 * - `list` reads the store afresh and changes nothing: every backup, newest first, each with its state. One file that
 *   cannot be used, or be read though others can, makes one entry damaged. That the store does not answer is thrown, and
 *   says nothing of any backup.
 *   Every proof that costs nothing is asked for: the size, the hash that the store itself gives, and what was found out.
 * - `add` makes a backup listed as proven (or suspect, where its manifest has reasons) only when all of its bytes are in
 *   the store: data first, manifest last. It overwrites no backup, whole or not: then it throws `refused`.
 * - When `add` throws, nothing is listed as a backup that was not, and what it put is taken back. Where that cannot be
 *   done, or the process is killed, the next `finishPending` completes the backup if its bytes are whole, and leaves it
 *   unfinished if not. `add` does so first. Of a backup in several objects those that were put stay as well: a long upload
 *   goes on where it ended.
 * - What is based on another backup gets its manifest only where that one is there, whole and not suspect, at that time.
 * - With `refreshLatest` the bytes are sent once, and the latest copy is the old one or the new one at every instant.
 *   That its name is blocked costs the latest copy, and not the backup.
 * - `finishPending` does nothing when nothing is pending; again is fine.
 * - `fetch` writes the database to `target`, which must not exist, and leaves nothing there when it throws: of a plain file
 *   the bytes that the store has, whatever a manifest says of them; of what lies there otherwise, what its manifest promises,
 *   else it throws BadBackup (`damaged`), which names the backup that is to blame. Room is asked for first.
 * - `prove` calls a backup sound only when its bytes are read back and are those of its manifest, its engine finds no
 *   damage, and what is measured is what the manifest says; without a manifest the engine alone says so, and it is not
 *   proven. One whose manifest cannot be used is unsound, unread. What does not agree is data, trouble on the way is
 *   thrown.
 * - `condemn` leaves word in the store that a backup with a manifest was found bad: no list on any machine calls it proven
 *   again, until a backup of other bytes has its name. Of one without a manifest there is nothing to say.
 * - `remove` takes away that backup and nothing else, data first: after a kill in between it is listed as lost, and can
 *   be removed again. To remove what is not there succeeds. What the last `list` saw is what goes: what somebody put in its
 *   place since then stays, and is OpsError `refused`.
 * - `sweep` takes away the objects of backups in pages that never came to be and that nobody, here or on another machine, is
 *   still at work on. It goes by what the last `list` saw, as `remove` does.
 *
 * Errors, as OpsError: those of the store, and `io` (no room here), `unavailable` (no room there).
 */
export interface Repository {
  list(): Promise<CatalogueEntry[]>;
  /** What already has this name or a part of it, as its name in the store; undefined when `add` may use it. */
  holderOf(name: StoreName): Promise<StoreName | undefined>;
  add(backup: NewBackup): Promise<Added>;
  /**
   * Puts a copy, which is given away, in the place of the latest one, as backups are stored: sealed where they are. Resolves with
   * why it could not, where its name is what is in the way.
   */
  refreshLatest(copy: Pick<NewBackup, 'file' | 'scratch'>): Promise<OpsError | undefined>;
  /** Throws `unavailable` where `add` of a backup of that name would, for want of room in the store. */
  requireRoom(name: StoreName, backup: { sizeBytes: number; refreshLatest: boolean }): Promise<void>;
  /** Finishes what a killed run has begun. */
  finishPending(): Promise<void>;
  fetch(entry: Fetched, target: string): Promise<HashedFile>;
  /**
   * Until it is disposed of, what was fetched for one backup and others are based on as well stays in scratch, where there is room:
   * for who fetches many of them.
   */
  keepShared(): AsyncDisposable;
  /** Throws `denied` where `fetch` would, for want of an identity that opens what is sealed. Nothing is looked at in the store. */
  requireOpen(entry: CatalogueEntry): Promise<void>;
  /** Fetches to `target` and proves it there; the file stays, also when it is unsound. */
  prove(entry: CatalogueEntry, source: Source, target: string): Promise<Proof>;
  condemn(entry: CatalogueEntry, found: Finding): Promise<void>;
  remove(name: StoreName): Promise<void>;
  /** The names of the backups of which what there was is gone. */
  sweep(): Promise<StoreName[]>;
}
