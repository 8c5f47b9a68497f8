// What an operator should know of a sender: from how a cycle went, or from what it has left.
import { formatCount, formatDuration } from '../../../lib/base/format.ts';
import { shellWord } from '../../../lib/base/shell-word.ts';
import { needsPerson, personsHelp, type SenderTrouble } from '../../../lib/delta/sender-record.ts';
import { heldWords } from './held-words.ts';
import type { AppFinding } from '../../steps/each-app.ts';
import type { DeltaApp } from '../../../lib/run/open-capture.ts';

export interface Standing {
  readonly refusedTables: readonly string[];
  readonly held: Readonly<Record<string, number>>;
  readonly caughtUpAt: string | undefined;
  readonly trouble: SenderTrouble | undefined;
  readonly waiting: number;
}

export function* standingFindings({ delta }: DeltaApp, standing: Standing, now: Date): Generator<AppFinding> {
  yield* troubleFindings(standing, delta, now);
  for (const table of standing.refusedTables)
    yield {
      severity: 'warning',
      message: `the receiver has not taken what the table ${table} is like now: none of its rows travel`,
      hint: `on the receiver: delta-receive approve ${shellWord(table)}`,
    };
  for (const [reason, count] of Object.entries(standing.held))
    yield {
      severity: 'warning',
      message: `${formatCount(count, 'change')} ${count === 1 ? 'is' : 'are'} held at the receiver: ${heldWords(reason)}`,
      hint: 'delta-push held lists them',
    };
}

function* troubleFindings(
  { trouble, caughtUpAt, waiting }: Standing,
  { lagMaxMs }: DeltaApp['delta'],
  now: Date,
): Generator<AppFinding> {
  if (trouble === undefined) return;
  const help = needsPerson(trouble.kind) ? personsHelp[trouble.kind] : undefined;
  if (help !== undefined)
    yield { severity: 'critical', message: `nothing is pushed: ${trouble.message}`, hint: help };
  const behindMs = now.getTime() - Date.parse(caughtUpAt ?? trouble.since);
  if (help !== undefined || behindMs <= lagMaxMs) return;
  yield {
    severity: 'warning',
    message: `nothing has arrived for ${formatDuration(behindMs)}: ${trouble.message}; ${formatCount(waiting, 'noted change')} ${waiting === 1 ? 'waits' : 'wait'}`,
    hint: 'delta-push run tries it now',
  };
}
