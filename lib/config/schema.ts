// The shape of holdfast.toml, made of its sections. Unknown keys are errors.
import { z } from 'zod';
import { alertsTable } from './sections/alerts.ts';
import { appsTable } from './sections/apps.ts';
import { directoryKeys } from './sections/directories.ts';
import { explorerProblems, explorerTable } from './sections/explorer.ts';
import { healthTable } from './sections/health.ts';
import { historyTable } from './sections/history.ts';
import { storeTable } from './sections/store.ts';
import { timeKeys } from './sections/time.ts';

const keys = {
  ...directoryKeys,
  ...timeKeys,
  store: storeTable.optional().describe('where copies go; a directory in the state directory unless given'),
  alerts: alertsTable.optional().describe('who is told when something went wrong; nobody unless given'),
  health: healthTable
    .optional()
    .describe('what is watched, and from where on it is bad; as each check says unless given'),
  history: historyTable.optional().describe('how long what was done is remembered'),
  explorer: explorerTable.optional().describe('people look at the history in a browser; nobody unless given'),
  apps: appsTable,
};

/** The whole file. */
export const fileSchema = z.strictObject(keys).superRefine(({ explorer, apps }, context) => {
  if (explorer === undefined) return;
  const guarded = Object.keys(apps).filter((name) => apps[name]?.database !== undefined);
  for (const { path, message } of explorerProblems(explorer, guarded))
    context.addIssue({ code: 'custom', path: ['explorer', ...path], message });
});

export type ConfigFile = z.infer<typeof fileSchema>;
