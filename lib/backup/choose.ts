// Which backup a person means: the latest, the one as of a time, or one by name.
import { OpsError } from '../base/errors.ts';
import { formatInstant } from '../base/format.ts';
import { didYouMean } from '../base/nearest.ts';
import { type CatalogueEntry, dataEnding, namesWords } from './catalogue.ts';
import { formatByName, latestWord } from './name.ts';
import { newestFirst } from './order.ts';

/** What was asked for. */
export type BackupRequest =
  | { kind: 'latest' }
  | { kind: 'at'; at: Date; /** How the person's words were understood. */ said?: string }
  | { kind: 'name'; name: string };

const listHint = 'restore list shows what there is';
/** How the names that we give end. */
const ownEnding = /\.(?:db|dump|pages)(?:\.age)?$/;

/**
 * The one entry that is meant.
 *
 * - `latest`: the newest proven backup.
 * - `at`: the newest proven one taken at that second or before it.
 * - `name`: whichever has that name, in any state but lost; a name is the whole name in the store, with or without
 *   leading slashes, the file name with or without its ending, or the stamp in it (`20261120T020513Z`,
 *   `20261120_030513`). The whole name goes before all other readings. With another ending that we give it means the same
 *   database: `ctv-20261120T020513Z.db` is found where that is kept in pages, or sealed.
 *
 * Of one database in several formats the plain file is taken: it is based on nothing.
 *
 * Throws OpsError `missing` when there is none, saying what there is instead with its time in `timeZone`, and `usage` when a name fits several.
 */
export function chooseBackup(
  entries: readonly CatalogueEntry[],
  request: BackupRequest,
  timeZone = 'UTC',
): CatalogueEntry {
  const newest = [...entries].sort(newestFirst);
  switch (request.kind) {
    case 'latest':
      return chooseLatest(newest, timeZone);
    case 'at':
      return chooseAt(newest, request.at, request.said ?? formatInstant(request.at, timeZone), timeZone);
    case 'name':
      return chooseNamed(newest, request.name, timeZone);
  }
}

/**
 * The one entry that is to be removed: called so to the letter, but for its folder and its ending. What has the name with another
 * ending is not meant, and one that is lost is. Throws OpsError `missing`, and `usage` for the word "latest" and when a name fits several.
 */
export function chooseToRemove(
  entries: readonly CatalogueEntry[],
  text: string,
  timeZone = 'UTC',
): CatalogueEntry {
  const name = text.replace(/^\/+/, '');
  if (name.toLowerCase() === latestWord)
    throw new OpsError('usage', `cannot remove ${text}: that is whichever backup is the newest`, {
      hint: 'give the name of one: db-backup list-backups',
    });
  const [found, ...others] = matching(entries, name, { withOtherEnding: false });
  if (found === undefined) throw notFound(entries, text, timeZone);
  if (others.length > 0) throw ambiguous(text, [found, ...others]);
  return found;
}

function chooseLatest(entries: readonly CatalogueEntry[], timeZone: string): CatalogueEntry {
  return entries.find(isProven) ?? failWithoutProven(entries, 'choose the latest backup', timeZone);
}

function chooseAt(
  entries: readonly CatalogueEntry[],
  at: Date,
  said: string,
  timeZone: string,
): CatalogueEntry {
  const proven = entries.filter(isProven);
  const act = `choose a backup as of ${said}`;
  const oldest = proven.at(-1) ?? failWithoutProven(entries, act, timeZone);
  // To the second, as listings show it: whoever types the time of a backup means that backup.
  const chosen = proven.find(({ takenAt }) => wholeSeconds(takenAt) <= wholeSeconds(at));
  if (chosen !== undefined) return chosen;
  const only = entries.length === 1 ? 'the only one' : 'the only proven one';
  const oldestOf = proven.length === 1 ? only : `the oldest of ${proven.length}`;
  // Copies of before Holdfast may be of that time, and are for a person to choose.
  const other = entries.find(
    ({ state, takenAt }) => state !== 'lost' && wholeSeconds(takenAt) <= wholeSeconds(at),
  );
  throw new OpsError('missing', `cannot ${act}: ${oldestOf} is ${described(oldest, timeZone)}`, {
    hint:
      other === undefined
        ? listHint
        : `one that is ${other.state} is ${described(other, timeZone)}; to use it all the same, give its name; ${listHint}`,
  });
}

function chooseNamed(entries: readonly CatalogueEntry[], text: string, timeZone: string): CatalogueEntry {
  const name = text.replace(/^\/+/, '');
  const matches = matching(entries, name);
  const present = matches.filter(({ state }) => state !== 'lost');
  if (isOneDatabase(present)) return present.find(isProven) ?? present[0];
  if (present.length > 1) throw ambiguous(text, present);
  const [lost] = matches;
  if (lost !== undefined) {
    throw new OpsError('missing', `cannot choose backup ${lost.name}: its data is no longer in the store`, {
      hint: listHint,
    });
  }
  throw notFound(entries, text, timeZone);
}

function ambiguous(text: string, fitting: readonly CatalogueEntry[]): OpsError {
  return new OpsError('usage', `cannot choose backup ${text}: it may be ${namesWords(fitting)}`, {
    hint: 'give the whole name of one of them',
  });
}

function notFound(entries: readonly CatalogueEntry[], text: string, timeZone: string): OpsError {
  const cause = `${whatThereIs(entries, timeZone)}${suggestion(entries, text)}`;
  return new OpsError('missing', `cannot find backup ${text}: ${cause}`, { hint: listHint });
}

/** By the whole name, else by a shorter one, else by either with another ending. */
function matching(
  entries: readonly CatalogueEntry[],
  name: string,
  { withOtherEnding = true } = {},
): CatalogueEntry[] {
  const likeIt = (entry: CatalogueEntry) =>
    ownEnding.test(name) && ownEnding.test(entry.name) && isCalledLike(entry.name, name);
  const readings: ((entry: CatalogueEntry) => boolean)[] = [
    (entry) => entry.name === name,
    (entry) => shortNames(entry.name).includes(name),
    ...(withOtherEnding ? [likeIt] : []),
  ];
  for (const reading of readings) {
    const found = entries.filter(reading);
    if (found.length > 0) return found;
  }
  return [];
}

function isCalledLike(name: string, text: string): boolean {
  const [stem, wanted] = [stemOf(name), stemOf(text)];
  return stem === wanted || stem.slice(stem.lastIndexOf('/') + 1) === wanted;
}

function stemOf(name: string): string {
  return name.replace(ownEnding, '');
}

/** Whether all are the database of one instant, in several formats: one name of ours with several endings. */
function isOneDatabase(entries: readonly CatalogueEntry[]): entries is [CatalogueEntry, ...CatalogueEntry[]] {
  const [first, ...others] = entries;
  if (first === undefined) return false;
  return (
    others.length === 0 ||
    entries.every(({ name, state }) => state !== 'foreign' && stemOf(name) === stemOf(first.name))
  );
}

function suggestion(entries: readonly CatalogueEntry[], text: string): string {
  const present = entries.filter(({ state }) => state !== 'lost');
  return didYouMean(text, ['latest', ...present.flatMap(({ name }) => [name, ...shortNames(name)])]);
}

/** The shorter names under which an entry is found: the file name, that without its ending, and the stamp alone. */
function shortNames(name: string): string[] {
  const base = name.slice(name.lastIndexOf('/') + 1);
  const stem = base.replace(dataEnding, '');
  const stamp = /(?:^|[-_])(\d{8}T\d{6}Z|\d{8}_\d{6})$/.exec(stem)?.[1];
  return stamp === undefined ? [base, stem] : [base, stem, stamp];
}

function failWithoutProven(entries: readonly CatalogueEntry[], act: string, timeZone: string): never {
  const [newest] = entries.filter(({ state }) => state !== 'lost');
  if (newest === undefined) {
    throw new OpsError('missing', `cannot ${act}: ${whatThereIs(entries, timeZone)}`, {
      hint: 'db-backup makes one; restore list shows what there is',
    });
  }
  const states = entries.map(({ state }) => state);
  const counts = [...new Set(states)].map((state) => `${states.filter((s) => s === state).length} ${state}`);
  throw new OpsError(
    'missing',
    `cannot ${act}: there is no proven one (${counts.join(', ')}); the newest is ${described(newest, timeZone)}`,
    { hint: hintOfOthers(entries) },
  );
}

/** Only what can be put together can be used all the same: an increment without what it is based on gives nothing. */
function hintOfOthers(entries: readonly CatalogueEntry[]): string {
  const usable = entries.find(
    ({ name, state, isBad = false }) => state !== 'lost' && !(isBad && formatByName(name) === 'pages'),
  );
  return usable === undefined
    ? 'restore list shows them, and what is the matter with each'
    : `restore list shows them; to use one all the same, give its name, such as ${usable.name}`;
}

function whatThereIs(entries: readonly CatalogueEntry[], timeZone: string): string {
  const present = entries.filter(({ state }) => state !== 'lost');
  const [newest] = present;
  if (newest === undefined) return 'there is no backup at all';
  if (present.length === 1) return `the only one is ${described(newest, timeZone)}`;
  return `there are ${present.length}, the newest is ${described(newest, timeZone)}`;
}

function described({ name, takenAt }: CatalogueEntry, timeZone: string): string {
  return `${name} of ${formatInstant(takenAt, timeZone)}`;
}

function wholeSeconds(instant: Date): number {
  return Math.floor(instant.getTime() / 1000);
}

function isProven({ state }: CatalogueEntry): boolean {
  return state === 'proven';
}
