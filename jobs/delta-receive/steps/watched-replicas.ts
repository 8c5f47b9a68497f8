// How each replica stands, for people who look at the history and for health-check: neither opens a database that is written here.
import { errorMessage, OpsError } from '../../../lib/base/errors.ts';
import type { ReplicaConfig } from '../../../lib/config/delta-config.ts';
import type { ReplicaRow } from '../../../lib/history/delta-rows.ts';
import type { SourceNote } from '../../../lib/http/source-book.ts';
import type { Replica } from '../../../lib/replica/replica.ts';
import { hasArrived } from './which-replica.ts';

/** One of them as it is now. Throws what is no trouble with the replica. */
export async function lookAtReplica(
  config: ReplicaConfig,
  open: () => Promise<Replica>,
  { notes, now }: { notes: ReadonlyMap<string, SourceNote>; now: Date },
): Promise<ReplicaRow> {
  const { name, policy } = config;
  const base = { replica: name, at: now };
  const { sources } = policy;
  try {
    const isThere = hasArrived(config);
    if (!isThere && sources.some((source) => notes.get(source)?.lastSeenAt !== undefined))
      return { ...base, problem: `there is no file any more where rows of ${name} had arrived` };
    // Looking makes none.
    const standing = isThere ? await (await open()).standing() : { held: [], sources: [] };
    return {
      ...base,
      held: standing.held,
      sources: sources.map((source) => {
        const found = standing.sources.find((one) => one.source === source);
        const lastSeenAt = [notes.get(source)?.lastSeenAt, found?.lastBatchAt]
          .filter((at) => at !== undefined)
          .sort()
          .at(-1);
        return {
          source,
          lastSeenAt,
          lastBatchAt: found?.lastBatchAt,
          lastTakenAt: found?.lastTakenAt,
          batches: found?.batches ?? 0,
          rows: found?.rows ?? 0,
          isResyncing: found?.isResyncing ?? false,
        };
      }),
    };
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    return { ...base, problem: errorMessage(error) };
  }
}
