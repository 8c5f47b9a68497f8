// Whether two machines make the backups of one app, each as if it were alone. Each of them is sound; but each looks at another
// database, and whoever restores the newest gets the one of whichever came last.
import { type CatalogueEntry, storedPartOf } from './catalogue.ts';

/** Who came back after another had made backups. */
export interface Turn {
  /** When the later one was made. */
  at: Date;
  /** The backup of the other one, and that of the one who came back. */
  other: Made;
  back: Made;
}

interface Made {
  name: string;
  host: string;
}

interface Maker extends Made {
  takenAt: Date;
  promotedAt: Date | undefined;
  /** Of an increment alone: a full begins a series whenever its upload is through, which may be days after it was taken. */
  series: string | undefined;
}

/**
 * The newest turn since then: a machine that made backups, after which another did, and then it again, though nobody promoted it
 * in between; or two series that are gone on with in turn, which two machines of one name do. Undefined where there was none.
 */
export function newestTurn(entries: readonly CatalogueEntry[], since: Date): Turn | undefined {
  const made = entries.flatMap(makerOf).sort((a, b) => a.takenAt.getTime() - b.takenAt.getTime());
  const turns = [...turnsBy(made, ({ host }) => host), ...turnsBy(made, ({ series }) => series)];
  return turns
    .filter(({ at }) => at >= since)
    .sort((a, b) => a.at.getTime() - b.at.getTime())
    .at(-1);
}

function turnsBy(made: readonly Maker[], keyOf: (maker: Maker) => string | undefined): Turn[] {
  const seen = new Set<string>();
  let before: { key: string; maker: Maker } | undefined;
  return made.flatMap((maker): Turn[] => {
    const key = keyOf(maker);
    if (key === undefined) return [];
    const last = before;
    const isBack = seen.has(key) && last !== undefined && last.key !== key;
    seen.add(key);
    before = { key, maker };
    if (!isBack || (maker.promotedAt !== undefined && maker.promotedAt > last.maker.takenAt)) return [];
    return [{ at: maker.takenAt, other: last.maker, back: maker }];
  });
}

/** By a clock that was not set nobody can tell which came first. */
function makerOf(entry: CatalogueEntry): Maker[] {
  const said = entry.manifest ?? entry.sealed;
  if (said === undefined || said.clock === 'unsynchronised') return [];
  if (entry.state !== 'proven' && entry.state !== 'suspect') return [];
  const pages = storedPartOf(entry)?.pages;
  return [
    {
      ...{ name: entry.name, host: said.host, takenAt: entry.takenAt, promotedAt: said.promotedAt },
      series: pages === undefined || pages.level === 0 ? undefined : pages.series,
    },
  ];
}
