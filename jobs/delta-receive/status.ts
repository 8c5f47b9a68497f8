// delta-receive status: whether it runs, what arrived from whom, and what is held.
import { formatDuration, formatInstant, groupThousands } from '../../lib/base/format.ts';
import { formatTable } from '../../lib/base/table.ts';
import type { ReplicaConfig } from '../../lib/config/delta-config.ts';
import { askHealth } from '../../lib/http/ask-health.ts';
import { readSourceBook } from '../../lib/http/source-book.ts';
import type { ReplicaStatus } from '../../lib/replica/replica.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, View } from '../../lib/run/job.ts';
import { openReplica } from '../../lib/run/open-replica.ts';
import type { Options } from '../../lib/run/parameter.ts';
import type * as parameters from './parameters.ts';
import { receivePlaces } from './steps/places.ts';
import { type KnownReplica, statusDocument, type StatusDocument } from './steps/status-document.ts';
import { hasArrived, namedReplicas } from './steps/which-replica.ts';

/** A service that runs answers at once. */
const healthMs = 3000;

export async function run(
  context: JobContext,
  { replica: name }: Options<typeof parameters.status>,
): Promise<Outcome<StatusDocument>> {
  const { config, clock } = context;
  const known: KnownReplica[] = [];
  for (const one of namedReplicas(config, name)) {
    known.push({ name: one.name, sources: one.policy.sources, status: await statusOf(context, one) });
  }
  const notes = await readSourceBook(receivePlaces(config.stateDirectory).sources);
  const running = await isRunning(context);
  return { result: statusDocument(known, { running, notes, now: clock.now() }), findings: [] };
}

async function statusOf(context: JobContext, config: ReplicaConfig): Promise<ReplicaStatus> {
  if (!hasArrived(config)) return { tables: [], held: {}, sources: [] };
  const replica = await openReplica(config, context);
  try {
    return await replica.status();
  } finally {
    await replica.close();
  }
}

async function isRunning({ config: { receive }, signal }: JobContext): Promise<boolean> {
  if (receive === undefined) return false;
  return await askHealth(receive, AbortSignal.any([signal, AbortSignal.timeout(healthMs)])).then(
    () => true,
    () => false,
  );
}

export function text(status: StatusDocument, view: View): string[] {
  const { timeZone } = view;
  const at = (time: string | null) => (time === null ? 'never' : formatInstant(new Date(time), timeZone));
  const held = Object.entries(status.held).filter(([, count]) => count > 0);
  return [
    status.running ? 'it runs' : 'it does not run, or does not answer',
    `batches: ${groupThousands(status.successful_syncs)} applied, ${groupThousands(status.failed_syncs)} not; the last ${at(status.last_sync_time)}`,
    `rows taken in: ${groupThousands(status.total_records_synced)}`,
    `held: ${held.length === 0 ? 'nothing' : held.map(([reason, count]) => `${count} ${reason}`).join(', ')}`,
    ...status.replicas.flatMap(({ replica, tables, sources }) => [
      '',
      `${replica}: ${tables.length === 0 ? 'no tables yet' : tables.map(({ table, rows, state }) => `${table} ${groupThousands(rows)}${state === 'live' ? '' : ` (${state})`}`).join(', ')}`,
      ...tables.flatMap(({ table, columns_kept: kept }) =>
        kept.length === 0 ? [] : [`  ${table} keeps ${kept.join(', ')}, which its source has no more`],
      ),
      ...formatTable(
        [
          ['source', 'batch', 'last batch', 'heard of', 'failed'],
          ...sources.map((one) => [
            one.source,
            String(one.batch_no),
            at(one.last_batch_at),
            one.lag === null ? 'never' : `${formatDuration(one.lag * 1000)} ago`,
            one.failed === 0 ? '0' : `${one.failed}, the last: ${one.last_failure ?? ''}`,
          ]),
        ],
        view,
      ),
    ]),
  ];
}
