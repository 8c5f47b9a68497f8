// delta-push resync: rows travel once more, whether they have changed or not: of everything, a table, or a service day.
import { OpsError } from '../../lib/base/errors.ts';
import { formatCount } from '../../lib/base/format.ts';
import type { Capture, RereadKeys } from '../../lib/delta/capture.ts';
import { keyId } from '../../lib/delta/comparison.ts';
import { dayOfCell, isSameName, named } from '../../lib/delta/day.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { DeltaApp } from '../../lib/run/open-capture.ts';
import type { Outcome } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import type * as parameters from './parameters.ts';
import { deltaApp } from './steps/delta-apps.ts';
import { asOpsError } from './steps/trouble-words.ts';

interface Resync {
  app: string;
  tables: readonly string[];
  day: string | undefined;
  /** With a day, how many rows of it, there and here, will be looked at. */
  rows: number | undefined;
}

type Given = Options<typeof parameters.resync>;

/** Of one table and day. */
const keysMax = 50_000;

export async function run(context: JobContext, { app: name, table, day }: Given): Promise<Outcome<Resync>> {
  const app = deltaApp(context, name);
  await using lock = await context.lock({ name: app.name, scope: 'delta' }, 'delta-push resync');
  void lock;
  using capture = await context.openCapture(app);
  capture.check();
  const known = capture
    .tables()
    .filter(({ state }) => state !== 'retired')
    .map(({ shape }) => shape.name);
  const tables = table === undefined ? known : known.filter((one) => isSameName(one, table));
  if (tables.length === 0)
    throw new OpsError(
      'usage',
      `cannot send ${JSON.stringify(table)} once more: no table of that name travels`,
      {
        hint: `delta-push status lists them; those that do are ${known.join(', ')}`,
      },
    );
  if (day === undefined) {
    capture.walk(tables);
    return { result: { app: app.name, tables, day, rows: undefined }, findings: [] };
  }
  const keys = await keysOfDay(context, { app, capture, tables, day });
  capture.reread(keys);
  const rows = keys.reduce((sum, one) => sum + one.keys.length, 0);
  return { result: { app: app.name, tables: keys.map((one) => one.table), day, rows }, findings: [] };
}

/** What either side has of the day: a row that is gone here has to go there. */
async function keysOfDay(
  context: JobContext,
  { app, capture, tables, day }: { app: DeltaApp; capture: Capture; tables: readonly string[]; day: string },
): Promise<RereadKeys[]> {
  if (dayOfCell(day) === undefined)
    throw new OpsError(
      'usage',
      `cannot send the day ${JSON.stringify(day)} once more: it is no service day`,
      {
        hint: 'for example: delta-push resync --day 2026-11-27',
      },
    );
  using peer = await context.openPeer(app.delta);
  using live = await context.openLiveRows(app);
  try {
    const { dayRules } = await peer.state();
    const found: RereadKeys[] = [];
    const dayed = capture.tables().flatMap(({ shape }) => {
      const rule = tables.includes(shape.name) ? named(dayRules, shape.name) : undefined;
      return rule === undefined ? [] : [{ shape, rule }];
    });
    if (dayed.length === 0)
      throw new OpsError(
        'usage',
        `cannot send a day once more: no row of ${tables.join(', ')} has one there`,
        {
          hint: 'without --day all of them are; [replicas.<name>.tables.<table>] on the receiver says which column is the day',
        },
      );
    context.progress.start(`${app.name}: asking what there is of ${day}`, dayed.length, 'steps');
    for (const [index, { shape, rule }] of dayed.entries()) {
      context.progress.update(index, shape.name);
      const query = { table: shape.name, day };
      const here = await live.table(shape, rule).keys([query], keysMax);
      const there = await peer.keys(query, keysMax);
      const keys = new Map([...here, ...there].map(({ key }) => [keyId(key), key]));
      if (keys.size > 0) found.push({ table: shape.name, keys: [...keys.values()] });
    }
    context.progress.end();
    return found;
  } catch (error) {
    throw asOpsError(error, `ask what there is of ${day}`, app.delta.to);
  }
}

export function text({ app, tables, day, rows }: Resync): string[] {
  const what =
    rows === undefined
      ? `all rows of ${tables.join(', ')} are sent once more`
      : `${formatCount(rows, 'row')} of ${day}, there and here, ${rows === 1 ? 'is' : 'are'} looked at once more`;
  return [`${app}: ${what} with the next cycles: delta-push run`];
}
