// Measures what the owner's queries return: those of one database one after the other, in one process or over a connection each,
// however many there are.
import { OpsError } from '../base/errors.ts';
import { formatDuration } from '../base/format.ts';
import { didYouMean } from '../base/nearest.ts';
import { type Config, type GuardedApp, guardedApps, type PostgresApp } from '../config/config.ts';
import type { Assertion } from '../config/health-config.ts';
import type { SqlFacts } from '../health/sql.ts';
import { ownersQuery } from '../postgres/owners-query.ts';
import { openInspector } from '../sqlite/inspect/inspector.ts';
import type { Probe, ProbeContext } from './probe.ts';
import { standingBy } from './standing-by.ts';

/** All that the queries of one database may take in one run; and of each, what comes with starting the process. */
const runMsMax = 60_000;
const openMs = 10_000;
const limits = { rowsMax: 1000, bytesMax: 1_000_000 };

export const sqlProbe: Probe<SqlFacts> = {
  timeoutMs: runMsMax + 30_000 + openMs,
  async subjects(context) {
    const standing = await standingBy(context);
    return context.config.health.assertions.filter(({ app }) => !standing.has(app)).map(subjectOf);
  },
  async measure(context, subject) {
    const assertion = context.config.health.assertions.find((one) => subjectOf(one) === subject);
    if (assertion === undefined) throw new OpsError('config', `there is no assertion ${subject}`);
    const rows = await queueOf(context, assertion).ask(context, assertion);
    return { rows, expectation: assertion.expectation };
  },
};

/** A part of its app: what explains the app explains it. */
function subjectOf({ app, name }: Pick<Assertion, 'app' | 'name'>): string {
  return `${app}/${name}`;
}

/** By run and app: a configuration is read once a run. */
const runs = new WeakMap<Config, Map<string, Queue>>();

function queueOf({ config }: ProbeContext, { app, name }: Assertion): Queue {
  const queues = runs.get(config) ?? new Map<string, Queue>();
  runs.set(config, queues);
  const apps = guardedApps(config);
  const found = apps.find((one) => one.name === app);
  if (found === undefined)
    throw new OpsError(
      'config',
      `cannot run ${calledOf(name)}: there is no app ${app} with a database${didYouMean(
        app,
        apps.map((one) => one.name),
      )}`,
    );
  const queue = queues.get(app) ?? new Queue(() => askerOf(found));
  queues.set(app, queue);
  return queue;
}

function calledOf(name: string): string {
  return `health.sql.assertions.${name}`;
}

/** Who is asked. */
interface Asker {
  /** What comes with the first query. */
  readonly openMs: number;
  query(
    query: { sql: string; called: string; limits: typeof limits },
    timeoutMs: number,
  ): Promise<SqlFacts['rows']>;
  /** Gives up what is under way. */
  leave(): void;
}

function askerOf(app: GuardedApp): Asker {
  if (app.engine === 'postgres') return serverAsker(app);
  // Of the run alone: the time of one measurement must not end the process that the others are asked in.
  const inspector = openInspector(app.database);
  return {
    openMs,
    query: (...args) => inspector.query(...args),
    leave: () => {
      inspector.leave();
    },
  };
}

/** Each query has a connection of its own: what one leaves in it is not the next one's. */
function serverAsker(app: PostgresApp): Asker {
  const over = new AbortController();
  return {
    openMs: 0,
    query: (query, timeoutMs) => ownersQuery(app.readTarget(), { ...query, timeoutMs, signal: over.signal }),
    leave: () => {
      over.abort();
    },
  };
}

/** The queries of one database in one run. */
class Queue {
  readonly #open: () => Asker;
  #asker: Asker | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #spentMs = 0;

  constructor(open: () => Asker) {
    this.#open = open;
  }

  ask(context: ProbeContext, assertion: Assertion): Promise<SqlFacts['rows']> {
    this.#waiting += 1;
    const mine = this.#last.then(() => this.#next(context, assertion));
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  async #next(
    { clock, signal }: ProbeContext,
    { name, timeoutMs, expectation }: Assertion,
  ): Promise<SqlFacts['rows']> {
    const started = clock.monotonicMs();
    // A run that is told to stop must not wait for what is computed there.
    const onAbort = () => this.#leave();
    try {
      signal.throwIfAborted();
      signal.addEventListener('abort', onAbort, { once: true });
      if (this.#spentMs >= runMsMax) throw outOfTime(name);
      const isFirst = this.#asker === undefined;
      const asker = (this.#asker ??= this.#open());
      const query = { sql: expectation.query, called: calledOf(name), limits };
      return await asker.query(query, isFirst ? timeoutMs + asker.openMs : timeoutMs);
    } catch (error) {
      // Only a mistake in the query leaves the process fit for the next one.
      if (!(error instanceof OpsError && error.kind === 'config')) this.#leave();
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#spentMs += clock.monotonicMs() - started;
      this.#waiting -= 1;
      if (this.#waiting === 0) this.#leave();
    }
  }

  #leave(): void {
    this.#asker?.leave();
    this.#asker = undefined;
  }
}

function outOfTime(name: string): OpsError {
  return new OpsError(
    'unavailable',
    `${calledOf(name)} was not run: the queries before it took ${formatDuration(runMsMax)}`,
    { hint: 'make them fewer or quicker (an index), or ask them less often: every = "6h" in [health.sql]' },
  );
}
