// delta-receive run: listens until it is told to stop. It finishes what it was asked, and the batch that is being applied.
import { askHealth } from '../../lib/http/ask-health.ts';
import { KeyRing, readKeys } from '../../lib/http/keys.ts';
import { startServer } from '../../lib/http/server.ts';
import { deltaHistoryOf } from '../../lib/run/open-history.ts';
import { openReplica } from '../../lib/run/open-replica.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Serve } from '../../lib/run/service.ts';
import { openReceiver, type OpenReceiver } from './steps/open-receiver.ts';
import { receivePlaces } from './steps/places.ts';
import { receiverRoutes } from './steps/routes.ts';
import { requireReceive } from './steps/which-replica.ts';

export const serve: Serve<Record<never, never>> = async (context, ready) => {
  const { config, clock, log, signal, version } = context;
  const receive = requireReceive(config);
  // A scope of its own: no backup waits for it, and there is no second receiver.
  await using lock = await context.lock({ scope: 'receive' }, 'receiving row changes');
  const { keys } = receivePlaces(config.stateDirectory);
  const ring = new KeyRing(keys);
  if (readKeys(keys).every(({ revokedAt }) => revokedAt !== undefined))
    log.warn('no source has a key yet', { hint: 'delta-receive key add <name>' });
  const parts = {
    clock,
    log,
    version,
    openHistory: () => deltaHistoryOf(context),
    openReplica: (one: Parameters<typeof openReplica>[0]) => openReplica(one, { clock, signal: never }),
  };
  const receiver = await openReceiver({ ...config, receive }, parts);
  try {
    const nameOf = (key: string) => ring.nameOf(key);
    const routes = receiverRoutes(receiver);
    const server = await startServer({ config: receive, routes, nameOf, version, clock, log, signal });
    try {
      const where = receive.host.includes(':') ? `[${receive.host}]` : receive.host;
      await ready({
        status: `listening on ${where}:${server.port}`,
        probe: () =>
          askHealth(
            { ...receive, port: server.port },
            AbortSignal.any([signal, AbortSignal.timeout(10_000)]),
          ),
      });
      await watchUntil(receiver, context);
    } finally {
      await server.close();
    }
  } finally {
    await receiver.close();
  }
  lock.signal.throwIfAborted();
};

/** So often health-check and people hear how the replicas stand. */
const watchEveryMs = 60_000;

async function watchUntil(receiver: OpenReceiver, { signal, wait }: Pick<JobContext, 'signal' | 'wait'>) {
  while (!signal.aborted) {
    await receiver.watch();
    await wait(watchEveryMs, signal).catch(() => undefined);
  }
}

/** What is being applied is finished, though it is told to stop. */
const { signal: never } = new AbortController();
