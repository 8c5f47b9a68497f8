// restore download: a file of the store, copied to a new path and compared with its manifest.
import type { CommandRun } from '../../lib/run/job.ts';
import { chooseNamed } from '../steps/choose-entry.ts';
import { downloadEntry } from '../steps/download-entry.ts';
import { selectedApp } from '../steps/each-app.ts';

export const run: CommandRun = async (context, input) => {
  const app = selectedApp(context, input);
  const store = await context.openStore();
  const { entry } = await chooseNamed(context, store, app, input.argument(0) ?? '');
  return downloadEntry(context, store, entry, input.argument(1) ?? '', input.dryRun);
};
