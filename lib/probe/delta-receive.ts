// What the receiver has noted of its replicas: health-check opens none of them. docs/decisions/held-rows-in-the-history.md.
import type { ReplicaConfig } from '../config/delta-config.ts';
import type { Config } from '../config/config.ts';
import type { DeltaHeldFacts } from '../health/delta-held.ts';
import type { DeltaReplicaFacts } from '../health/delta-replica.ts';
import type { DeltaSourceFacts } from '../health/delta-source.ts';
import type { KnownReplica } from '../history/delta-rows.ts';
import type { Probe, ProbeContext } from './probe.ts';

export const deltaReplicaProbe: Probe<DeltaReplicaFacts> = {
  subjects: ({ config }) => received(config).map(({ name }) => name),
  async measure(context, subject) {
    const { at, away } = noted(context, subject) ?? {};
    return { lookedAt: at, away };
  },
};

export const deltaHeldProbe: Probe<DeltaHeldFacts> = {
  subjects: ({ config }) => received(config).map(({ name }) => name),
  async measure(context, subject) {
    const groups = noted(context, subject)?.held ?? [];
    const held: Record<string, number> = {};
    const days = new Map<string, number>();
    for (const { reason, day, changes } of groups) {
      held[reason] = (held[reason] ?? 0) + changes;
      if (day !== undefined) days.set(day, (days.get(day) ?? 0) + changes);
    }
    return {
      held,
      days: [...days].sort(([, one], [, other]) => other - one).map(([day]) => day),
      sources: [...new Set(groups.map(({ source }) => source))],
    };
  },
};

export const deltaSourceProbe: Probe<DeltaSourceFacts> = {
  subjects: ({ config }) => received(config).flatMap(({ policy }) => policy.sources),
  async measure(context, subject) {
    const replica =
      received(context.config).find(({ policy }) => policy.sources.includes(subject))?.name ?? '';
    const found = noted(context, replica)?.sources.find(({ source }) => source === subject);
    const date = (text: string | undefined) => (text === undefined ? undefined : new Date(text));
    return {
      replica,
      heardAt: date(found?.lastSeenAt),
      lastBatchAt: date(found?.lastBatchAt),
      isResyncing: found?.isResyncing ?? false,
    };
  },
};

/** Those that arrive here; without [receive] nothing does. */
function received({ receive, replicas }: Config): readonly ReplicaConfig[] {
  return receive === undefined ? [] : replicas;
}

/** A configuration is read once a run, and so is this. */
const runs = new WeakMap<Config, readonly KnownReplica[]>();

function noted({ config, history }: ProbeContext, name: string): KnownReplica | undefined {
  const known = runs.get(config) ?? history.replicas();
  runs.set(config, known);
  return known.find(({ replica }) => replica === name);
}
