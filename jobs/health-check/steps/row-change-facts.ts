// What the report is told of row changes: what ops.db knows of batches, and what the receiver noted of its replicas.
import { fileApps } from '../../../lib/config/config.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import type { RowChangeFacts } from '../../../lib/report/facts.ts';

const looksBackMs = 30 * 86_400_000;

export function rowChangeFacts({ history, config, clock }: JobContext): {
  since: Date;
  sources: RowChangeFacts[];
} {
  const since = new Date(clock.now().getTime() - looksBackMs);
  const totals = history.batchTotals(since);
  const known = history.replicas();
  const counted = (direction: 'sent' | 'received', subject: string, source: string) => {
    const found = totals.find(
      (one) => one.direction === direction && one.subject === subject && one.source === source,
    );
    return {
      ...{ direction, subject, source, batches: found?.applied ?? 0, lastAt: found?.lastAt },
      rows: (found?.upserts ?? 0) + (found?.deletes ?? 0),
      keptBack: found?.held ?? 0,
      notTaken: (found?.refused ?? 0) + (found?.failed ?? 0),
    };
  };
  const sent = fileApps(config).flatMap(({ name, delta }) => {
    if (delta === undefined) return [];
    const counts = counted('sent', name, delta.source);
    return [{ ...counts, heardAt: counts.lastAt, held: 0, quarantined: 0, away: undefined }];
  });
  const received = (config.receive === undefined ? [] : config.replicas).flatMap(({ name, policy }) => {
    const replica = known.find((one) => one.replica === name);
    return policy.sources.map((source) => {
      const counts = counted('received', name, source);
      const stands = replica?.sources.find((one) => one.source === source);
      const groups = replica?.held.filter((one) => one.source === source) ?? [];
      const sum = (isFrozen: boolean) =>
        groups.reduce(
          (all, { reason, changes }) => all + ((reason === 'frozen-day') === isFrozen ? changes : 0),
          0,
        );
      return {
        ...counts,
        lastAt: dateOf(stands?.lastBatchAt) ?? counts.lastAt,
        heardAt: dateOf(stands?.lastSeenAt),
        ...{ held: sum(true), quarantined: sum(false), away: replica?.away },
      };
    });
  });
  return { since, sources: [...sent, ...received] };
}

function dateOf(text: string | undefined): Date | undefined {
  return text === undefined ? undefined : new Date(text);
}
