// delta-push held: what the receiver has taken in and keeps back, why, and who can do what about it.
import { formatCount } from '../../lib/base/format.ts';
import type { HeldReason } from '../../lib/delta/batch.ts';
import { encodeCell, type WireCell } from '../../lib/delta/cell.ts';
import type { HeldChange } from '../../lib/delta/peer.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome } from '../../lib/run/job.ts';
import type { DeltaApp } from '../../lib/run/open-capture.ts';
import type { Options } from '../../lib/run/parameter.ts';
import { type AppsResult, appsOutcome, appsText, eachApp } from '../steps/each-app.ts';
import { requireDay } from '../steps/service-day.ts';
import type * as parameters from './parameters.ts';
import { deltaApps } from './steps/delta-apps.ts';
import { heldHelp, heldWords } from './steps/held-words.ts';
import { keyWords } from './steps/key-words.ts';
import { asOpsError } from './steps/trouble-words.ts';

/** Changes of one table that are held for one reason on one day. */
interface HeldGroup {
  reason: HeldReason;
  /** Null where none can be told, or it is of no consequence. */
  day: string | null;
  table: string;
  changes: number;
  firstSeen: string;
  lastSeen: string;
  rows: { key: WireCell[]; kind: HeldChange['kind']; detail: string | undefined; count: number }[];
}

interface Held {
  receiver: string;
  source: string;
  groups: HeldGroup[];
  /** Whether there are more than were looked at. */
  isCut: boolean;
}

type Given = Options<typeof parameters.held>;

/** More are not listed at once. */
const changesMax = 1000;
const shownKeys = 10;
const shownDetails = 3;

export async function run(
  context: JobContext,
  { app: name, table, day }: Given,
): Promise<Outcome<AppsResult<Held>>> {
  if (day !== undefined) requireDay(day);
  const apps = deltaApps(context, name);
  const results = await eachApp(context, apps, (app) => heldOf(context, app, { table, day }));
  return appsOutcome(results);
}

async function heldOf(
  context: JobContext,
  { name, delta: { source, to }, delta }: DeltaApp,
  query: { table: string | undefined; day: string | undefined },
): Promise<Held> {
  using peer = await context.openPeer(delta);
  const found = await peer.held({ ...query, limit: changesMax + 1 }).catch((error: unknown) => {
    throw asOpsError(error, `ask what is held of ${name}`, to);
  });
  const changes = found.slice(0, changesMax);
  const groups = Map.groupBy(changes, ({ reason, day, table }) => JSON.stringify([reason, day ?? '', table]));
  return {
    receiver: to.host,
    source,
    groups: [...groups.values()].flatMap(groupOf).sort((one, other) => (order(one) < order(other) ? -1 : 1)),
    isCut: found.length > changesMax,
  };
}

function groupOf(changes: readonly HeldChange[]): HeldGroup[] {
  const [first] = changes;
  if (first === undefined) return [];
  const times = (all: readonly string[]) => all.toSorted();
  return [
    {
      reason: first.reason,
      day: first.day ?? null,
      table: first.table,
      changes: changes.length,
      firstSeen: times(changes.map(({ firstSeen }) => firstSeen))[0] ?? first.firstSeen,
      lastSeen: times(changes.map(({ lastSeen }) => lastSeen)).at(-1) ?? first.lastSeen,
      rows: changes.map(({ key, kind, detail, count }) => ({
        key: key.map((cell) => encodeCell(cell, false)),
        kind,
        detail,
        count,
      })),
    },
  ];
}

function order({ reason, day, table }: HeldGroup): string {
  return `${reason} ${day ?? ''} ${table}`;
}

export function text(result: AppsResult<Held>): string[] {
  return appsText(result, ({ receiver, source, groups, isCut }, app) => {
    if (groups.length === 0) return [`${app}: nothing is held at ${receiver} for ${source}`];
    const all = groups.reduce((sum, { changes }) => sum + changes, 0);
    return [
      `${app}: ${isCut ? 'more than ' : ''}${formatCount(all, 'change')} held at ${receiver} for ${source}; the rows there stay as they were`,
      ...groups.flatMap((group) => groupLines(group)),
    ];
  });
}

function groupLines(group: HeldGroup): string[] {
  const { table, day, changes, reason, firstSeen, rows } = group;
  const keys = rows.slice(0, shownKeys).map(({ key }) => keyWords(key));
  const details = [...new Set(rows.flatMap(({ detail }) => detail ?? []))];
  return [
    `  ${table}${day === null ? '' : ` of ${day}`}: ${formatCount(changes, 'change')}, ${heldWords(reason)}` +
      ` (first ${firstSeen}): ${keys.join(' ')}${changes > keys.length ? ' …' : ''}`,
    ...details.slice(0, shownDetails).map((detail) => `    ${detail}`),
    ...(details.length > shownDetails ? ['    …'] : []),
    `    there: ${heldHelp(group)}`,
  ];
}
