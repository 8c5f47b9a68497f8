// How many backups there are, counted in one way wherever it is said, so that two answers agree.
import { formatCount } from '../base/format.ts';
import type { CatalogueEntry } from './catalogue.ts';

/** By who decides how long they stay; each is counted once, in whatever state it is. */
export interface BackupCounts {
  /** Retention does, or would if it were sound. */
  retention: number;
  /** Whoever gave it a name of its own. */
  named: number;
  /** Files among them that are none of ours. */
  foreign: number;
}

/** Of every entry that a list shows. */
export function countBackups(entries: readonly Pick<CatalogueEntry, 'state' | 'named'>[]): BackupCounts {
  const counts: BackupCounts = { retention: 0, named: 0, foreign: 0 };
  for (const { state, named } of entries)
    counts[state === 'foreign' ? 'foreign' : named ? 'named' : 'retention'] += 1;
  return counts;
}

/** `12 backups (9 by retention, 3 named) and 2 foreign files`: those that somebody named, and what is none, are said apart. */
export function countWords({ retention, named, foreign }: BackupCounts, one = 'backup'): string {
  const apart = named === 0 ? '' : ` (${retention === 0 ? '' : `${retention} by retention, `}${named} named)`;
  const others = foreign === 0 ? '' : ` and ${formatCount(foreign, 'foreign file')}`;
  return `${formatCount(retention + named, one)}${apart}${others}`;
}
