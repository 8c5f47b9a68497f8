// What ops.db says of the runs of a world, read as somebody else would.
import { join } from 'node:path';
import { openHistoryDatabase } from './history-database.ts';
import type { World } from './world.ts';

/** The runs in the order in which they began. */
export function runsOf(world: World): unknown[] {
  const database = openHistoryDatabase(join(world.state, 'ops.db'));
  try {
    return database.all('SELECT command, outcome, exit_code FROM runs ORDER BY started_at');
  } finally {
    database.close();
  }
}
