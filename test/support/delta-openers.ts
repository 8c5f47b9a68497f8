// Both ends as the fuzz opens them: capture on a database, installed where it is not, and a replica in a file.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { OpsError } from '../../lib/base/errors.ts';
import type { Capture } from '../../lib/delta/capture.ts';
import type { ReplicaPolicy } from '../../lib/delta/policy.ts';
import type { Replica } from '../../lib/replica/replica.ts';
import { openSqliteReplica } from '../../lib/replica/sqlite/open.ts';
import { installCapture } from '../../lib/sqlite/capture/install.ts';
import { openCapture as openTriggers, openComparing } from '../../lib/sqlite/capture/open.ts';
import { requireSource } from '../../lib/sqlite/look.ts';
import { fixedClock } from './fixed-clock.ts';

const clock = fixedClock('2026-06-20T12:00:00Z');
const collection = { tables: undefined, without: [] };

export function openReplica(path: string, policy: ReplicaPolicy): Promise<Replica> {
  return openSqliteReplica({ path, policy, clock });
}

/** By triggers, which are put there where there are none: a database that was put back may be older than they are. */
export async function openCapture(path: string, state: string, logRowsMax = 1_000_000): Promise<Capture> {
  const options = { ...(await common(path, state)), logRowsMax };
  try {
    return openTriggers(path, options);
  } catch (error) {
    if (!(error instanceof OpsError) || error.kind !== 'missing') throw error;
    await installCapture(path, collection);
    return openTriggers(path, options);
  }
}

/** By comparing alone: nothing is written to the database. */
export async function openDiff(path: string, state: string): Promise<Capture> {
  return openComparing(path, { ...(await common(path, state)), logRowsMax: 1_000_000 });
}

async function common(path: string, state: string) {
  mkdirSync(state, { recursive: true });
  const { file } = await requireSource(path);
  return { file, collection, shadow: join(state, 'shadow.db'), busyMs: 20_000 };
}
