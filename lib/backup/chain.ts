// What a backup in pages is based on. An increment restores only with all that is below it, and a manifest only claims
// what that is: each link is looked at, by name and by what it has to be, before anything counts on it.
import { OpsError } from '../base/errors.ts';
import { clip } from '../base/printable.ts';
import { type CatalogueEntry, storedPartOf } from './catalogue.ts';
import { formatByName } from './name.ts';
import { type PagesPart, storedId } from './stored-part.ts';

/** Why a backup cannot be put together. */
interface Break {
  /** The backup that is the cause: the one that is missing or damaged, or the one whose manifest lies. */
  at: string;
  problem: string;
}

type Find = (name: string) => CatalogueEntry | undefined;

const problemCharactersMax = 2000;

/**
 * The same entries, those in pages judged by what they are based on as well: one whose chain is broken cannot be restored,
 * so it is damaged, whatever its own bytes are. `brokenBy` says where another backup is the cause.
 */
export function judgeChains(entries: readonly CatalogueEntry[]): CatalogueEntry[] {
  const breakOf = breaksAmong(finder(entries));
  return entries.map((entry) => {
    const broken = isSoundAlone(entry) ? breakOf(entry) : undefined;
    if (broken === undefined) return entry;
    const { at, problem } = broken;
    return {
      ...entry,
      state: 'damaged',
      isBad: true,
      problem: clip(problem, problemCharactersMax),
      ...(at === entry.name ? {} : { brokenBy: at }),
    };
  });
}

/**
 * Tells of each entry of a list what has to be put together for it: the full first, itself last; of a full, or a plain file,
 * itself alone. Throws OpsError `damaged`, naming the link, where one is not there or is not what it has to be; whether their bytes
 * are sound is for who reads them.
 */
export function chainsAmong(entries: readonly CatalogueEntry[]): (entry: CatalogueEntry) => CatalogueEntry[] {
  const find = finder(entries);
  return (entry) => {
    const chain = [entry];
    // Each is of a lower level than the one before: this ends, whatever the manifests say.
    for (let link = linkOf(entry, find); link !== undefined; link = linkOf(link.base, find)) {
      if ('problem' in link)
        throw new OpsError('damaged', `cannot put ${entry.name} together: ${called(link, entry)}`, {
          hint: 'restore list shows what else there is',
        });
      chain.unshift(link.base);
    }
    return chain;
  };
}

/** The chain of one. */
export function chainOf(entry: CatalogueEntry, entries: readonly CatalogueEntry[]): CatalogueEntry[] {
  return chainsAmong(entries)(entry);
}

/** A link of a chain further down is not the one that was asked for: then it is named. */
function called({ of, problem }: { of: string; problem: string }, { name }: CatalogueEntry): string {
  return of === name ? problem : `of ${of}, on which it is based: ${problem}`;
}

/** Answers for every entry once: many increments share what they are based on. */
function breaksAmong(find: Find): (entry: CatalogueEntry) => Break | undefined {
  const known = new Map<string, Break | undefined>();
  const judge = (entry: CatalogueEntry): Break | undefined => {
    const link = linkOf(entry, find);
    if (link === undefined) return undefined;
    if ('problem' in link) return link;
    const { base } = link;
    if (!isSoundAlone(base)) return { at: base.name, problem: damageOf(base) };
    const below = breakOf(base);
    return below && { at: below.at, problem: `its base ${base.name} cannot be restored: ${below.problem}` };
  };
  const breakOf = (entry: CatalogueEntry): Break | undefined => {
    if (!known.has(entry.name)) known.set(entry.name, judge(entry));
    return known.get(entry.name);
  };
  return breakOf;
}

/**
 * The next link down: the base, which is of a lower level than `entry` and what the manifest says of it; or why there is
 * none. Undefined for what is based on nothing.
 */
function linkOf(
  entry: CatalogueEntry,
  find: Find,
): { base: CatalogueEntry } | (Break & { of: string }) | undefined {
  const of = entry.name;
  const pages = storedPartOf(entry)?.pages;
  const isInPages = formatByName(of) === 'pages';
  if (isInPages !== (pages !== undefined))
    return {
      of,
      at: of,
      problem: isInPages
        ? 'its name says that it is in pages, its manifest does not'
        : 'its manifest says that it is in pages, its name does not',
    };
  if (pages?.base === undefined) return undefined;
  const { name } = pages.base;
  const base = find(name);
  if (base === undefined) return { of, at: name, problem: `its base ${name} is not in the store` };
  const absent = absenceOf(base);
  if (absent !== undefined) return { of, at: name, problem: absent };
  const lie = lieAbout(base, entry, pages);
  return lie === undefined ? { base } : { of, at: of, problem: lie };
}

/** Why nothing can be based on what has the name of a base; undefined where something can. */
function absenceOf(base: CatalogueEntry): string | undefined {
  const { name, state } = base;
  if (state === 'lost') return `the data of its base ${name} is gone from the store`;
  if (state === 'unfinished') return `its base ${name} is unfinished`;
  if (state === 'foreign') return `its base ${name} is no backup of this app`;
  return state === 'damaged' && storedPartOf(base) === undefined ? damageOf(base) : undefined;
}

function damageOf({ name, problem }: CatalogueEntry): string {
  return `its base ${name} is damaged: ${problem ?? 'its manifest cannot be used'}`;
}

/** What the manifest of `entry` says of its base that is not so; undefined where all of it is. */
function lieAbout(base: CatalogueEntry, entry: CatalogueEntry, own: PagesPart): string | undefined {
  const stored = storedPartOf(base);
  const pages = stored?.pages;
  const name = `its base ${base.name}`;
  if (pages === undefined) return `${name} is not in pages`;
  if (storedId(stored?.objects ?? []) !== own.base?.id)
    return `${name} is not the backup that had this name when it was made`;
  if (pages.series !== own.series) return `${name} is of another series`;
  if (pages.level !== own.level - 1)
    return `it is of level ${own.level}, and ${name} of level ${pages.level}`;
  if (pages.sequence >= own.sequence)
    return `it has the sequence ${own.sequence}, and ${name} has ${pages.sequence}: the base must be the earlier one`;
  const { full = own.base } = pages;
  if (full.name !== own.full?.name || full.id !== own.full.id)
    return `${name} is on another full than it says`;
  const [size, baseSize] = [pageSizeOf(entry), pageSizeOf(base)];
  if (size !== undefined && baseSize !== undefined && size !== baseSize)
    return `it has pages of ${size} bytes, and ${name} of ${baseSize}`;
  return undefined;
}

function pageSizeOf({ manifest }: CatalogueEntry): number | undefined {
  return manifest?.engine === 'sqlite' ? manifest.pageSize : undefined;
}

/** Whether there is nothing against it but what it may be based on. */
function isSoundAlone({ state }: CatalogueEntry): boolean {
  return state === 'proven' || state === 'suspect' || state === 'future';
}

function finder(entries: readonly CatalogueEntry[]): Find {
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  return (name) => byName.get(name);
}
