// One document, brought up to date: it is written only where its bytes differ, for its time of change is what rsync and a
// loader go by.
import { shellWord } from '../../../lib/base/shell-word.ts';
import { createHash } from 'node:crypto';
import { OpsError, systemError } from '../../../lib/base/errors.ts';
import type { ExportState, KnownDocument } from '../../../lib/export/export-state.ts';
import type { Recipe, Rows, Source } from '../../../lib/export/rows.ts';
import type { JsonStyle } from '../../../lib/export/style.ts';
import { writeInto } from '../../../lib/files/durable.ts';
import type { HeldDirectory } from '../../../lib/files/held-directory.ts';
import { fullDiskDetails } from '../../../lib/files/space.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import { compareWhileMade } from './large-document.ts';
import { digestDocument, lookAt } from './read-document.ts';
import type { WantedDocument } from './wanted-documents.ts';

/**
 * What becomes of a document: `unchanged`, `new`, `changed`; `held`: it is frozen, and differs, and was left as it is.
 */
export type Change = 'unchanged' | 'new' | 'changed' | 'held';

export interface Refreshed {
  change: Change;
  /** Of the bytes that the database gives now. */
  sizeBytes: number;
  /** How it lies there now; undefined where it was not written, and is not what it should be. */
  known: KnownDocument | undefined;
}

export interface RefreshOptions {
  directory: HeldDirectory;
  style: JsonStyle;
  /** How it lay there when it was last right. */
  known: KnownDocument | undefined;
  isFrozen: boolean;
  /** Only look. */
  dryRun: boolean;
}

/** A document up to this size is held as a whole, and known by its digest; a larger one is made piece by piece. */
const heldBytesMax = 8 * 1024 * 1024;

export async function refreshDocument(
  { signal }: JobContext,
  rows: Rows,
  { name, recipe }: WantedDocument,
  options: RefreshOptions,
): Promise<Refreshed> {
  const document = new Sourced(rows.document(recipe, options.style));
  const { bytes, isWhole } = await takeBeginning(document);
  const there = lyingAt(options.directory, name);
  const refreshed = isWhole
    ? await refreshHeld(bytes, name, there, { ...options, signal })
    : await refreshLarge(bytes, document, name, there, options);
  const { known } = refreshed;
  return { ...refreshed, known: known && { ...known, source: document.source } };
}

/** A document that tells its source in the end. */
class Sourced implements AsyncIterator<Uint8Array, undefined> {
  readonly #document: AsyncGenerator<Uint8Array, Source | undefined>;
  source: Source | undefined;

  constructor(document: AsyncGenerator<Uint8Array, Source | undefined>) {
    this.#document = document;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    const next = await this.#document.next();
    if (next.done !== true) return next;
    this.source ??= next.value;
    return { done: true, value: undefined };
  }
}

async function takeBeginning(
  document: AsyncIterator<Uint8Array>,
): Promise<{ bytes: Buffer; isWhole: boolean }> {
  const taken: Uint8Array[] = [];
  let sizeBytes = 0;
  while (sizeBytes <= heldBytesMax) {
    const next = await document.next();
    if (next.done === true) return { bytes: Buffer.concat(taken), isWhole: true };
    taken.push(next.value);
    sizeBytes += next.value.length;
  }
  return { bytes: Buffer.concat(taken), isWhole: false };
}

async function refreshHeld(
  bytes: Buffer,
  name: string,
  there: Lying | undefined,
  { directory, known, isFrozen, dryRun, signal }: RefreshOptions & { signal: AbortSignal },
): Promise<Refreshed> {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const sizeBytes = bytes.length;
  if (there !== undefined && isKnown(there, known) && known?.sha256 === sha256)
    return { change: 'unchanged', sizeBytes, known };
  if (there?.sizeBytes === sizeBytes && (await hashOf(directory, name, signal)) === sha256)
    return { change: 'unchanged', sizeBytes, known: { ...there, sha256 } };
  const change = changeOf(there, isFrozen);
  if (change === 'held' || dryRun) return { change, sizeBytes, known: undefined };
  return { change, sizeBytes, known: await writeDocument(directory, name, bytes, () => sha256) };
}

async function refreshLarge(
  beginning: Buffer,
  rest: AsyncIterator<Uint8Array>,
  name: string,
  there: Lying | undefined,
  { directory, isFrozen, dryRun }: RefreshOptions,
): Promise<Refreshed> {
  const compared = await compareWhileMade(
    withBeginning(beginning, rest),
    there === undefined ? undefined : { directory, name },
  );
  try {
    const change = compared.isSame ? 'unchanged' : changeOf(there, isFrozen);
    if (change === 'unchanged' || change === 'held' || dryRun) {
      for await (const piece of compared.isSame ? [] : compared.content()) void piece; // it is read to its end
      const { sha256, sizeBytes } = compared.digest();
      return { change, sizeBytes, known: change === 'unchanged' && there ? { ...there, sha256 } : undefined };
    }
    let made = { sha256: '', sizeBytes: 0 };
    const known = await writeDocument(directory, name, compared.content(), () => {
      made = compared.digest();
      return made.sha256;
    });
    return { change, sizeBytes: made.sizeBytes, known };
  } finally {
    await compared.close();
  }
}

async function* withBeginning(
  beginning: Uint8Array,
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield beginning;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

function changeOf(there: Lying | undefined, isFrozen: boolean): Exclude<Change, 'unchanged'> {
  if (there === undefined) return 'new';
  return isFrozen ? 'held' : 'changed';
}

/** How it lies there then. `sha256` is asked for when all of it was written. */
async function writeDocument(
  directory: HeldDirectory,
  name: string,
  content: Uint8Array | AsyncIterable<Uint8Array>,
  sha256: () => string,
): Promise<KnownDocument | undefined> {
  const mode = await modeFor(directory, name);
  try {
    await writeInto(directory, name, content, { mode, toOwner: true, isExact: true });
  } catch (error) {
    throw systemError(`write ${directory.path}/${name}`, error, fullDiskDetails(error, directory.path));
  }
  const hash = sha256();
  const written = lyingAt(directory, name);
  return written && { ...written, sha256: hash };
}

/** Who may read and write it is as it was, else as it is with its directory: it is the app's, and made to be taken elsewhere. */
async function modeFor(directory: HeldDirectory, name: string): Promise<number> {
  const { mode } = lookAt(directory, name) ?? (await directory.status());
  return Number(mode) & 0o666;
}

const askedAtOnce = 100;

/** Documents that nobody has touched, by their names, with what is known of them. */
type Untouched = { name: string; recipe: Recipe; known: KnownDocument }[];

/**
 * The documents that nobody has touched and whose source is what it was, by their names: they need not be made to be known
 * to be the same.
 */
export async function sameAsBefore(
  rows: Rows,
  documents: readonly WantedDocument[],
  { directory, style, before }: { directory: HeldDirectory; style: JsonStyle; before: ExportState },
): Promise<ReadonlyMap<string, KnownDocument>> {
  const same = new Map<string, KnownDocument>();
  let asked: Untouched = [];
  let answer: Promise<(Source | undefined)[]> = Promise.resolve([]);
  const take = async () => {
    const sources = await answer;
    for (const [index, { name, known }] of asked.entries())
      if (sources[index] === known.source) same.set(name, known);
  };
  for (let first = 0; first < documents.length; first += askedAtOnce) {
    // These are looked at while the sources of those before them are told.
    const next = untouched(documents.slice(first, first + askedAtOnce), directory, before);
    await take();
    asked = next;
    const recipes = asked.map(({ recipe }) => recipe);
    answer = recipes.length === 0 ? Promise.resolve([]) : rows.sources(recipes, style);
    answer.catch(() => undefined); // waited for above, unless a look fails before
  }
  await take();
  return same;
}

function untouched(
  documents: readonly WantedDocument[],
  directory: HeldDirectory,
  before: ExportState,
): Untouched {
  return documents.flatMap(({ name, recipe }) => {
    const known = before.get(name);
    if (known?.source === undefined) return [];
    const there = lyingAt(directory, name);
    return there !== undefined && isKnown(there, known) ? { name, recipe, known } : [];
  });
}

type Lying = Omit<KnownDocument, 'sha256' | 'source'>;

/** What has the name: undefined for nothing. What is no file is not replaced. */
function lyingAt(directory: HeldDirectory, name: string): Lying | undefined {
  const status = lookAt(directory, name);
  if (status === undefined) return undefined;
  if (!status.isFile())
    throw new OpsError('refused', `cannot write ${directory.path}/${name}: it is there, and is no file`, {
      hint: `look at it, and move it away: ls -ld ${shellWord(`${directory.path}/${name}`)}`,
    });
  return { sizeBytes: Number(status.size), modifiedNs: String(status.mtimeNs), inode: String(status.ino) };
}

function isKnown(there: Lying, known: KnownDocument | undefined): boolean {
  return (
    known?.sizeBytes === there.sizeBytes &&
    known.modifiedNs === there.modifiedNs &&
    known.inode === there.inode
  );
}

async function hashOf(directory: HeldDirectory, name: string, signal: AbortSignal): Promise<string> {
  return (await digestDocument(directory, name, signal)).sha256;
}
