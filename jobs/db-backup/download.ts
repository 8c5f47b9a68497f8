// db-backup download: the latest copy to a new file. It never goes over a database: that is what restore is for.
import { shellWord } from '../../lib/base/shell-word.ts';
import { existsSync } from 'node:fs';
import { OpsError } from '../../lib/base/errors.ts';
import type { GuardedApp } from '../../lib/config/config.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, Steps } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import { chooseNamed } from '../steps/choose-entry.ts';
import {
  type Download,
  downloadEntry,
  type DownloadPlan,
  downloadPlanText,
  downloadText,
  planDownload,
} from '../steps/download-entry.ts';
import { requireFileApp, selectedApp } from '../steps/each-app.ts';
import type * as parameters from './parameters.ts';

type Given = Options<typeof parameters.download>;

export async function run(context: JobContext, options: Given): Promise<Outcome<Download>> {
  const { store, order } = await choose(context, options);
  return downloadEntry(context, store, order);
}

export const text = downloadText;

export const plan: Steps<Given, DownloadPlan> = {
  async run(context, options) {
    const { store, order } = await choose(context, options);
    return { result: await planDownload(context, store, order), findings: [] };
  },
  text: downloadPlanText,
};

async function choose(context: JobContext, { app: name, path }: Given) {
  const app = selectedApp(context, name);
  const store = await context.openStore();
  return {
    store,
    order: {
      command: 'db-backup download',
      app,
      given: path ?? requireFileApp(app, overFile).database,
      requirePlace: () => void (path === undefined && requireEmpty(app)),
      ...(await chooseNamed(context, store, app, app.latest ?? 'latest')),
    },
  };
}

const overFile = { act: 'download over', instead: 'name a file: db-backup download latest.dump' };

/** The database's own path is one for a download as long as nothing is there. */
function requireEmpty(app: GuardedApp): void {
  const { name, database, latest } = requireFileApp(app, overFile);
  if (!existsSync(database)) return;
  throw new OpsError('refused', `cannot download to ${database}: a database is there`, {
    hint:
      'name another path: db-backup download /tmp/copy.db; or put it in place, with a way back: ' +
      `restore run ${shellWord(latest ?? 'latest')} --app ${name}`,
  });
}
