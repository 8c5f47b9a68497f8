// Reads a backup back from the store and proves it: the bytes against the manifest, the database against its facts.
import { rm } from 'node:fs/promises';
import type { CatalogueEntry } from '../../lib/backup/catalogue.ts';
import type { Manifest } from '../../lib/backup/manifest.ts';
import type { GuardedApp } from '../../lib/config/config.ts';
import type { FileDigest } from '../../lib/files/digest.ts';
import { requireSpace } from '../../lib/files/space.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Measurement } from '../../lib/source/source.ts';
import type { Store } from '../../lib/store/store.ts';

/** What a stored backup turned out to be. */
export interface Proof {
  backup: string;
  /** Whether everything agrees. Without a manifest: whether SQLite finds it sound. */
  sound: boolean;
  /** `false` where there was no manifest to compare with: sound, but nobody knows whether it is all there. */
  proven: boolean;
  /** What does not agree, in sentences. */
  problems: string[];
  digest: FileDigest | undefined;
  measured: Measurement | undefined;
  /** What it was proven against. */
  manifest: Manifest | undefined;
}

/** Downloads `entry` to `target` (which must not exist) and proves it there. The file stays, also when unsound. */
export async function fetchAndProve(
  context: JobContext,
  store: Store,
  app: GuardedApp,
  entry: { name: string; sizeBytes: number; manifest?: Manifest | undefined },
  target: string,
): Promise<Proof> {
  await requireSpace({ directory: target, neededBytes: entry.sizeBytes, purpose: `fetch ${entry.name}` });
  context.progress.start(`${app.name}: fetching`, entry.sizeBytes);
  const digest = await store.get(entry.name, target, {
    signal: context.signal,
    onProgress: (done) => context.progress.update(done),
  });
  context.progress.end();
  return proveFetched(context, app, entry, digest);
}

/** The same for a file that was fetched already. */
export async function proveFetched(
  context: JobContext,
  app: GuardedApp,
  entry: { name: string; manifest?: Manifest | undefined },
  digest: FileDigest,
): Promise<Proof> {
  const { manifest } = entry;
  const proof = { backup: entry.name, proven: manifest !== undefined, digest, manifest };
  const wrongBytes = byteProblems(digest, manifest);
  if (wrongBytes.length > 0) return { ...proof, sound: false, problems: wrongBytes, measured: undefined };
  const { progress, signal } = context;
  const source = context.source(app);
  progress.start(`${app.name}: checking`, 0);
  try {
    const onBeat = () => progress.update(0);
    const measured = await source.measure(digest.path, { signal, called: entry.name, onBeat });
    const problems = [
      ...measured.integrity.problems.map((problem) => `integrity check: ${problem}`),
      ...(manifest === undefined ? [] : source.compare(manifest, measured.facts)),
    ];
    return { ...proof, sound: problems.length === 0, problems, measured };
  } catch (error) {
    if (!isDamage(error)) throw error;
    return { ...proof, sound: false, problems: [error.message], measured: undefined };
  } finally {
    progress.end();
  }
}

function byteProblems(digest: FileDigest, manifest: Manifest | undefined): string[] {
  if (manifest === undefined) return [];
  if (digest.sizeBytes !== manifest.sizeBytes) {
    return [`it has ${digest.sizeBytes} bytes, the manifest says ${manifest.sizeBytes}`];
  }
  if (digest.sha256 !== manifest.sha256) {
    return [`its bytes were altered: SHA-256 is ${digest.sha256}, the manifest says ${manifest.sha256}`];
  }
  return [];
}

function isDamage(error: unknown): error is Error {
  return error instanceof Error && 'kind' in error && error.kind === 'damaged';
}

/** Proves one entry of the catalogue in scratch of its own and removes the file again. */
export async function proveEntry(
  context: JobContext,
  store: Store,
  app: GuardedApp,
  entry: CatalogueEntry,
): Promise<Proof> {
  // A manifest that cannot be used must not make a backup pass as one that never had any.
  if (entry.state === 'damaged') {
    const problems = [entry.problem ?? 'its manifest cannot be used'];
    return {
      backup: entry.name,
      sound: false,
      proven: false,
      problems,
      digest: undefined,
      measured: undefined,
      manifest: undefined,
    };
  }
  const scratch = await context.scratch();
  const target = scratch.file('backup.db');
  try {
    return await fetchAndProve(context, store, app, entry, target);
  } finally {
    await rm(target, { force: true });
    await scratch.remove();
  }
}
