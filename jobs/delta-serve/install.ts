// delta-serve install: puts into an app's database what notes which rows have changed, for those who follow it.
import { formatCount } from '../../lib/base/format.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, View } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import type * as parameters from './parameters.ts';
import { findingLines } from '../steps/words.ts';
import { servedApp } from './steps/served-app.ts';

interface InstalledLog {
  app: string;
  wasThere: boolean;
  tables: readonly { table: string; by: 'log' | 'diff' }[];
  sql: readonly string[];
}

type Given = Options<typeof parameters.install>;

export async function run(context: JobContext, { app: name }: Given): Promise<Outcome<InstalledLog>> {
  const app = servedApp(context, name);
  await using lock = await context.lock({ name: app.name, scope: 'delta' }, 'delta-serve install');
  void lock;
  const result = { app: app.name, ...(await (await context.servedDatabase(app)).install()) };
  return { result, findings: result.tables.filter(({ by }) => by === 'diff').map(findingOf) };
}

function findingOf({ table }: { table: string }) {
  const message = `no trigger can serve the table ${table}: its rows travel with full syncs alone`;
  const hint = 'give it a primary key whose columns are NOT NULL, or name it in without';
  return { subject: table, severity: 'warning' as const, message, hint };
}

export function text({ app, tables, wasThere }: InstalledLog, { findings }: View): string[] {
  const watched = `${app}: ${formatCount(tables.length, 'table')} watched`;
  const first = wasThere ? `${watched}; the triggers were there already, and are whole` : watched;
  return [first, ...findings.flatMap(findingLines)];
}

export const plan = {
  async run(context: JobContext, { app: name }: Given): Promise<Outcome<InstalledLog>> {
    const app = servedApp(context, name);
    return { result: { app: app.name, ...(await (await context.servedDatabase(app)).plan()) }, findings: [] };
  },
  text: ({ app, wasThere, sql }: InstalledLog): string[] =>
    wasThere
      ? [`${app}: installed already`]
      : [`${app}: would put into the database`, ...sql.map((one) => `  ${one};`)],
};
