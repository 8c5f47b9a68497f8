// Whether the place where copies go is there, is the right one, has room, and has our time.
import { formatBytes, formatDuration } from '../base/format.ts';
import type { OpsErrorFacts } from './facts.ts';
import { severityOfError } from '../base/finding.ts';
import type { Check } from './check.ts';
import { byLimits } from './limits.ts';

export type StoreFacts =
  | { problem: OpsErrorFacts; isRemote: boolean }
  | {
      description: string;
      freeBytes: number | undefined;
      totalBytes: number | undefined;
      /** What the next nights need: the newest backups and the latest copies. */
      neededBytes: number;
      /** How far its clock is from ours, where it says. */
      skewMs: number | undefined;
    };

/** A network that is away for an hour is nothing to be woken for: three hours of runs. */
const awayRuns = 36;
/** By so much two clocks may differ that are both set from the network. */
const skewMsMax = 5 * 60_000;

export const storeCheck: Check<StoreFacts> = {
  name: 'store',
  question: 'Is the place where copies go there, with room for the next ones?',
  unit: '%',
  limits: { warning: 90, critical: 98 },
  worse: 'above',
  causedBy: ['disk-space', 'read-only', 'mounts'],
  judge(facts, { limits }) {
    if ('problem' in facts) {
      const { kind, message, hint } = facts.problem;
      const verdict = kind === 'denied' ? 'critical' : severityOfError(kind);
      const isAway = kind === 'unavailable' && facts.isRemote;
      return { verdict, message, hint: hint ?? 'db-backup test', ...(isAway ? { patience: awayRuns } : {}) };
    }
    const { description, freeBytes, totalBytes, neededBytes, skewMs } = facts;
    const used =
      freeBytes === undefined || totalBytes === undefined || totalBytes === 0
        ? undefined
        : (100 * (totalBytes - freeBytes)) / totalBytes;
    const measures = {
      ...(freeBytes === undefined ? {} : { free_bytes: freeBytes }),
      ...(totalBytes === undefined ? {} : { total_bytes: totalBytes }),
    };
    const value = used === undefined ? undefined : Math.round(used * 10) / 10;
    const room =
      freeBytes === undefined
        ? `${description} answers`
        : `${description} answers, ${formatBytes(freeBytes)} free`;
    if (freeBytes !== undefined && freeBytes < neededBytes)
      return {
        ...{ verdict: 'critical', value, measures },
        message: `${room}, and the next backups need ${formatBytes(neededBytes)}`,
        hint: 'what would go: db-backup prune --dry-run',
      };
    if (skewMs !== undefined && Math.abs(skewMs) > skewMsMax)
      return {
        ...{ verdict: 'warning', value, measures },
        message: `${room}; its clock and ours differ by ${formatDuration(Math.abs(skewMs))}`,
        hint: 'see which is right: timedatectl status',
      };
    return {
      verdict: used === undefined ? 'ok' : byLimits(used, limits, 'above'),
      value,
      measures,
      message: room,
      hint: 'what would go: db-backup prune --dry-run',
    };
  },
};
