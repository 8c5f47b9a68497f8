// Whether the JSON documents of an app are up to date, the same as the database, and with their reader.
import { formatCount, formatDuration } from '../base/format.ts';
import type { Verdict } from '../base/verdict.ts';
import { worst } from '../base/verdict.ts';
import type { Check } from './check.ts';
import { byLimits } from './limits.ts';

export interface DocumentsFacts {
  /** When a run of the export last ended well, and how the newest one ended. */
  lastGoodAt: Date | undefined;
  lastOutcome: string | undefined;
  /** What is known of both sides: since when they are the same; undefined where they are not, or nobody knows. */
  sameSince: Date | undefined;
  /** Documents that wait for their reader, and since when; undefined where nobody reads them elsewhere. */
  queue: { count: number; since: Date | undefined; ageMaxMs: number } | undefined;
}

export const documentsCheck: Check<DocumentsFacts> = {
  name: 'documents',
  question: 'Are the JSON documents of each app up to date, true, and with their reader?',
  unit: 's',
  limits: { warning: 36 * 3600, critical: 7 * 86_400 },
  worse: 'above',
  failures: 1,
  needsClock: true,
  causedBy: ['disk-space', 'read-only'],
  judge({ lastGoodAt, lastOutcome, sameSince, queue }, { subject, limits, now }) {
    const run = `db-export-json run --app ${subject}`;
    if (lastOutcome === undefined)
      return {
        verdict: 'warning',
        message: 'no run of the export is in the history',
        hint: `make them: ${run}`,
      };
    const ageMs = lastGoodAt === undefined ? undefined : Math.max(0, now.getTime() - lastGoodAt.getTime());
    const value = ageMs === undefined ? undefined : Math.round(ageMs / 1000);
    const byAge: Verdict = value === undefined ? 'critical' : byLimits(value, limits, 'above');
    const queuedMs = queue?.since === undefined ? 0 : Math.max(0, now.getTime() - queue.since.getTime());
    const isLate = queue !== undefined && queue.count > 0 && queuedMs > queue.ageMaxMs;
    const verdict = worst([byAge, isLate || lastOutcome === 'bad-news' ? 'warning' : 'ok']);
    const parts = [
      ageMs === undefined
        ? 'no run of the export has ended well'
        : `the last good run was ${formatDuration(ageMs)} ago`,
      ...(lastOutcome === 'bad-news'
        ? ['the newest one found a difference, or documents that wait too long']
        : []),
      ...(queue === undefined || queue.count === 0
        ? []
        : [
            `${formatCount(queue.count, 'document')} ${queue.count === 1 ? 'waits' : 'wait'} for the reader${queuedMs === 0 ? '' : ` for ${formatDuration(queuedMs)}`}`,
          ]),
      ...(sameSince === undefined
        ? []
        : [`the same as the database since ${sameSince.toISOString().slice(0, 10)}`]),
    ];
    return {
      verdict,
      value,
      message: parts.join('; '),
      hint: `what differs: db-export-json check --app ${subject}`,
      ...(queue === undefined
        ? {}
        : { measures: { queued_documents: queue.count, queue_age_seconds: Math.round(queuedMs / 1000) } }),
    };
  },
};
