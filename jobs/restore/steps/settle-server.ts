// Before a restore changes anything on a server: an earlier one that was interrupted is finished or undone, and said so.
import type { PostgresApp } from '../../../lib/config/config.ts';
import { settle } from '../../../lib/postgres/swap/settle.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import { atServer, recoveredWords } from '../../steps/server-place.ts';
import { startStopped } from './settle.ts';

/** What was found, in sentences; empty where there was nothing. Called under the app's lock. */
export async function settleServer(context: JobContext, app: PostgresApp): Promise<string[]> {
  const found = await atServer(context, app, { act: 'restore', work: settle });
  const said = [...found.map(recoveredWords), ...(await startStopped(context, app))];
  for (const sentence of said) context.log.warn(`${app.name}: ${sentence}`);
  return said;
}
