// Whether one backup may be removed because a person says so. Retention decides about all that nobody named, so that is refused;
// what keeps retention from removing anything keeps a person from it as well (P2, P3).
import { OpsError } from '../base/errors.ts';
import {
  type CatalogueEntry,
  isBaseUnread,
  isForRetention,
  isSuspect,
  namesWords,
  newestProven,
  storedPartOf,
} from './catalogue.ts';
import type { ClockState } from './manifest.ts';
import { formatByName } from './name.ts';
import { distrust } from './retention.ts';

export interface RemovalQuestion {
  /** All that the store holds of the app, newest first. */
  entries: readonly CatalogueEntry[];
  now: Date;
  clock: ClockState;
}

interface Refusal {
  cause: string;
  hint: string;
}

const makeOne = 'make another one first: db-backup backup';

/** Throws OpsError `refused` unless `entry`, one of the list, may go. */
export function requireRemovable(entry: CatalogueEntry, question: RemovalQuestion): void {
  const refusal =
    whoseItIs(entry) ?? neededBy(entry, question) ?? lastGood(entry, question) ?? untrusted(entry, question);
  if (refusal === undefined) return;
  const { cause, hint } = refusal;
  throw new OpsError('refused', `cannot remove ${entry.name}: ${cause}`, { hint });
}

/** What nobody named stays as long as the policy wants it. What is damaged, lost or dated in the future no policy lets go. */
function whoseItIs({ state, named }: CatalogueEntry): Refusal | undefined {
  if (state === 'foreign')
    return {
      cause: 'Holdfast did not make it',
      hint: 'what is not ours is yours to remove in the store itself',
    };
  if (state === 'unfinished')
    return {
      cause: 'it was never finished, and a run may be at work on it',
      hint: 'db-backup run finishes what a killed run left; what nobody needs is yours to remove in the store itself',
    };
  if (named || (state !== 'proven' && state !== 'suspect')) return undefined;
  return {
    cause: 'nobody named it, so that retention decides how long it stays',
    hint: 'what would go, and why the others stay: db-backup prune --dry-run',
  };
}

/** Without what it is based on a backup in pages is worth nothing. */
function neededBy(entry: CatalogueEntry, { entries }: RemovalQuestion): Refusal | undefined {
  const baseOf = (other: CatalogueEntry) => storedPartOf(other)?.pages?.base?.name;
  const on = entries.filter((other) => other.state !== 'lost' && baseOf(other) === entry.name);
  if (on.length > 0)
    return {
      cause: `${namesWords(on)} ${on.length === 1 ? 'is' : 'are'} based on it`,
      hint: 'it can go when these have gone; which those are: db-backup list-backups',
    };
  const unread = entries.filter((other) => other !== entry && isBaseUnread(other));
  if (formatByName(entry.name) !== 'pages' || isGone(entry) || unread.length === 0) return undefined;
  return {
    cause: `nobody can read what ${namesWords(unread)} ${unread.length === 1 ? 'is' : 'are'} based on`,
    hint: 'what is the matter there: db-backup list-backups',
  };
}

/** A manifest whose data is gone is no backup that could be the last one. */
function lastGood(entry: CatalogueEntry, { entries }: RemovalQuestion): Refusal | undefined {
  if (entry.state === 'lost') return undefined;
  const newest = newestProven(entries);
  if (newest === undefined)
    return { cause: 'there is no proven backup, so that this may be the best there is', hint: makeOne };
  return newest.name === entry.name ? { cause: 'it is the newest proven backup', hint: makeOne } : undefined;
}

/** Which one is the newest nobody can tell by a wrong clock, and after an emptied database the older ones are all there is. */
function untrusted(entry: CatalogueEntry, { entries, now, clock }: RemovalQuestion): Refusal | undefined {
  if (isGone(entry)) return undefined;
  const backups = entries
    .filter(isForRetention)
    .map((each) => ({ name: each.name, takenAt: each.takenAt, suspect: isSuspect(each) }));
  const cause = distrust({ backups, now, clock });
  return cause === undefined
    ? undefined
    : { cause, hint: 'until that is settled nothing goes; what is the matter: db-backup prune --dry-run' };
}

/** Whether nothing can be lost with it any more. */
function isGone({ state, isBad = false }: CatalogueEntry): boolean {
  return state === 'lost' || isBad;
}
