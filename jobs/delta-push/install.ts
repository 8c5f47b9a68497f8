// delta-push install: puts into an app's database what notes which rows have changed. The only command that changes the database.
import { formatCount } from '../../lib/base/format.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, View } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import { type AppsResult, appsOutcome, appsText, eachApp } from '../steps/each-app.ts';
import { findingLines } from '../steps/words.ts';
import type * as parameters from './parameters.ts';
import { deltaApps } from './steps/delta-apps.ts';

export interface InstalledCapture {
  /** By `triggers`, or by `diff`: then nothing is put there. */
  capture: 'triggers' | 'diff';
  wasThere: boolean;
  tables: readonly { table: string; by: 'log' | 'diff' }[];
  sql: readonly string[];
}

type Given = Options<typeof parameters.install>;

export async function run(
  context: JobContext,
  { app: name }: Given,
): Promise<Outcome<AppsResult<InstalledCapture>>> {
  const results = await eachApp(context, deltaApps(context, name), async (app) => {
    await using lock = await context.lock({ name: app.name, scope: 'delta' }, 'delta-push install');
    void lock;
    const { capture } = app.delta;
    if (capture === 'diff') return { capture, wasThere: false, tables: [], sql: [] };
    return { capture, ...(await context.installCapture(app)) };
  });
  return appsOutcome(results, ({ tables }) =>
    tables
      .filter(({ by }) => by === 'diff')
      .map(({ table }) => ({
        severity: 'warning',
        message: `no trigger can serve the table ${table}: all its rows are compared in each cycle`,
        hint: 'give it a primary key whose columns are NOT NULL, or name it in without',
      })),
  );
}

export function text(result: AppsResult<InstalledCapture>, { findings }: View): string[] {
  const lines = appsText(result, ({ capture, wasThere, tables }, app) => [
    capture === 'diff'
      ? `${app}: nothing to install: changes are found by comparing`
      : `${app}: ${formatCount(tables.length, 'table')} ${tables.length === 1 ? 'is' : 'are'} watched${wasThere ? '; the triggers were there already, and are whole' : ''}`,
    `${app}: next: delta-push run --app ${app}`,
  ]);
  return [...lines, ...findings.flatMap(findingLines)];
}

export const plan = {
  async run(context: JobContext, { app: name }: Given): Promise<Outcome<AppsResult<InstalledCapture>>> {
    const results = await eachApp(context, deltaApps(context, name), async (app) => {
      const { capture } = app.delta;
      if (capture === 'diff') return { capture, wasThere: false, tables: [], sql: [] };
      return { capture, ...(await context.planCapture(app)) };
    });
    return appsOutcome(results);
  },
  text: (result: AppsResult<InstalledCapture>): string[] =>
    appsText(result, ({ capture, wasThere, sql }, app) => [
      capture === 'diff'
        ? `${app}: nothing would be installed`
        : `${app}: ${wasThere ? 'installed already' : 'would put into the database'}`,
      ...(wasThere ? [] : sql.map((one) => `  ${one};`)),
    ]),
};
