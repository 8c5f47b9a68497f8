// Whether the changes of an app's rows reach their receiver, and are taken there.
import { formatCount, formatDuration } from '../base/format.ts';
import { type Verdict, worst } from '../base/verdict.ts';
import type { Check, Judging } from './check.ts';

export interface DeltaPushFacts {
  /** What the sender has left; undefined where it never ran. */
  sender:
    | {
        caughtUpAt: Date | undefined;
        lastAt: Date | undefined;
        waiting: number;
        held: Readonly<Record<string, number>>;
        refusedTables: readonly string[];
        trouble: { message: string; since: Date; needsPerson: boolean } | undefined;
      }
    | undefined;
  /** So long changes may wait. */
  lagMaxMs: number;
}

const dayMs = 86_400_000;

export const deltaPushCheck: Check<DeltaPushFacts> = {
  name: 'delta-push',
  question: 'Do the changes of the rows of each app reach the receiver, and does it take them?',
  unit: 's',
  limits: {},
  worse: 'above',
  needsClock: true,
  causedBy: ['disk-space', 'read-only'],
  judge({ sender, lagMaxMs }, view) {
    const app = view.subject;
    if (sender === undefined)
      return {
        verdict: 'warning',
        message: 'nothing was ever pushed, though a receiver is configured',
        hint: `delta-push install --app ${app}, then delta-push run --app ${app}`,
      };
    const { caughtUpAt, trouble, waiting, refusedTables } = sender;
    const behindMs = Math.max(0, view.now.getTime() - (caughtUpAt ?? trouble?.since ?? view.now).getTime());
    const held = Object.values(sender.held).reduce((sum, count) => sum + count, 0);
    const verdict = worst([
      byLag(Math.round(behindMs / 1000), lagMaxMs, view),
      trouble?.needsPerson === true ? 'critical' : 'ok',
      held > 0 || refusedTables.length > 0 ? 'warning' : 'ok',
    ]);
    const parts = [
      ...(trouble === undefined ? [] : [trouble.message]),
      `everything had arrived ${caughtUpAt === undefined ? 'never' : `${formatDuration(behindMs)} ago`}`,
      ...(waiting === 0
        ? []
        : [`${formatCount(waiting, 'noted change')} ${waiting === 1 ? 'waits' : 'wait'}`]),
      ...(held === 0
        ? []
        : [`${formatCount(held, 'change')} ${held === 1 ? 'is' : 'are'} held at the receiver`]),
      ...(refusedTables.length === 0 ? [] : [`not taken there: the tables ${refusedTables.join(', ')}`]),
    ];
    return {
      verdict,
      value: Math.round(behindMs / 1000),
      message: parts.join('; '),
      hint: `delta-push status --app ${app}`,
      measures: { waiting_changes: waiting, held_changes: held },
    };
  },
};

/** By the app's own limit, and a week beyond it, unless the operator of the checks has said otherwise. */
function byLag(behindSeconds: number, lagMaxMs: number, { limits }: Judging): Verdict {
  const warning = limits.warning ?? lagMaxMs / 1000;
  const critical = limits.critical ?? Math.max(warning * 7, (7 * dayMs) / 1000);
  if (behindSeconds >= critical) return 'critical';
  return behindSeconds >= warning ? 'warning' : 'ok';
}
