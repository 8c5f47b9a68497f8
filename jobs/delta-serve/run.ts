// delta-serve run: answers those who follow the changes of an app's database, and tells them when there are any.
import type { IncomingHttpHeaders } from 'node:http';
import { errorMessage, OpsError } from '../../lib/base/errors.ts';
import { type Announcer, announcerOn } from '../../lib/http/announcements.ts';
import { requireReader, syncRoutes } from '../../lib/http/sync-routes.ts';
import { createStrangers } from '../../lib/http/strangers.ts';
import { startSyncServer } from '../../lib/http/sync-server.ts';
import { createTokens } from '../../lib/http/token.ts';
import type { Serving } from '../../lib/delta/serving.ts';
import type { Options } from '../../lib/run/parameter.ts';
import type { Serve } from '../../lib/run/service.ts';
import type * as parameters from './parameters.ts';
import { servedApp } from './steps/served-app.ts';

type Given = Options<typeof parameters.run>;
type Context = Parameters<Serve<Given>>[0];

/** How often it is looked whether anything changed, and what is done every so many looks. */
const lookMs = 1000;
const looksBetweenSigns = 30;
const looksBetweenPrunes = 600;

/** Connections of one address that have not shown a key yet; all together there are 200. */
const strangersMax = 50;

export const serve: Serve<Given> = async (context, ready, { app: name }) => {
  const { clock, log, version } = context;
  const app = servedApp(context, name);
  const { host, port, tls, keys } = app.serve;
  await using lock = await context.lock({ name: app.name, scope: 'serve' }, 'delta-serve run');
  void lock;
  const database = await context.servedDatabase(app);
  const directory = await database.spoolDirectory();
  const tokens = createTokens(await database.tokenSecret(), app.name, clock);
  const nameOf = (hash: string) => keys.get(hash);
  using serving = disposable(database.open());
  await serving.schema(); // where nothing is installed, that is told now
  let announcer: Announcer | undefined;
  const listeners = () => announcer?.listeners() ?? 0;
  const parts = { app: app.name, version, serving, nameOf, tokens, directory, listeners, clock, log };
  // Without TLS it is a proxy or a tunnel that connects.
  const connectionsMax = tls === undefined ? undefined : strangersMax;
  const strangers = createStrangers({ connectionsMax, clock, log });
  const authorize = (headers: IncomingHttpHeaders) => requireReader({ nameOf, tokens }, { headers });
  const server = await startSyncServer({
    host,
    port,
    tls,
    routes: syncRoutes(parts),
    attach: (http) => (announcer = announcerOn(http, authorize, strangers)),
    strangers,
    log,
  });
  try {
    const where = `${tls === undefined ? 'http' : 'https'}://${host}:${server.port}`;
    if (keys.size === 0)
      log.warn(`nobody may ask: apps.${app.name}.serve has no keys; delta-serve key makes one`);
    await ready({ status: `serving ${app.name} on ${where}`, probe: () => serving.lastChange() });
    await watchChanges(context, serving, announcer);
  } finally {
    announcer?.close();
    await server.close();
  }
};

/** Announces what changes, and prunes, until the service is to stop. */
async function watchChanges(
  { wait, signal, log }: Context,
  serving: Serving,
  announcer: Announcer | undefined,
): Promise<void> {
  let known: number | undefined;
  let trouble: string | undefined;
  for (let looks = 0; !signal.aborted; looks += 1) {
    try {
      const last = await serving.lastChange();
      if (known !== undefined && last !== known) announcer?.announce({ event: 'changed' });
      known = last;
      if (looks % looksBetweenPrunes === 0) await serving.prune();
      if (trouble !== undefined) log.info('the database can be read again');
      trouble = undefined;
    } catch (error) {
      // An app that is restored, or writes for long, is no reason to end.
      if (!(error instanceof OpsError)) throw error;
      const words = errorMessage(error);
      if (words !== trouble) log.warn(words);
      trouble = words;
    }
    if (looks % looksBetweenSigns === looksBetweenSigns - 1) announcer?.checkListeners();
    await wait(lookMs, signal);
  }
}

function disposable(serving: Serving): Serving & Disposable {
  return Object.assign(serving, { [Symbol.dispose]: () => serving.close() });
}
