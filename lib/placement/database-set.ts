// A SQLite database is a set of files: the database and what SQLite keeps beside it. To copy, move or replace one
// without the others is to damage or to revert it (https://www.sqlite.org/howtocorrupt.html).
import { join } from 'node:path';
import { OpsError } from '../base/errors.ts';
import type { HeldDirectory } from '../files/held-directory.ts';
import { type FileMark, fileMark, isSameFile, isUnwritten } from './file-mark.ts';

/** What the name of a member ends in after the name of the database. */
export type MemberSuffix = '' | SideSuffix;
type SideSuffix = (typeof sideSuffixes)[number];

/** Where a set lies: in which directory, and under what name of its database. */
export interface SetPlace {
  readonly directory: HeldDirectory;
  readonly name: string;
}

/** The members of a set that are there. */
export type DatabaseSet = ReadonlyMap<MemberSuffix, FileMark>;

/**
 * The side files, in the order in which they may be removed beside a database that holds what they hold: the
 * journal first, because rolling it back changes pages that only the -wal would put right again.
 */
export const sideSuffixes = ['-journal', '-wal', '-shm'] as const;

/** Every member's suffix, the database itself first. */
export const memberSuffixes = ['', ...sideSuffixes] as const;

/** The path of a member for this process: whatever becomes of its directory's path, it leads into that directory. */
export function memberAt({ directory, name }: SetPlace, suffix: MemberSuffix = ''): string {
  return directory.at(`${name}${suffix}`);
}

/** The path of a member for people. */
export function memberPath({ directory, name }: SetPlace, suffix: MemberSuffix = ''): string {
  return join(directory.path, `${name}${suffix}`);
}

/** The set as it is now. Throws OpsError `refused` when a member is not a regular file. */
export async function inspectSet(place: SetPlace): Promise<DatabaseSet> {
  const members = new Map<MemberSuffix, FileMark>();
  for (const suffix of memberSuffixes) {
    const mark = await fileMark(memberAt(place, suffix), memberPath(place, suffix));
    if (mark !== undefined) members.set(suffix, mark);
  }
  return members;
}

/**
 * Whether the content is spread over several files. An empty -wal holds nothing, nor does an empty -journal, which
 * is what `journal_mode = TRUNCATE` leaves; the -shm is only an index that SQLite makes anew.
 */
export function isSpread(set: DatabaseSet): boolean {
  return holdsContent(set, '-wal') || holdsContent(set, '-journal');
}

/** The bytes of all its members together. */
export function setSizeBytes(set: DatabaseSet): number {
  return Number([...set.values()].reduce((sum, mark) => sum + mark.sizeBytes, 0n));
}

/** Whether the member is there and has bytes that the content of the database depends on. */
export function holdsContent(set: DatabaseSet, suffix: MemberSuffix): boolean {
  return suffix !== '-shm' && (set.get(suffix)?.sizeBytes ?? 0n) > 0n;
}

/** Throws OpsError `refused` unless the set is exactly the one inspected, and nobody wrote to it since. */
export async function requireUnwritten(place: SetPlace, inspected: DatabaseSet): Promise<void> {
  const found = await inspectSet(place);
  for (const suffix of memberSuffixes) {
    const before = inspected.get(suffix);
    const now = found.get(suffix);
    if (before === undefined && now === undefined) continue;
    if (before !== undefined && now !== undefined && isSameFile(before, now)) {
      if (suffix === '-shm' || isUnwritten(before, now)) continue;
    }
    throw new OpsError(
      'refused',
      `cannot replace ${memberPath(place)}: ${memberPath(place, suffix)} changed meanwhile`,
      {
        hint: 'stop every program that uses the database, then try again',
      },
    );
  }
}

/** Throws OpsError `refused` when a side file with content lies beside a file that is to stand alone. */
export async function requireAlone(place: SetPlace): Promise<void> {
  const set = await inspectSet(place);
  if (!isSpread(set)) return;
  throw new OpsError(
    'refused',
    `cannot place ${memberPath(place)}: a part of it is in a -wal or -journal beside it`,
    {
      hint: 'close the database that was made there, so that SQLite moves everything into the one file',
    },
  );
}
