// delta-receive approve: tables are taken as they are at their source now.
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import type * as parameters from './parameters.ts';
import { onReplica, requireTable } from './steps/which-replica.ts';

interface ApproveResult {
  replica: string;
  approved: readonly string[];
}

export async function run(
  context: JobContext,
  { table, replica: name }: Options<typeof parameters.approve>,
): Promise<Outcome<ApproveResult>> {
  const result = await onReplica(context, name, async (replica, config) => {
    await requireTable(replica, table);
    return { replica: config.name, approved: await replica.approve(table) };
  });
  return { result, findings: [] };
}

export function text({ approved }: ApproveResult): string[] {
  if (approved.length === 0) return ['nothing waits for approval'];
  return [`approved: ${approved.join(', ')}; their sources send them with their next run`];
}
