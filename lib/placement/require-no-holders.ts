// Nobody may use a database while it is replaced: what they wrote afterwards would go to the old one (R7).
import { OpsError } from '../base/errors.ts';
import { formatCount } from '../base/format.ts';
import type { Log } from '../base/log.ts';
import { memberPaths } from './database-set.ts';
import { type Holder, findHolders } from './holders.ts';

/**
 * Throws OpsError `refused`, naming the first of them, when another process holds a file of the database at `path`
 * open. A process of another user that cannot be looked into is a warning, not a refusal.
 */
export async function requireNoHolders(path: string, log: Log): Promise<void> {
  const { holders, partial } = await findHolders(memberPaths(path));
  const [first, ...others] = [...new Map(holders.map((holder) => [holder.pid, holder])).values()];
  if (first !== undefined) throw heldOpen(path, first, others.length);
  if (partial) log.warn('cannot see every process: one of another user may hold the database open', { path });
}

function heldOpen(path: string, { pid, command }: Holder, others: number): OpsError {
  const more = others === 0 ? '' : ` and ${formatCount(others, 'other process', 'other processes')}`;
  const process = pid > 0 ? `${command} (process ${pid})` : 'a process of another container';
  return new OpsError('refused', `cannot replace ${path}: ${process}${more} has it open`, {
    hint: `stop it first; fuser -v ${path} shows what uses the database`,
  });
}
