// Which documents a reader has to be asked about, what follows from its answer, and what is known of them afterwards.
import type { KnownShipment, ShipState } from './ship-state.ts';

/** A document as it lies here, to be in place at the reader. */
export interface OfferedDocument {
  name: string;
  sha256: string;
  /** It is frozen, and the database has changed since: its bytes are the document's, and nothing can make them again. */
  isHeld: boolean;
  /** They are not what the database gives now: only a look says whether somebody else has written all of them. */
  isUnproven?: boolean;
}

/** How a document is at the reader: its very bytes, none, or others. */
export type Found = 'same' | 'none' | 'other';

export interface Question {
  /** Whether it is about all of them. */
  isFull: boolean;
  documents: OfferedDocument[];
}

/** What is known of the reader `to`, with no time in the future: a clock that was wrong must not keep it from being looked at. */
export function knownOf(to: string, state: ShipState | undefined, now: Date): ShipState {
  if (state?.to !== to) return { to, lookedAt: undefined, documents: new Map() };
  const past = (time: Date | undefined) => (time !== undefined && time > now ? now : time);
  const documents = [...state.documents].map(([name, { shipped, pendingSince }]): [string, KnownShipment] => [
    name,
    { shipped, pendingSince: past(pendingSince) },
  ]);
  const isAhead = state.lookedAt !== undefined && state.lookedAt > now;
  return { to, lookedAt: isAhead ? undefined : state.lookedAt, documents: new Map(documents) };
}

/** All documents when that is due, else those that are not known to be in place. */
export function questionOf(
  known: ShipState,
  offered: readonly OfferedDocument[],
  { now, lookEveryMs, full }: { now: Date; lookEveryMs: number; full: boolean },
): Question {
  const { lookedAt } = known;
  const isFull = full || lookedAt === undefined || now.getTime() - lookedAt.getTime() >= lookEveryMs;
  return { isFull, documents: offered.filter((each) => isFull || !isInPlace(known, each)) };
}

function isInPlace(known: ShipState, document: OfferedDocument): boolean {
  return wasShipped(known, document) && known.documents.get(document.name)?.pendingSince === undefined;
}

function wasShipped({ documents }: ShipState, { name, sha256 }: OfferedDocument): boolean {
  return documents.get(name)?.shipped?.sha256 === sha256;
}

/** What has to be done about the documents that were asked about. */
export interface Verdicts {
  send: OfferedDocument[];
  /** Were in place, and are gone or altered at the reader: sent once more. */
  altered: string[];
  /** Frozen, and other bytes than those that were shipped: the reader keeps what it has. */
  kept: string[];
}

export function verdictsOf(
  known: ShipState,
  asked: readonly OfferedDocument[],
  found: (name: string) => Found,
): Verdicts {
  const verdicts: Verdicts = { send: [], altered: [], kept: [] };
  for (const document of asked) {
    const { name, isHeld } = document;
    if (found(name) === 'same') continue;
    const shipped = known.documents.get(name)?.shipped;
    // A frozen day does not change at the reader either. Where nothing is known, what lies there is what was frozen.
    const isOther = shipped === undefined ? found(name) === 'other' : !wasShipped(known, document);
    if (isHeld && isOther) verdicts.kept.push(name);
    else {
      verdicts.send.push(document);
      if (wasShipped(known, document)) verdicts.altered.push(name);
    }
  }
  return verdicts;
}

/** How it went. */
export interface Shipped {
  /** Seen to be in place. */
  inPlace: ReadonlySet<string>;
  altered: readonly string[];
  kept: readonly string[];
  /** When all were looked at, where they were. */
  lookedAt: Date | undefined;
  now: Date;
}

/** What is known afterwards: whatever is not known to be in place, and is not kept as it is, waits. */
export function knownAfter(
  known: ShipState,
  offered: readonly OfferedDocument[],
  { inPlace, altered, kept, lookedAt, now }: Shipped,
): ShipState {
  const documents = offered.map((document): [string, KnownShipment] => {
    const { name, sha256 } = document;
    const { shipped, pendingSince } = known.documents.get(name) ?? {};
    if (inPlace.has(name)) {
      const at = shipped?.sha256 === sha256 ? shipped.at : now;
      return [name, { shipped: { sha256, at }, pendingSince: undefined }];
    }
    const isLeft = kept.includes(name) || (isInPlace(known, document) && !altered.includes(name));
    return [name, { shipped, pendingSince: isLeft ? undefined : (pendingSince ?? now) }];
  });
  return { to: known.to, lookedAt: lookedAt ?? known.lookedAt, documents: new Map(documents) };
}

/** The documents that wait, and since when the first of them does. */
export function pendingOf({ documents }: ShipState): { names: string[]; since: Date | undefined } {
  const waiting = [...documents].filter(([, { pendingSince }]) => pendingSince !== undefined);
  const since = waiting.map(([, { pendingSince }]) => pendingSince?.getTime() ?? 0);
  return {
    names: waiting.map(([name]) => name),
    since: since.length === 0 ? undefined : new Date(Math.min(...since)),
  };
}
