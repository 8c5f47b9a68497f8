// delta-push run --watch: a cycle again and again, for who has no timer. A link that came back ends the pause after trouble with the next of them.
import { errorMessage, OpsError } from '../../lib/base/errors.ts';
import type { Options } from '../../lib/run/parameter.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Serve } from '../../lib/run/service.ts';
import type * as parameters from './parameters.ts';
import type { DeltaApp } from '../../lib/run/open-capture.ts';
import { deltaApps } from './steps/delta-apps.ts';
import { pushApp } from './steps/push-app.ts';

export const serve: Serve<Options<typeof parameters.watch>> = async (given, ready, { app: name }) => {
  // A cycle asks for none of what a service does not have.
  const context = given as JobContext;
  const apps = deltaApps(context, name);
  let turns = 0;
  await ready({
    status: `pushing the changes of ${apps.map((app) => app.name).join(', ')}`,
    probe: async () => turns,
  });
  await Promise.all(apps.map((app) => watchApp(context, app, () => (turns += 1))));
};

async function watchApp(context: JobContext, app: DeltaApp, onTurn: () => void): Promise<void> {
  const { signal, log, wait } = context;
  while (!signal.aborted) {
    await cycle(context, app).catch((error: unknown) => {
      if (signal.aborted || !(error instanceof OpsError)) throw error;
      log.error(`${app.name}: ${errorMessage(error)}`, { hint: error.hint });
    });
    onTurn();
    await wait(app.delta.everyMs, signal);
  }
}

async function cycle(context: JobContext, app: DeltaApp): Promise<void> {
  const { outcome, upserts, deletes, trouble } = await pushApp(context, app, { isForced: false });
  if (outcome === 'sent') context.log.info(`${app.name}: pushed ${upserts} rows and ${deletes} deletions`);
  if (trouble !== undefined && trouble.failures === 1) context.log.warn(`${app.name}: ${trouble.message}`);
}
