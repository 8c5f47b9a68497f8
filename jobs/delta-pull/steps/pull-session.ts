// A replica and its master, opened for one look or for many.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { OpsError } from '../../../lib/base/errors.ts';
import { shellWord } from '../../../lib/base/shell-word.ts';
import type { PullConfig } from '../../../lib/config/pull-config.ts';
import { proxyFor } from '../../../lib/config/sections/proxy.ts';
import type { PulledReplica, PulledState, PulledTotals } from '../../../lib/delta/pulled.ts';
import { createDirectories } from '../../../lib/files/make-directories.ts';
import { inStateDirectory } from '../../../lib/files/state-directory.ts';
import { createSyncClient, type SyncClient } from '../../../lib/http/sync-client.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import { requireKey } from './chosen-pull.ts';
import { type Pulled, pullOnce } from './pull-once.ts';

export interface PullSession extends AsyncDisposable {
  readonly client: SyncClient;
  /** What the replica knows of its master, none of it where its file is gone. */
  state(): PulledState;
  /** Counts it, whatever becomes of it. A replica that was taken away is made anew. Throws what `pullOnce` throws. */
  pull(options: { resync: boolean }): Promise<Pulled>;
  totals(): PulledTotals;
}

type Needed = Pick<JobContext, 'config' | 'clock' | 'signal' | 'lock' | 'scratch' | 'openPulled'>;

/** Only one process keeps a replica. Throws OpsError `busy`, and what opening it throws. */
export async function openPull(context: Needed, pull: PullConfig): Promise<PullSession> {
  const { clock, signal } = context;
  const key = requireKey(pull);
  await using opened = new AsyncDisposableStack();
  opened.use(await context.lock({ name: pull.name, scope: 'pull' }, 'delta-pull'));
  const scratch = opened.use(await context.scratch());
  await requireDirectory(context.config.stateDirectory, pull.replica);
  const replica = await heldReplica(() => context.openPulled(pull.replica));
  opened.defer(() => replica.close());
  const { from: to, pin, timeoutMs, bytesMax } = pull;
  const proxy = proxyFor(context.config.proxy, to);
  const client = createSyncClient({ to, pin, proxy, key, timeoutMs, bytesMax, clock, signal });
  opened.defer(() => client.close());
  let totals = replica.state().totals;
  const counted = (records: number) => ({
    ...totals,
    syncs: totals.syncs + 1,
    records: totals.records + records,
  });
  const memory = { mayHaveMissed: false };
  const file = (name: string) => join(scratch.path, name);
  const resources = opened.move();
  return {
    client,
    state: () => replica.state(),
    totals: () => totals,
    async pull(options) {
      const common = { client, file, clock, memory, fullEveryMs: pull.fullEveryMs, totals: counted };
      try {
        const pulling = { ...common, replica: await replica.current() };
        const pulled = await pullOnce(pulling, options);
        totals = counted(pulled.records);
        return pulled;
      } catch (error) {
        memory.mayHaveMissed = true;
        if (!signal.aborted) totals = { ...totals, syncs: totals.syncs + 1, failed: totals.failed + 1 };
        throw error;
      }
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** Made where it is ours; anywhere else a missing one may be a disk that is not mounted. Throws OpsError `missing`, `denied`, `io`. */
async function requireDirectory(stateDirectory: string, replica: string): Promise<void> {
  const directory = dirname(replica);
  if (existsSync(directory)) return;
  const act = `keep the replica ${replica}`;
  if (directory.startsWith(`${stateDirectory}/`))
    return await inStateDirectory(act, () => createDirectories(directory, 0o750));
  throw new OpsError('missing', `cannot ${act}: its directory is not there`, {
    hint: `make it, or mount what it lies on: mkdir -p ${shellWord(directory)}`,
  });
}

/**
 * The replica at its path, whoever moves files there meanwhile. The one from before is closed first: SQLite removes side files by
 * their names, and they may be those of the next.
 */
async function heldReplica(open: () => Promise<PulledReplica>) {
  let held: PulledReplica | undefined = await open();
  let state = held.state();
  return {
    /** Throws what opening it throws. */
    async current(): Promise<PulledReplica> {
      if (held?.isInPlace() === true) return held;
      held?.close();
      [held, state] = [undefined, neverSynced(state)];
      return (held = await open());
    },
    state() {
      try {
        return (state = held?.state() ?? state);
      } catch (error) {
        if (!(error instanceof OpsError)) throw error; // damaged: the next look says so
        return state;
      }
    },
    close: () => held?.close(),
  };
}

function neverSynced({ totals }: PulledState): PulledState {
  const nothing = {
    cursor: undefined,
    schemaVersion: undefined,
    changedAt: undefined,
    fullSyncAt: undefined,
  };
  return { ...nothing, totals };
}
