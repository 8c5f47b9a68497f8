// The shape of holdfast.toml, made of its sections. Unknown keys are errors.
import { z } from 'zod';
import { alertsTable } from './sections/alerts.ts';
import { appsTable } from './sections/apps.ts';
import { directoryKeys } from './sections/directories.ts';
import { storeTable } from './sections/store.ts';
import { timeKeys } from './sections/time.ts';

/** The whole file. */
export const fileSchema = z.strictObject({
  ...directoryKeys,
  ...timeKeys,
  store: storeTable.optional().describe('where copies go; a directory in the state directory unless given'),
  alerts: alertsTable.optional().describe('who is told when something went wrong; nobody unless given'),
  apps: appsTable,
});

export type ConfigFile = z.infer<typeof fileSchema>;
