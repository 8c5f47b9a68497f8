// Since when documents and database have said the same, night after night. It decides only whether a promotion is offered:
// lost, the nights are counted anew.
import type { Flaw } from '../record/fields.ts';
import { formatJsonRecord, openJsonRecord, type RecordFormat } from '../record/json-record.ts';

/** They were the same whenever somebody looked, from `since` to `seen`. */
export interface Parity {
  since: Date;
  seen: Date;
}

const format: RecordFormat = { name: 'holdfast-parity', version: 1 };
const dayMs = 24 * 60 * 60 * 1000;
/** Nobody has looked for so long that nobody knows what was so meanwhile. */
const gapMsMax = 2 * dayMs;

/** What is known after a look at `now`; undefined where they differ. */
export function afterLook(before: Parity | undefined, isSame: boolean, now: Date): Parity | undefined {
  if (!isSame) return undefined;
  return { since: before !== undefined && isFresh(before, now) ? before.since : now, seen: now };
}

/** How many whole days they have been the same, up to `now`; 0 where nobody has looked of late. */
export function parityDays(parity: Parity | undefined, now: Date): number {
  if (parity === undefined || !isFresh(parity, now)) return 0;
  return Math.floor((parity.seen.getTime() - parity.since.getTime()) / dayMs);
}

function isFresh({ seen }: Parity, now: Date): boolean {
  return now >= seen && now.getTime() - seen.getTime() <= gapMsMax;
}

export function formatParity({ since, seen }: Parity): string {
  return formatJsonRecord(format, { since: since.toISOString(), seen: seen.toISOString() });
}

/** Throws what `flaw` makes for anything that `formatParity` does not write. */
export function parseParity(text: string, flaw: Flaw): Parity {
  const { fields } = openJsonRecord(text, format, flaw);
  return { since: fields.instant('since'), seen: fields.instant('seen') };
}
