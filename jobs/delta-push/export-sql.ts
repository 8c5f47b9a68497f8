// delta-push export-sql: what waits becomes a script of SQL, for a server that has no receiver.
import { OpsError } from '../../lib/base/errors.ts';
import { formatCount } from '../../lib/base/format.ts';
import { collectWhole } from '../../lib/delta/capture.ts';
import { type Dialect, sqlScript, Unwritable } from '../../lib/delta/sql-script.ts';
import { writeFileAtomically } from '../../lib/files/durable.ts';
import { requireNothingAt } from '../../lib/files/publish-file.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import type * as parameters from './parameters.ts';
import { resolve } from 'node:path';
import { deltaApp } from './steps/delta-apps.ts';
import { randomHex, senderFiles } from './steps/sender-files.ts';

interface Exported {
  app: string;
  file: string;
  upserts: number;
  deletes: number;
  /** Whether what is in it counts as arrived. */
  done: boolean;
  hasMore: boolean;
}

type Given = Options<typeof parameters.exportSql>;

/** One script holds no more: all of it is in memory once. */
const limits = { rowsMax: 50_000, bytesMax: 32 * 1024 * 1024, snapshotRowsMax: 0 };

export async function run(
  context: JobContext,
  { app: name, file: given, dialect: typed, keep }: Given,
): Promise<Outcome<Exported>> {
  const app = deltaApp(context, name);
  const dialect = dialectOf(typed);
  const file = resolve(given);
  await using lock = await context.lock({ name: app.name, scope: 'delta' }, 'delta-push export-sql');
  void lock;
  await requireNothingAt(file);
  const record = await senderFiles(context.config.stateDirectory, app.name).read();
  if (record?.lineage !== undefined && !keep)
    throw new OpsError(
      'refused',
      `cannot hand over the changes of ${app.name} by a script: ${app.delta.to.host} takes them in, and would miss them`,
      {
        hint: 'delta-push export-sql --keep writes them, and leaves them waiting',
      },
    );
  using capture = await context.openCapture(app);
  capture.check();
  if (capture.state().epoch === undefined && !keep) capture.beginEpoch(randomHex());
  context.progress.start(`${app.name}: writing`, 0);
  context.progress.update(0);
  const collected = collectWhole(capture, limits);
  const counts = { upserts: 0, deletes: 0 };
  for (const { kind } of collected?.changes ?? []) counts[kind === 'upsert' ? 'upserts' : 'deletes'] += 1;
  const done = collected !== undefined && !keep;
  context.progress.update(0, formatCount(counts.upserts + counts.deletes, 'change'));
  if (collected !== undefined) {
    await writeFileAtomically(file, scriptOf(collected, dialect), { mode: 0o640 });
    const { toSeq, range, tables } = collected;
    const table = range && tables[range.table]?.name;
    if (done)
      capture.acknowledge(
        { toSeq, range, table },
        { nonce: randomHex(), batchNo: capture.state().batchNo + 1 },
      );
  }
  const hasMore = done && !capture.isIdle();
  return { result: { app: app.name, file, ...counts, done, hasMore }, findings: [] };
}

function scriptOf(collected: Parameters<typeof sqlScript>[0], dialect: Dialect): string {
  try {
    return `${[...sqlScript(collected, dialect)].join('\n')}\n`;
  } catch (error) {
    if (!(error instanceof Unwritable)) throw error;
    throw new OpsError('refused', `cannot write the changes as SQL: ${error.message}`, {
      hint: 'nothing was written, and all of it still waits',
    });
  }
}

function dialectOf(typed: string | undefined): Dialect {
  if (typed === undefined || typed === 'sqlite') return 'sqlite';
  if (typed === 'postgres') return 'postgres';
  throw new OpsError(
    'usage',
    `cannot write SQL for ${JSON.stringify(typed)}: it is neither sqlite nor postgres`,
    {
      hint: 'delta-push export-sql changes.sql --dialect postgres',
    },
  );
}

export function text({ app, file, upserts, deletes, done, hasMore }: Exported): string[] {
  if (upserts + deletes === 0 && !done) return [`${app}: nothing waits, and nothing was written`];
  return [
    `${app}: ${formatCount(upserts, 'row')} and ${formatCount(deletes, 'deletion')} in ${file}${done ? '' : '; they still wait'}`,
    ...(hasMore ? [`${app}: more waits: once that is run there, write the next script`] : []),
  ];
}
