// delta-receive held: changes that were kept back, and what becomes of them.
import { OpsError } from '../../lib/base/errors.ts';
import { formatCount } from '../../lib/base/format.ts';
import { formatRows } from '../../lib/base/table.ts';
import { nearest } from '../../lib/base/nearest.ts';
import { type HeldReason, heldReasons } from '../../lib/delta/batch.ts';
import { wireHeld } from '../../lib/delta/row-messages.ts';
import type { HeldQuery } from '../../lib/replica/replica.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, View } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import { heldActions, type held } from './parameters.ts';
import { onReplica, requireTable } from './steps/which-replica.ts';
import { requireDay } from '../steps/service-day.ts';

interface HeldResult {
  replica: string;
  action: 'list' | 'apply' | 'discard';
  /** What is held, or was before it was discarded or applied; no more than a thousand of them. */
  held: Record<string, unknown>[];
  /** Whether there are more. */
  isCut: boolean;
  applied: number;
  discarded: number;
  stillHeld: number | null;
}

const shownMax = 1000;

export async function run(
  context: JobContext,
  { action: typed = 'list', replica: name, ...given }: Options<typeof held>,
): Promise<Outcome<HeldResult>> {
  const action = requireAction(typed);
  const query = queryOf(given);
  const result = await onReplica(context, name, async (replica, config) => {
    await requireTable(replica, query.table);
    const found = (await replica.held({ ...query, limit: shownMax + 1 })).map(wireHeld);
    const [held, isCut] = [found.slice(0, shownMax), found.length > shownMax];
    const nothing = { replica: config.name, action, held, isCut, applied: 0, discarded: 0, stillHeld: null };
    if (action === 'list') return nothing;
    if (action === 'discard') return { ...nothing, discarded: await replica.discard(query) };
    return { ...nothing, ...(await replica.release(query)) };
  });
  return { result, findings: [] };
}

export function text(
  { action, held, isCut, applied, discarded, stillHeld }: HeldResult,
  view: View,
): string[] {
  if (action === 'apply')
    return [
      `${formatCount(applied, 'change')} taken in${stillHeld === 0 ? '' : `, ${stillHeld} still held`}`,
    ];
  if (action === 'discard')
    return [`${formatCount(discarded, 'change')} forgotten: the rows stay as they are`];
  if (held.length === 0) return ['nothing is held'];
  const heads = ['table', 'key', 'day', 'reason', 'what', 'source', 'since'];
  const shown = held.map((one) =>
    [
      one.table,
      one.key,
      one.day ?? '',
      one.reason,
      one.kind,
      one.source,
      String(one.first_seen).slice(0, 16),
    ].map(word),
  );
  const [head = [], ...rows] = formatRows([heads, ...shown], view);
  return [
    ...head,
    ...rows.flatMap((row, index) => {
      const detail = held[index]?.detail;
      return detail === null || detail === undefined ? row : [...row, `  ${word(detail)}`];
    }),
    ...(isCut ? [`more than ${shownMax} are held: --table, --day, --source and --for narrow it down`] : []),
  ];
}

function word(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? '');
}

function queryOf(given: {
  source: string | undefined;
  table: string | undefined;
  day: string | undefined;
  for: string | undefined;
}): HeldQuery {
  return {
    source: given.source,
    table: given.table,
    day: given.day === undefined ? undefined : requireDay(given.day),
    reason: given.for === undefined ? undefined : requireReason(given.for),
  };
}

function requireAction(typed: string): HeldResult['action'] {
  const found = heldActions.find((action) => action === typed);
  if (found !== undefined) return found;
  throw new OpsError(
    'usage',
    `cannot understand the command line: held ${typed} is nothing that can be done`,
    {
      hint: `did you mean delta-receive held ${nearest(typed, [...heldActions]) ?? 'list'}?`,
    },
  );
}

function requireReason(typed: string): HeldReason {
  const found = heldReasons.find((reason) => reason === typed);
  if (found !== undefined) return found;
  throw new OpsError('usage', `cannot find changes held for ${JSON.stringify(typed)}: that is no reason`, {
    hint: `the reasons are ${heldReasons.join(', ')}`,
  });
}
