// A dump only reads, and keeps nobody waiting but who alters a table; and behind those waits everybody who wants that table, app and
// all. It gives way to them after a few seconds.
import { setTimeout as pause } from 'node:timers/promises';
import { OpsError } from '../../base/errors.ts';
import type { PostgresTarget } from '../../health/postgres-target.ts';
import { tableLabel } from '../../source/facts.ts';
import { type SessionOptions, withBackupSession } from './session.ts';

/** How often it is looked within the time that somebody may wait. */
const looks = 5;

/**
 * Looks until the signal aborts, with a connection of its own after a while. Where somebody has waited for us as long as `patienceMs`, `stop` is
 * told why, an OpsError `busy`, and what they wait for is cancelled. Never throws: a dump that nobody looks after is a dump all the same.
 */
export async function giveWay(
  target: PostgresTarget,
  { act, signal, patienceMs }: SessionOptions & { patienceMs: number },
  stop: (reason: OpsError) => void,
): Promise<void> {
  const tick = () => pause(patienceMs / looks, undefined, { signal });
  try {
    await tick();
    await withBackupSession(target, { act, signal }, async (session) => {
      let seen = new Map<string, number>();
      for (;;) {
        const { rows } = await session.run(waiting, []);
        seen = new Map(rows.map(([pid]) => [pid ?? '', (seen.get(pid ?? '') ?? 0) + 1]));
        const longest = rows.find(([pid]) => (seen.get(pid ?? '') ?? 0) >= looks);
        if (longest === undefined) await tick();
        else {
          stop(gaveWay(act, longest[1] ?? ''));
          await session.run(cancelling, []);
          return;
        }
      }
    });
  } catch {
    // Stopped, or not let in.
  }
}

function gaveWay(act: string, table: string): OpsError {
  return new OpsError(
    'busy',
    `cannot ${act}: somebody waited to alter ${tableLabel(table)}, and the dump gave way: the app would have waited behind them`,
    {
      hint: 'do it again when they are done; nothing was stored',
    },
  );
}

const ours = `select pid from pg_stat_activity where application_name = 'holdfast backup' and datname = current_database()`;

/** Those that wait for us, and for nobody else. */
const held = `from pg_locks w cross join lateral (select pg_blocking_pids(w.pid) as pids) b
  where not w.granted and w.locktype = 'relation' and cardinality(b.pids) > 0 and b.pids <@ array(${ours})`;

const waiting = `select w.pid::text, min(w.relation::regclass::text) ${held} group by 1 order by 1`;

const cancelling = `select pg_cancel_backend(pid) from (select distinct unnest(b.pids) as pid ${held}) held`;
