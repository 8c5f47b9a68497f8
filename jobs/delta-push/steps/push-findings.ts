// What an operator should know of a sender: from how a cycle went, or from what it has left.
import { formatDuration } from '../../../lib/base/format.ts';
import type { SenderTrouble } from '../../../lib/delta/sender-record.ts';
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
      hint: `on the receiver: delta-receive approve ${table}`,
    };
  for (const [reason, count] of Object.entries(standing.held))
    yield {
      severity: 'warning',
      message: `${count} changes are held at the receiver: ${heldWords(reason)}`,
      hint: 'delta-push held lists them',
    };
}

function* troubleFindings(
  { trouble, caughtUpAt, waiting }: Standing,
  { lagMaxMs, to }: DeltaApp['delta'],
  now: Date,
): Generator<AppFinding> {
  if (trouble === undefined) return;
  const help = hints[trouble.kind];
  const at = `${to.host}: ${trouble.message}`;
  if (help !== undefined) yield { severity: 'critical', message: `nothing is pushed to ${at}`, hint: help };
  const behindMs = now.getTime() - Date.parse(caughtUpAt ?? trouble.since);
  if (help !== undefined || behindMs <= lagMaxMs) return;
  yield {
    severity: 'warning',
    message: `nothing has reached ${at}; ${waiting} noted changes have waited for up to ${formatDuration(behindMs)}`,
    hint: 'delta-push run tries it now',
  };
}

/** Where only a person can do something. */
const hints: Partial<Record<SenderTrouble['kind'], string>> = {
  denied:
    'a new key: delta-receive key add <source> on the receiver, and its key into key_file here; nothing is lost meanwhile',
  certificate:
    'compare with what delta-receive cert prints on the receiver, then set pin; docs/operations.md has how',
  fork: 'stop the other machine, then run delta-push takeover here; docs/operations.md has how to tell',
  'too-large':
    'raise request_mb in [receive] on the receiver, or client_max_body_size of the proxy before it',
};
