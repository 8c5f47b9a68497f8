// delta-push corrections: what staff corrected at the receiver, for days that are frozen there: shown, and with --apply put into
// the app's database as well.
import { formatCount } from '../../lib/base/format.ts';
import { OpsError } from '../../lib/base/errors.ts';
import type { CorrectedRow, RereadKeys } from '../../lib/delta/capture.ts';
import { type Cell, encodeCell, type WireCell } from '../../lib/delta/cell.ts';
import { rowHashText } from '../../lib/delta/canonical.ts';
import type { HeldChange } from '../../lib/delta/peer.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome } from '../../lib/run/job.ts';
import type { DeltaApp } from '../../lib/run/open-capture.ts';
import type { Options } from '../../lib/run/parameter.ts';
import { type AppFinding, type AppsResult, appsOutcome, appsText, eachApp } from '../steps/each-app.ts';
import type * as parameters from './parameters.ts';
import { allCorrections } from './steps/all-corrections.ts';
import { deltaApps } from './steps/delta-apps.ts';
import { cellWords, keyWords } from './steps/key-words.ts';
import { asOpsError } from './steps/trouble-words.ts';

interface ShownRow {
  table: string;
  key: WireCell[];
  id: number;
  at: string;
  by: string;
  reason: string;
  state: CorrectedRow['state'];
  /** Columns whose values differ; undefined where there is no such row on that side. */
  changes: { column: string; before: WireCell | undefined; after: WireCell | undefined }[];
  /** What becomes of the row as a whole. */
  becomes: 'changed' | 'added' | 'deleted' | 'same';
  refusal: string | undefined;
}

interface Corrected {
  receiver: string;
  isAsked: boolean;
  isApplied: boolean;
  /** How many differ, or did before they were applied. */
  open: number;
  /** The first of all that were corrected, those that are so already among them. */
  rows: ShownRow[];
  /** Whether there are more. */
  isCut: boolean;
}

type Given = Options<typeof parameters.corrections>;

const heldMax = 1000;
const shownMax = 1000;

export async function run(
  context: JobContext,
  { app: name, apply, leaveRefused }: Given,
): Promise<Outcome<AppsResult<Corrected>>> {
  if (leaveRefused && !apply) throw new OpsError('usage', '--leave-refused goes with --apply');
  const apps = deltaApps(context, name);
  const results = await eachApp(context, apps, (app) => correctApp(context, app, { apply, leaveRefused }));
  return appsOutcome(results, (result, app) => [...findings(result, app)]);
}

async function correctApp(
  context: JobContext,
  app: DeltaApp,
  { apply, leaveRefused }: Pick<Given, 'apply' | 'leaveRefused'>,
): Promise<Corrected> {
  const { source, to } = app.delta;
  await using lock = await context.lock({ name: app.name, scope: 'delta' }, 'delta-push corrections');
  void lock;
  using capture = await context.openCapture(app);
  using peer = await context.openPeer(app.delta);
  const asked = async () => {
    const corrections = await allCorrections(peer, capture.state().corrections, source);
    const held = corrections.ours.length === 0 ? [] : await peer.held({ limit: heldMax });
    if (held.length >= heldMax)
      throw new OpsError('refused', `more than ${heldMax} changes are held: they may be of the very rows`, {
        hint: 'delta-push held lists them; have them taken in or discarded at the receiver first',
      });
    return { ...corrections, held };
  };
  const { ours, through, held } = await asked().catch((error: unknown) => {
    throw asOpsError(error, `ask what was corrected of ${app.name}`, to);
  });
  capture.check();
  const how = { held: keysOf(held), through, isApplied: apply, leavesRefused: leaveRefused };
  const rows = capture.correct(ours, how);
  const isApplied = apply && (leaveRefused || rows.every(({ refusal }) => refusal === undefined));
  return {
    receiver: to.host,
    isAsked: apply,
    isApplied,
    open: rows.filter(({ state }) => state !== 'same').length,
    rows: shownFirst(rows).map(shownRow),
    isCut: rows.length > shownMax,
  };
}

/** What is bad about some goes first where there are too many, and then what differs. */
function shownFirst(rows: readonly CorrectedRow[]): readonly CorrectedRow[] {
  if (rows.length <= shownMax) return rows;
  const rank = ({ refusal, state }: CorrectedRow) => (refusal === undefined ? (state === 'same' ? 2 : 1) : 0);
  return rows.toSorted((one, other) => rank(one) - rank(other)).slice(0, shownMax);
}

function keysOf(held: readonly HeldChange[]): RereadKeys[] {
  return held.map(({ table, key }) => ({ table, keys: [key] }));
}

function shownRow({ correction, columns, before, after, state, refusal }: CorrectedRow): ShownRow {
  const { id, at, by, reason, shape, key } = correction;
  const differs = (index: number) => hashOf(before, index) !== hashOf(after, index);
  const changes = columns
    .map((column, index) => ({ column, before: wire(before, index), after: wire(after, index), index }))
    .filter(({ index }) => differs(index))
    .map(({ column, before: was, after: is }) => ({ column, before: was, after: is }));
  return {
    table: shape.name,
    key: key.map((cell) => encodeCell(cell, false)),
    id,
    at,
    by,
    reason,
    state,
    changes,
    becomes: becomesOf(before, after, changes.length),
    refusal,
  };
}

function becomesOf(before: unknown, after: unknown, changes: number): ShownRow['becomes'] {
  if (changes === 0) return 'same';
  if (after === undefined) return 'deleted';
  return before === undefined ? 'added' : 'changed';
}

function wire(cells: readonly Cell[] | undefined, index: number): WireCell | undefined {
  return cells && encodeCell(cells[index] ?? null, false);
}

function hashOf(cells: readonly Cell[] | undefined, index: number): string | undefined {
  return cells && rowHashText([cells[index] ?? null]);
}

function findings({ rows, isApplied }: Corrected, app: string): AppFinding[] {
  return rows.flatMap((row) => {
    const news = newsOf(row, app, isApplied);
    return news === undefined ? [] : [{ severity: 'warning', ...news }];
  });
}

/** What is bad about a row, and what helps. */
function newsOf(
  { table, key, state, refusal }: ShownRow,
  app: string,
  isApplied: boolean,
): { message: string; hint: string } | undefined {
  const row = `${table} ${keyWords(key)}`;
  if (refusal !== undefined)
    return isApplied
      ? {
          message: `${row} was left as it is here: ${refusal}`,
          hint: 'it is not shown again: change it in the app where the correction is right',
        }
      : {
          message: `nothing was applied: ${row} is left alone: ${refusal}`,
          hint:
            `delta-push run --app ${app}, then delta-push held: what is held of it has to be taken in or discarded there first; ` +
            `or all but such rows: delta-push corrections --apply --leave-refused --app ${app}`,
        };
  if (state !== 'changed-further') return undefined;
  return {
    message: `${row} is not what it is at the receiver: a trigger of the app's made something else of it`,
    hint: `delta-push run --app ${app} sends it as it is now; of a frozen day it is held`,
  };
}

export function text(result: AppsResult<Corrected>): string[] {
  return appsText(result, ({ receiver, open, rows, isAsked, isApplied, isCut }, app) => {
    if (open === 0) return [`${app}: nothing was corrected at ${receiver} that is not so here`];
    const what = isApplied ? 'applied here' : `not applied here${isAsked ? '' : ': --apply does it'}`;
    return [
      `${app}: ${formatCount(open, 'row')} corrected at ${receiver}, ${what}`,
      ...rows.flatMap((row) => (row.state === 'same' ? [] : rowLines(row, app, isApplied))),
      ...(isCut ? [`  …: there are more than ${shownMax}`] : []),
    ];
  });
}

function rowLines(row: ShownRow, app: string, isApplied: boolean): string[] {
  const { table, key, becomes, changes, at, by, reason } = row;
  const head = `  ${table} ${keyWords(key)} ${becomes === 'changed' ? '' : `${becomes} `}by ${by}, ${at}: ${reason}`;
  const values = (becomes === 'deleted' ? [] : changes).map(
    ({ column, before, after }) => `    ${column}: ${shown(before)} -> ${shown(after)}`,
  );
  const news = newsOf(row, app, isApplied);
  return [head, ...values, ...(news === undefined ? [] : [`    ${news.message}`, `    hint: ${news.hint}`])];
}

function shown(cell: WireCell | undefined): string {
  return cell === undefined ? '-' : cellWords(cell);
}
