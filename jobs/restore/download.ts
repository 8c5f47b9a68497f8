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
import { selectedApp } from '../steps/each-app.ts';
import type * as parameters from './parameters.ts';

type Given = Options<typeof parameters.download>;

export async function run(context: JobContext, options: Given): Promise<Outcome<Download>> {
  const { store, entry } = await choose(context, options);
  return downloadEntry(context, store, entry, options.path);
}

export const text = downloadText;

export const plan: Steps<Given, DownloadPlan> = {
  async run(context, options) {
    const { entry } = await choose(context, options);
    return { result: await planDownload(entry, options.path), findings: [] };
  },
  text: downloadPlanText,
};

async function choose(context: JobContext, { name, app }: Given) {
  const store = await context.openStore();
  const { entry } = await chooseNamed(context, store, selectedApp(context, app), name);
  return { store, entry };
}
