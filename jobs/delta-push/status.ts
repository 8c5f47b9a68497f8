// delta-push status: what waits, since when, and what is held; a look, without a word over the network.
import { formatCount } from '../../lib/base/format.ts';
import type { KeptColumns } from '../../lib/delta/mirror-shape.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, View } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import { type AppsResult, appsOutcome, appsText, eachApp } from '../steps/each-app.ts';
import { ago, findingLines } from '../steps/words.ts';
import type * as parameters from './parameters.ts';
import type { DeltaApp } from '../../lib/run/open-capture.ts';
import { deltaApps } from './steps/delta-apps.ts';
import { standingFindings } from './steps/push-findings.ts';
import { keptWords } from './steps/kept-columns.ts';
import { senderFiles } from './steps/sender-files.ts';

interface Status {
  receiver: string;
  source: string;
  /** Noted keys that wait: a row that changed twice has two. */
  waiting: number;
  batchNo: number;
  /** When everything had arrived, last. */
  caughtUpAt: string | undefined;
  lastAt: string | undefined;
  cycles: number;
  failedCycles: number;
  changes: number;
  /** A batch that is on its way, or was when the last cycle ended. */
  spooledBytes: number;
  held: Readonly<Record<string, number>>;
  refusedTables: readonly string[];
  keptColumns: readonly KeptColumns[];
  trouble: { kind: string; message: string; since: string; failures: number; notBefore: string } | undefined;
  tables: { table: string; by: 'log' | 'diff'; state: 'live' | 'walk' | 'refused' | 'retired' }[];
}

type Given = Options<typeof parameters.status>;

export async function run(context: JobContext, { app: name }: Given): Promise<Outcome<AppsResult<Status>>> {
  const apps = deltaApps(context, name);
  const results = await eachApp(context, apps, (app) => statusOf(context, app));
  return appsOutcome(results, (status, appName) => {
    const app = apps.find((one) => one.name === appName);
    if (app === undefined) return [];
    const trouble = status.trouble && {
      ...status.trouble,
      kind: status.trouble.kind as 'denied',
      network: '',
    };
    return [...standingFindings(app, { ...status, trouble }, context.clock.now())];
  });
}

async function statusOf(context: JobContext, app: DeltaApp): Promise<Status> {
  const files = senderFiles(context.config.stateDirectory, app.name);
  const record = (await files.read()) ?? files.begin();
  using capture = await context.openCapture(app, { look: true });
  const { waiting, batchNo } = capture.state();
  const { trouble } = record;
  return {
    receiver: app.delta.to.href,
    source: app.delta.source,
    waiting,
    batchNo,
    caughtUpAt: record.caughtUpAt,
    lastAt: record.lastAt,
    cycles: record.cycles,
    failedCycles: record.failedCycles,
    changes: record.changes,
    spooledBytes: (await files.spool.look())?.sizeBytes ?? 0,
    held: record.held,
    refusedTables: record.refusedTables,
    keptColumns: record.keptColumns,
    trouble: trouble && {
      kind: trouble.kind,
      message: trouble.message,
      since: trouble.since,
      failures: trouble.failures,
      notBefore: trouble.notBefore,
    },
    tables: capture.tables().map(({ shape, by, state }) => ({ table: shape.name, by, state })),
  };
}

export function text(result: AppsResult<Status>, { now, findings }: View): string[] {
  const lines = appsText(result, (status, app) => [
    `${app}: ${formatCount(status.waiting, 'noted change')} ${status.waiting === 1 ? 'waits' : 'wait'} for ${status.receiver}, which knows it as ${status.source}`,
    `  ${status.caughtUpAt === undefined ? 'not everything has ever arrived' : `everything had arrived ${ago(new Date(status.caughtUpAt), now)}`}; ${formatCount(status.changes, 'change')} in ${formatCount(status.cycles, 'cycle')}, ${status.failedCycles} of which failed`,
    ...(status.trouble === undefined
      ? []
      : [
          `  since ${status.trouble.since}: ${status.trouble.message} (tried again after ${status.trouble.notBefore})`,
        ]),
    ...Object.entries(status.held).map(([reason, count]) => `  held at the receiver, ${reason}: ${count}`),
    ...status.keptColumns.map((kept) => `  ${keptWords(kept)}`),
    ...unusual(status).map(
      ({ table, by, state }) => `  ${table}: ${stateWords[state]}${by === 'diff' ? ', by comparing' : ''}`,
    ),
  ]);
  return [...lines, ...findings.flatMap(findingLines)];
}

function unusual({ tables }: Status) {
  return tables.filter(({ by, state }) => by === 'diff' || state !== 'live');
}

const stateWords: Record<Status['tables'][number]['state'], string> = {
  live: 'its changes travel',
  walk: 'all its rows are on their way, or wait for it',
  refused: 'none of its rows travel, until the receiver takes what it is like now',
  retired: 'it is gone here; its rows at the receiver stay',
};
