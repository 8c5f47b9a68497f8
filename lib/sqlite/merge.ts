// Makes one whole file out of a copied set of database and side files, by letting SQLite recover it.
import { rm } from 'node:fs/promises';
import { runWorker } from './work.ts';

/**
 * Recovers the copied set at `path` (rolls a hot journal back, checkpoints a write-ahead log) and leaves the single
 * file, which then equals what SQLite would have read from the set. Returns false when the set is too damaged for
 * that. Only for copies: it writes. Throws OpsError `missing`, `denied` or `io`.
 */
export async function mergeSet(path: string): Promise<boolean> {
  const merged = await runWorker<boolean>('./merge-worker.ts', { path }, { waitForEnd: true });
  if (!merged) return false;
  for (const suffix of ['-wal', '-shm', '-journal']) await rm(path + suffix, { force: true });
  return true;
}
