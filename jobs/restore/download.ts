// restore download: a file of the store, copied to a new path and compared with its manifest.
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
import { restorableApp } from '../steps/restorable-apps.ts';
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

async function choose(context: JobContext, { name, path, app: appName }: Given) {
  const app = await restorableApp(context, appName);
  const store = await context.openStore();
  return {
    store,
    order: {
      command: 'restore download',
      app,
      given: path,
      ...(await chooseNamed(context, store, app, name)),
    },
  };
}
