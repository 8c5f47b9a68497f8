// A process of its own that looks at a live database for health-check. It never keeps this one waiting for longer than it
// was given: one long SQLite call can only be ended with its process, and what hangs on a dead disk not even so.
import { OpsError } from '../../base/errors.ts';
import { formatDuration } from '../../base/format.ts';
import { startAsked } from '../asked-process.ts';
import type { LiveState } from './live-state.ts';
import type { QueryLimits, QueryRows } from './owners-query.ts';

export type Inspection =
  { about: 'state' | 'pages' } | { about: 'query'; sql: string; called: string; limits: QueryLimits };

export interface InspectorQuestion {
  path: string;
  inspection: Inspection;
}

/** What a look at all pages found: undefined where SQLite cannot look without what the app brings along. */
export type PagesFound = readonly string[] | undefined;

/** Time ran out. */
export class GivenUp extends OpsError {
  constructor(act: string, afterMs: number) {
    super('unavailable', `cannot ${act}: it took longer than ${formatDuration(afterMs)}`);
    this.name = 'GivenUp';
  }
}

/**
 * One question at a time, each within its time: after it, or after any abort, the inspector is of no more use. All of them
 * throw GivenUp, OpsError where the file cannot be read, and the signal's reason on abort.
 */
export interface Inspector {
  state(timeLimitMs: number): Promise<LiveState>;
  /** `PRAGMA quick_check`; while it runs, an app with a rollback journal cannot write. */
  pages(timeLimitMs: number): Promise<PagesFound>;
  /** Throws OpsError `config` for what is no query that only reads, or returns more than it may. */
  query(query: { sql: string; called: string; limits: QueryLimits }, timeLimitMs: number): Promise<QueryRows>;
  /** Ends it; never waits. */
  leave(): void;
}

/** Opens nothing before the first question. A database is looked at once: whose file is exchanged needs another one. */
export function openInspector(path: string, signal?: AbortSignal): Inspector {
  const file = new URL('./inspector-process.ts', import.meta.url);
  const other = startAsked<InspectorQuestion>({ file, called: path, verb: 'look at', signal });
  const ask = (act: string, inspection: Inspection, timeLimitMs: number) =>
    within(timeLimitMs, act, other.ask({ path, inspection }));
  return {
    state: (ms) => ask(`read the database ${path}`, { about: 'state' }, ms) as Promise<LiveState>,
    pages: (ms) => ask(`check the database ${path}`, { about: 'pages' }, ms) as Promise<PagesFound>,
    query: (query, ms) => ask(`run ${query.called}`, { about: 'query', ...query }, ms) as Promise<QueryRows>,
    leave: other.leave,
  };
}

async function within<T>(timeLimitMs: number, act: string, work: Promise<T>): Promise<T> {
  const limit = Promise.withResolvers<never>();
  const timer = setTimeout(() => limit.reject(new GivenUp(act, timeLimitMs)), timeLimitMs);
  work.catch(() => undefined); // after the time is over nobody waits for it
  try {
    return await Promise.race([work, limit.promise]);
  } finally {
    clearTimeout(timer);
  }
}
