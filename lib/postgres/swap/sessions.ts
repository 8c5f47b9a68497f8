// Ending who is connected to a database that is about to change its name. Those of its app come again at once; nobody of them is let in
// while the lock of the rename is held, so that each has to be ended once.
import { setTimeout as pause } from 'node:timers/promises';
import type { BackupSession } from '../backup/session.ts';
import { sqlState } from '../refusal.ts';
import type { Place } from './place.ts';

const betweenMs = 50;

/** Ends everybody in these databases until `work` settles; what it gives. */
export async function whileEnding<T>(
  place: Place,
  databases: readonly string[],
  work: () => Promise<T>,
): Promise<T> {
  let isOver = false;
  const ending = place.ask(async (session) => {
    while (!isOver) {
      await endSessions(session, databases);
      if (!isOver) await pause(betweenMs);
    }
  });
  // How the work went is the news: whom this could not end, it meets.
  ending.catch(() => undefined);
  try {
    return await work();
  } finally {
    isOver = true;
    await ending.catch(() => undefined);
  }
}

/** Ends everybody in them whom our role may end, and not autovacuum, which gives way by itself; whether somebody is in them whom it may not. */
export async function endSessions(
  session: Pick<BackupSession, 'run'>,
  databases: readonly string[],
): Promise<boolean> {
  const { rows } = await session.run(
    `select pid::text from pg_stat_activity where datid::text in (select jsonb_array_elements_text($1::jsonb))
      and pid <> pg_backend_pid() and usesysid is not null`,
    [JSON.stringify(databases)],
  );
  let stays = false;
  for (const [pid] of rows) {
    try {
      await session.run('select pg_terminate_backend($1::int)', [pid ?? '0']);
    } catch (error) {
      if (sqlState(error) !== '42501') throw error;
      stays = true;
    }
  }
  return stays;
}
