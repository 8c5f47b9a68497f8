// The same of a database of a server, whose backup is a dump: only its restore would show its rows. What is known without that is
// how many each table has, then by the manifest and now by counting.
import type { PostgresApp } from '../../../lib/config/config.ts';
import { OpsError } from '../../../lib/base/errors.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import { shellWord } from '../../../lib/base/shell-word.ts';
import type { TableDiff } from '../../../lib/source/database-diff.ts';
import { type DiffOrder, noTable, type RestoreDiff, restoreDiff } from './restore-diff.ts';
import { choose } from './restored.ts';
import { type Stakes, stakesOf } from './stakes.ts';

/** To count a database of hundreds of gigabytes takes longer than anybody waits for it. */
const surveyMsMax = 10 * 60_000;

export async function diffOnServer(
  context: JobContext,
  app: PostgresApp,
  order: DiffOrder,
): Promise<RestoreDiff> {
  const choice = await choose(context, app, order);
  const { name, manifest } = choice.entry;
  if (manifest === undefined)
    throw new OpsError('missing', `cannot compare ${name}: nothing says how many rows its tables have`, {
      hint: `look into it: restore run ${shellWord(name)} --to a_new_database`,
    });
  const stakes = await stakesOf(context, app, choice.entry, surveyMsMax);
  const wanted = stakes.tables.filter(({ name }) => order.table === undefined || name === order.table);
  if (wanted.length === 0 && order.table !== undefined) throw noTable(order.table);
  const found = restoreDiff(app, choice, {
    current: stakes.current,
    problems: stakes.problems,
    compared: 'counts',
    tables: wanted.map((table) => tableOf(table, stakes)),
    schema: [],
  });
  return { ...found, passedOver: [] };
}

/** As many rows need not be the same rows. */
function tableOf({ name, backup, now }: Stakes['tables'][number], { current }: Stakes): TableDiff {
  const counted = { name, backup, now, isShadow: false };
  if (current === 'none') return { ...counted, state: 'vanished' };
  if (current !== 'readable') return { ...counted, state: 'unknown' };
  if (backup === undefined) return { ...counted, state: 'appeared' };
  if (now === undefined) return { ...counted, state: 'vanished' };
  return { ...counted, state: backup === now ? 'unknown' : 'differs' };
}
