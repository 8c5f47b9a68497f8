// delta-push doctor: whether what notes the changes of a database is whole, and what to do where it is not.
import { formatCount } from '../../lib/base/format.ts';
import type { ExaminedCapture } from '../../lib/delta/examined-capture.ts';
import type { KeptColumns } from '../../lib/delta/mirror-shape.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { DeltaApp } from '../../lib/run/open-capture.ts';
import type { Outcome, View } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import { type AppFinding, type AppsResult, appsOutcome, appsText, eachApp } from '../steps/each-app.ts';
import { findingLines } from '../steps/words.ts';
import type * as parameters from './parameters.ts';
import { deltaApps } from './steps/delta-apps.ts';
import { keptWords } from './steps/kept-columns.ts';
import { senderFiles } from './steps/sender-files.ts';

type Given = Options<typeof parameters.doctor>;

type Examined = ExaminedCapture & {
  readonly capture: 'triggers' | 'diff';
  readonly keptColumns: readonly KeptColumns[];
};

export async function run(context: JobContext, { app: name }: Given): Promise<Outcome<AppsResult<Examined>>> {
  const apps = deltaApps(context, name);
  const results = await eachApp(context, apps, async (app) => ({
    capture: app.delta.capture,
    ...(await context.examineCapture(app)),
    keptColumns: (await senderFiles(context.config.stateDirectory, app.name).read())?.keptColumns ?? [],
  }));
  return appsOutcome(results, (examined, appName) => {
    const app = apps.find((one) => one.name === appName);
    return app === undefined ? [] : [...findingsOf(app, examined)];
  });
}

function* findingsOf({ name, delta }: DeltaApp, examined: Examined): Generator<AppFinding> {
  const { isInstalled, strayTriggers, trouble, log, tables, journalMode, capture } = examined;
  const install = `delta-push install --app ${name}`;
  if (trouble !== undefined)
    yield {
      severity: 'critical',
      message: `every write of the app fails: ${trouble}`,
      hint: `${install}; or delta-push uninstall --app ${name}, which takes the triggers away`,
    };
  if (capture === 'diff') {
    if (isInstalled || strayTriggers.length > 0)
      yield {
        severity: 'warning',
        message: 'triggers of ours are there, though changes are found by comparing',
        hint: `delta-push uninstall --app ${name}`,
      };
    return;
  }
  if (!isInstalled) {
    yield { severity: 'critical', message: 'nothing notes its changes', hint: install };
    return;
  }
  for (const { table, triggers } of tables)
    if (triggers === 'missing' || triggers === 'different')
      yield {
        severity: 'warning',
        message: `the triggers of ${table} are ${triggers}: the next cycle puts them back, and sends all its rows once more`,
        hint: `delta-push run --app ${name}`,
      };
  if (strayTriggers.length > 0)
    yield {
      severity: 'warning',
      message: `triggers of ours on tables that do not travel: ${strayTriggers.join(', ')}`,
      hint: install,
    };
  if (log !== undefined && log.waiting > delta.logRowsMax / 2)
    yield {
      severity: 'warning',
      message: `${formatCount(log.waiting, 'noted change')} wait; beyond ${delta.logRowsMax} their tables are sent whole instead`,
      hint: `delta-push status --app ${name}`,
    };
  if (journalMode !== 'wal')
    yield {
      severity: 'warning',
      message: `its journal mode is ${journalMode}: while a cycle reads, for some milliseconds, a write of the app has to wait`,
      hint: 'give the app a busy timeout of a second or more (PRAGMA busy_timeout = 5000), or let it use WAL',
    };
}

export function text(result: AppsResult<Examined>, { findings }: View): string[] {
  const lines = appsText(result, ({ isInstalled, tables, log, journalMode, trouble, keptColumns }, app) => [
    `${app}: ${isInstalled ? formatCount(tables.length, 'table') : 'nothing installed'}, journal mode ${journalMode}${trouble === undefined && isInstalled ? '; an entry in the log, which was taken back, worked' : ''}`,
    ...tables.map(
      ({ table, by, triggers }) => `  ${table}: ${by === 'diff' ? 'compared' : `triggers ${triggers}`}`,
    ),
    ...keptColumns.map((kept) => `  ${keptWords(kept)}`),
    ...(log === undefined
      ? []
      : [`  log: ${formatCount(log.entries, 'entry', 'entries')}, ${log.waiting} of which wait`]),
  ]);
  return [...lines, ...findings.flatMap(findingLines)];
}
