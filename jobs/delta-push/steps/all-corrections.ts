// What staff corrected of a source's rows since the last time.
import type { Correction, Peer } from '../../../lib/delta/peer.ts';

const pageSize = 500;

export interface Corrections {
  /** In their order. Rows that staff added belong to nobody yet, and are ours as much as anybody's. */
  readonly ours: readonly Correction[];
  /** The newest there is, whosever row it was about. */
  readonly through: number;
}

export async function allCorrections(peer: Peer, since: number, source: string): Promise<Corrections> {
  const all: Correction[] = [];
  let through = since;
  for (;;) {
    const page = await peer.corrections(through, pageSize);
    const newest = page.at(-1)?.id ?? 0;
    if (newest <= through) break;
    all.push(...page);
    through = newest;
  }
  return { ours: all.filter((one) => one.source === undefined || one.source === source), through };
}
