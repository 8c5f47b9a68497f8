// delta-push parity: whether the receiver has what this database has, row by row where it has not.
import { join } from 'node:path';
import { formatCount } from '../../lib/base/format.ts';
import { encodeCell, type WireCell } from '../../lib/delta/cell.ts';
import { OpsError } from '../../lib/base/errors.ts';
import { dayOfCell } from '../../lib/delta/day.ts';
import { writeStateNote } from '../../lib/files/state-note.ts';
import { formatParityNote, parityNoteName } from '../../lib/health/parity-note.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome } from '../../lib/run/job.ts';
import type { DeltaApp } from '../../lib/run/open-capture.ts';
import type { Options } from '../../lib/run/parameter.ts';
import { type AppFinding, type AppsResult, appsOutcome, appsText, eachApp } from '../steps/each-app.ts';
import type * as parameters from './parameters.ts';
import type { Extent } from './steps/compared-buckets.ts';
import { type Compared, compareApp, type ComparedDay, hotDays } from './steps/compare-app.ts';
import { deltaApps } from './steps/delta-apps.ts';
import { keyWords } from './steps/key-words.ts';
import { asOpsError } from './steps/trouble-words.ts';

interface Parity {
  receiver: string;
  /** Whether all days of all tables were compared. */
  isDeep: boolean;
  tables: number;
  /** Days of tables, or whole tables, that are equal. */
  equal: number;
  rows: number;
  /** How many others there are. */
  unequal: number;
  /** The first of them, those that differ before all others, each with the first of its keys. */
  days: (Omit<ComparedDay, 'keys' | 'day'> & { day: string | null; keys: WireCell[][] })[];
  /** Keys that were noted for the next cycle, and tables of which all rows were. */
  repaired: { keys: number; tables: readonly string[] } | undefined;
}

type Given = Options<typeof parameters.parity>;

/** What is printed of what was found: days, keys in all of them, and in words keys of a day. */
const shownMax = { days: 1000, keys: 10_000, keysInWords: 20 };

export async function run(context: JobContext, given: Given): Promise<Outcome<AppsResult<Parity>>> {
  const extent = extentOf(given, context);
  const apps = deltaApps(context, given.app);
  const results = await eachApp(context, apps, (app) => parityOf(context, app, extent, given));
  return appsOutcome(results, (parity, app) =>
    parity.days
      .filter(({ verdict }) => verdict === 'differs')
      .map((day): AppFinding => ({ severity: 'critical', message: words(day), hint: helpOf(parity, app) })),
  );
}

function extentOf({ deep, day }: Given, { clock, config }: JobContext): Extent {
  if (day === undefined)
    return deep ? { is: 'deep' } : { is: 'hot', days: hotDays(clock.now(), config.timeZone) };
  if (dayOfCell(day) === undefined)
    throw new OpsError('usage', `cannot compare the day ${day}: it is no day of the calendar`, {
      hint: 'write it as 2026-11-27',
    });
  return { is: 'day', day };
}

async function parityOf(
  context: JobContext,
  app: DeltaApp,
  extent: Extent,
  { table, repair }: Given,
): Promise<Parity> {
  const { source, to } = app.delta;
  await using lock = await context.lock({ name: app.name, scope: 'delta' }, 'delta-push parity');
  void lock;
  using capture = await context.openCapture(app);
  using rows = await context.openLiveRows(app);
  using peer = await context.openPeer(app.delta);
  const { signal, progress } = context;
  const parts = { source, capture, peer, rows, signal, progress };
  const compared = await compareApp(parts, { extent, table }).catch((error: unknown) => {
    throw asOpsError(error, `compare ${app.name}`, to);
  });
  if (extent.is !== 'day' && table === undefined) await keepNote(context, app, compared, extent);
  if (repair) {
    capture.reread(compared.reread);
    if (compared.walk.length > 0) capture.walk(compared.walk);
  }
  const keys = compared.reread.reduce((sum, each) => sum + each.keys.length, 0);
  return {
    receiver: to.host,
    isDeep: extent.is === 'deep',
    tables: compared.tables,
    equal: compared.equal,
    rows: compared.rows,
    unequal: compared.days.length,
    days: shownDays(compared.days),
    repaired: repair ? { keys, tables: compared.walk } : undefined,
  };
}

const namedMax = 20;

/** What was compared whole is what health-check goes by. */
async function keepNote(
  { config, clock }: JobContext,
  { name }: DeltaApp,
  { rows, equal, days }: Compared,
  extent: Extent,
): Promise<void> {
  const differing = days.filter(({ verdict }) => verdict === 'differs');
  const note = {
    ...{ at: clock.now(), isDeep: extent.is === 'deep', rows, equal, differing: differing.length },
    notComparable: days.length - differing.length,
    named: differing
      .slice(0, namedMax)
      .map(({ table, day }) => (typeof day === 'string' ? `${table} of ${day}` : table)),
  };
  const path = join(config.stateDirectory, 'delta', name, parityNoteName);
  await writeStateNote(path, formatParityNote(note));
}

function shownDays(all: readonly ComparedDay[]): Parity['days'] {
  const isDifferent = ({ verdict }: ComparedDay) => Number(verdict === 'differs');
  const days = all.toSorted((one, other) => isDifferent(other) - isDifferent(one)).slice(0, shownMax.days);
  let left = shownMax.keys;
  return days.map((day) => {
    const keys = day.keys.slice(0, left).map((key) => key.map((cell) => encodeCell(cell, false)));
    left -= keys.length;
    return { ...day, day: day.day ?? null, keys };
  });
}

function helpOf({ repaired }: Parity, app: string): string {
  return repaired === undefined
    ? `delta-push parity --deep --repair --app ${app} notes the rows that differ, and the next cycle sends them; docs/operations.md has what to look at first`
    : `delta-push run --app ${app} sends them; then compare once more`;
}

export function text(result: AppsResult<Parity>): string[] {
  return appsText(result, (parity, app) => {
    const { receiver, isDeep, tables, equal, rows, unequal, days, repaired } = parity;
    const others = unequal === 0 ? 'everywhere' : `but for ${unequal} below`;
    return [
      `${app}: ${formatCount(tables, 'table')} compared with ${receiver}${isDeep ? ', all of it' : ''}: ` +
        `${formatCount(rows, 'row')} in ${formatCount(equal + unequal, 'day or table', 'days or tables')}, equal ${others}`,
      ...days.map((day) => `  ${words(day)}`),
      ...(unequal > days.length ? [`  … and ${unequal - days.length} more`] : []),
      ...(days.some(({ verdict }) => verdict === 'differs') ? [`  hint: ${helpOf(parity, app)}`] : []),
      ...(repaired === undefined ? [] : [`  ${repairWords(repaired)}`]),
    ];
  });
}

function repairWords({ keys, tables }: NonNullable<Parity['repaired']>): string {
  if (keys + tables.length === 0) return 'nothing to repair';
  const noted = [
    ...(keys === 0 ? [] : [formatCount(keys, 'row')]),
    ...tables.map((table) => `all of ${table}`),
  ];
  return `noted for the next cycle: ${noted.join(', ')}`;
}

function words({ table, day, verdict, here, there, differing, keys, why }: Parity['days'][number]): string {
  const where = day === null ? table : `${table} of ${day}`;
  const because = why === undefined ? '' : `; ${why}`;
  if (verdict === 'not-comparable') return `${where} cannot be compared: ${why ?? 'nobody can say why'}`;
  const counts = `${here} here, ${there} there`;
  if (differing === undefined) return `${where} differs: most of its rows do (${counts})${because}`;
  const named = keys.slice(0, shownMax.keysInWords).map(keyWords).join(' ');
  const more = differing > Math.min(keys.length, shownMax.keysInWords) ? ' …' : '';
  return `${where} differs: ${formatCount(differing, 'row')} (${counts}): ${named}${more}${because}`;
}
