// delta-pull run: keeps a replica: every few seconds, and at once when the master says that something changed. A master that is
// away changes nothing here but the age of the replica.
import { errorMessage, OpsError } from '../../lib/base/errors.ts';
import { formatCount } from '../../lib/base/format.ts';
import { proxyFor } from '../../lib/config/sections/proxy.ts';
import { listenForAnnouncements } from '../../lib/http/announcements.ts';
import { json } from '../../lib/http/sync-routes.ts';
import { startSyncServer } from '../../lib/http/sync-server.ts';
import type { PullConfig } from '../../lib/config/pull-config.ts';
import type { Options } from '../../lib/run/parameter.ts';
import type { Serve } from '../../lib/run/service.ts';
import type * as parameters from './parameters.ts';
import { chosenPull } from './steps/chosen-pull.ts';
import type { Pulled } from './steps/pull-once.ts';
import { openPull, type PullSession } from './steps/pull-session.ts';
import { asTheirPagesReadIt, lastSyncBefore, pullNotes, statusOf } from './steps/pull-status.ts';

type Given = Options<typeof parameters.run>;

/** However often a master says so, there is a pause between two looks. */
const pauseMsMin = 200;

export const serve: Serve<Given> = async (context, ready, { pull: name }) => {
  const { config, clock, log, signal, wait } = context;
  const pull = chosenPull(config, name);
  await using session = await openPull(context, pull);
  const notes = pullNotes(config.runDirectory, pull.name);
  const seen = watchOver(pull, session, lastSyncBefore(session.state(), await notes.readStatus()));
  const status = (isRunning: boolean) => statusOf({ ...seen.facts(), isRunning, now: clock.now() });
  const server =
    pull.status && (await showStatus(pull.status, () => asTheirPagesReadIt(status(true)), context));
  const over = new AbortController();
  const alarm = wakeable();
  const listening = listenForAnnouncements({
    to: pull.from,
    pin: pull.pin,
    proxy: proxyFor(config.proxy, pull.from),
    headers: () => session.client.headers(),
    onAnnouncement: alarm.wake,
    wait,
    random: Math.random,
    signal: AbortSignal.any([signal, over.signal]),
    log,
  });
  try {
    await ready({ status: `following ${pull.from.origin}`, probe: async () => session.state() });
    while (!signal.aborted) {
      alarm.reset();
      await seen.look(context, { resync: notes.takeResync() });
      await notes.writeStatus(status(true));
      await wait(pauseMsMin, signal);
      await alarm.wait((until) => wait(Math.max(0, pull.everyMs - pauseMsMin), until), signal);
    }
  } finally {
    over.abort();
    await listening;
    await server?.close();
    await notes.writeStatus(status(false)).catch((error: unknown) => log.warn(errorMessage(error)));
  }
};

/** What the looks of this process came to; `before`: those of the last one. */
function watchOver(pull: PullConfig, session: PullSession, before: Date | undefined) {
  let lastSyncAt = before;
  let error: string | undefined;
  return {
    facts: () => ({ pull, lastSyncAt, error, totals: session.totals(), state: session.state() }),
    /** Logs what is new: a master that stays away is told of once. */
    async look(
      { clock, log, signal }: Pick<Parameters<Serve<Given>>[0], 'clock' | 'log' | 'signal'>,
      options: { resync: boolean },
    ): Promise<void> {
      const at = clock.now();
      try {
        const pulled = await session.pull(options);
        if (error !== undefined) log.info(`${pull.from.origin} answers again`);
        [lastSyncAt, error] = [at, undefined];
        if (pulled.kind !== 'nothing') log.info(describe(pulled));
      } catch (thrown) {
        if (signal.aborted || !(thrown instanceof OpsError)) throw thrown;
        const words = errorMessage(thrown);
        if (words !== error) log.warn(words, thrown.hint === undefined ? {} : { hint: thrown.hint });
        error = words;
      }
    },
  };
}

function describe({ kind, records, reason }: Pulled): string {
  return kind === 'full'
    ? `took all of it, ${formatCount(records, 'row')}: ${reason}`
    : `took in ${formatCount(records, 'change')}`;
}

/** A pause that can be cut short, also before it begins. */
function wakeable() {
  let alarm = new AbortController();
  return {
    wake: () => alarm.abort(),
    reset: () => (alarm = new AbortController()),
    async wait(pause: (until: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
      if (alarm.signal.aborted) return;
      await pause(AbortSignal.any([signal, alarm.signal])).catch((error: unknown) => {
        if (signal.aborted || !alarm.signal.aborted) throw error;
      });
    },
  };
}

async function showStatus(
  address: { host: string; port: number },
  status: () => object,
  { log }: Pick<Parameters<Serve<Given>>[0], 'log'>,
) {
  const answer = (path: string, body: () => object) => ({
    method: 'GET' as const,
    path,
    handle: async () => json(body()),
  });
  const routes = [answer('/office/api/sync-status', status), answer('/health', () => ({ ok: true }))];
  return await startSyncServer({ ...address, tls: undefined, routes, log });
}
