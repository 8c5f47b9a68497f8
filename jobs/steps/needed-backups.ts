// What has to be fetched for a backup: itself, and where it is an increment all that it is based on.
import { type CatalogueEntry, storedPartOf } from '../../lib/backup/catalogue.ts';
import { chainsAmong } from '../../lib/backup/chain.ts';
import { OpsError } from '../../lib/base/errors.ts';
import { formatBytes, formatInstant } from '../../lib/base/format.ts';
import type { View } from '../../lib/run/job.ts';

/** One backup of a chain. */
interface ChainLink {
  name: string;
  takenAt: Date;
  /** What it takes in the store, and has to be fetched. */
  storedBytes: number;
  /** 0 for the full; an increment is one level above its base. */
  level: number;
}

/** What travels. */
export interface NeededBackups {
  fetchBytes: number;
  /** The full first, the backup itself last. Undefined where it is a file of its own. */
  chain?: ChainLink[];
}

/**
 * Tells of each of `entries`, and of any other file of the store, what it needs; of a broken chain as far as it is known, for that is
 * said of the entry already.
 */
export function neededAmong(entries: readonly CatalogueEntry[]): (entry: CatalogueEntry) => NeededBackups {
  const chainOf = chainsAmong(entries);
  return (entry) => {
    if (storedPartOf(entry)?.pages === undefined) return { fetchBytes: entry.storedBytes };
    const chain = knownPart(entry, chainOf).map((link) => ({
      name: link.name,
      takenAt: link.takenAt,
      storedBytes: link.storedBytes,
      level: storedPartOf(link)?.pages?.level ?? 0,
    }));
    return { fetchBytes: chain.reduce((sum, { storedBytes }) => sum + storedBytes, 0), chain };
  };
}

/** The same of one. */
export function neededBackups(entry: CatalogueEntry, entries: readonly CatalogueEntry[]): NeededBackups {
  return neededAmong(entries)(entry);
}

function knownPart(
  entry: CatalogueEntry,
  chainOf: (entry: CatalogueEntry) => CatalogueEntry[],
): CatalogueEntry[] {
  try {
    return chainOf(entry);
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    return [entry];
  }
}

/** What a person reads of it, where it is more than the file itself. */
export function chainLines(
  { fetchBytes, chain }: NeededBackups,
  { timeZone }: Pick<View, 'timeZone'>,
): string[] {
  if (chain === undefined) return [];
  return [
    ...chain.map(
      ({ name, takenAt, storedBytes, level }, index) =>
        `${index === 0 ? 'made of ' : '        '}  ${levelWords(level)} ${name}, ${formatBytes(storedBytes)}, of ${formatInstant(takenAt, timeZone)}`,
    ),
    `fetches   ${formatBytes(fetchBytes)}`,
  ];
}

/** What a backup in pages is called by its level. */
export function levelWords(level: number): string {
  return level === 0 ? 'full' : `increment ${level}`;
}
