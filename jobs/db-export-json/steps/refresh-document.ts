// One document, brought up to date: it is written only where its bytes differ, for its time of change is what rsync and a
// loader go by.
import { shellWord } from '../../../lib/base/shell-word.ts';
import { createHash } from 'node:crypto';
import { OpsError, systemError } from '../../../lib/base/errors.ts';
import type { KnownDocument } from '../../../lib/export/export-state.ts';
import type { Rows } from '../../../lib/export/rows.ts';
import type { JsonStyle } from '../../../lib/export/style.ts';
import { writeInto } from '../../../lib/files/durable.ts';
import { digestFile } from '../../../lib/files/hash-file.ts';
import type { HeldDirectory } from '../../../lib/files/held-directory.ts';
import { fullDiskDetails } from '../../../lib/files/space.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import { lookAt } from './read-document.ts';
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

/** A document up to this size is made once; of a larger one the digest is made first, so that it need not be kept. */
const keptBytesMax = 8 * 1024 * 1024;
export async function refreshDocument(
  { signal }: JobContext,
  rows: Rows,
  { name, recipe }: WantedDocument,
  { directory, style, known, isFrozen, dryRun }: RefreshOptions,
): Promise<Refreshed> {
  const made = await makeDocument(rows.document(recipe, style));
  const { sha256, sizeBytes } = made;
  const there = await lyingAt(directory, name);
  const done = (change: Change, now: KnownDocument | undefined): Refreshed => ({
    change,
    sizeBytes,
    known: now,
  });
  if (there !== undefined && isKnown(there, known) && known?.sha256 === sha256)
    return done('unchanged', known);
  if (there?.sizeBytes === sizeBytes && (await hashOf(directory, name, signal)) === sha256)
    return done('unchanged', { ...there, sha256 });
  if (there !== undefined && isFrozen) return done('held', undefined);
  const change = there === undefined ? 'new' : 'changed';
  if (dryRun) return done(change, undefined);
  const content = made.bytes ?? rows.document(recipe, style);
  try {
    await writeInto(directory, name, content, {
      mode: await modeFor(directory, name),
      toOwner: true,
      isExact: true,
    });
  } catch (error) {
    throw systemError(`write ${directory.path}/${name}`, error, fullDiskDetails(error, directory.path));
  }
  const written = await lyingAt(directory, name);
  return done(change, written && { ...written, sha256 });
}

/** Who may read and write it is as it was, else as it is with its directory: it is the app's, and made to be taken elsewhere. */
async function modeFor(directory: HeldDirectory, name: string): Promise<number> {
  const { mode } = (await lookAt(directory, name)) ?? (await directory.status());
  return Number(mode) & 0o666;
}

/** The digest of a document, and its bytes where they are few. */
async function makeDocument(
  chunks: AsyncIterable<Uint8Array>,
): Promise<{ sha256: string; sizeBytes: number; bytes: Uint8Array | undefined }> {
  const hash = createHash('sha256');
  let kept: Uint8Array[] | undefined = [];
  let sizeBytes = 0;
  for await (const chunk of chunks) {
    hash.update(chunk);
    sizeBytes += chunk.length;
    if (sizeBytes > keptBytesMax) kept = undefined;
    kept?.push(chunk);
  }
  return { sha256: hash.digest('hex'), sizeBytes, bytes: kept && Buffer.concat(kept) };
}

type Lying = Omit<KnownDocument, 'sha256'>;

/** What has the name: undefined for nothing. What is no file is not replaced. */
async function lyingAt(directory: HeldDirectory, name: string): Promise<Lying | undefined> {
  const status = await lookAt(directory, name);
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
  return (await digestFile(directory.at(name), { signal, follow: false })).sha256;
}
