// The shape of holdfast.toml, made of its sections. Unknown keys are errors.
import { z } from 'zod';
import { alertsTable } from './sections/alerts.ts';
import { engineOf } from './sections/app-database.ts';
import { appsTable } from './sections/apps.ts';
import { directoryKeys } from './sections/directories.ts';
import { encryptionTable } from './sections/encryption.ts';
import { explorerProblems, explorerTable } from './sections/explorer.ts';
import { healthTable } from './sections/health.ts';
import { postgresProblems } from './sections/health-postgres.ts';
import { historyTable } from './sections/history.ts';
import { pullsTable } from './sections/pulls.ts';
import { receiveTable } from './sections/receive.ts';
import { replicasProblems, replicasTable } from './sections/replicas.ts';
import { storeTable } from './sections/store.ts';
import { timeKeys } from './sections/time.ts';

const keys = {
  ...directoryKeys,
  ...timeKeys,
  store: storeTable.optional().describe('where copies go; a directory in the state directory unless given'),
  encryption: encryptionTable
    .optional()
    .describe('for whom backups are sealed; they are stored as they are unless given'),
  alerts: alertsTable.optional().describe('who is told when something went wrong; nobody unless given'),
  health: healthTable
    .optional()
    .describe('what is watched, and from where on it is bad; as each check says unless given'),
  history: historyTable.optional().describe('how long what was done is remembered'),
  explorer: explorerTable.optional().describe('people look at the history in a browser; nobody unless given'),
  receive: receiveTable
    .optional()
    .describe('the service that takes in row changes of others; none unless given'),
  replicas: replicasTable.optional().describe('where the rows of others arrive'),
  pulls: pullsTable.optional().describe('replicas that follow a master'),
  apps: appsTable.default({}),
};

/** A part of a file that was whole. */
export const keptSchema = z.strictObject(keys);

/** What a machine is for where it has no app. */
const otherWork = ['receive', 'replicas', 'pulls'] as const;

/** The whole file. */
export const fileSchema = keptSchema.superRefine((file, context) => {
  const add = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
  const { explorer, apps, health, receive, replicas = {} } = file;
  if (Object.keys(apps).length === 0 && otherWork.every((key) => file[key] === undefined))
    add(['apps'], 'needs at least one app, such as [apps.ctv]');
  if (receive !== undefined && Object.keys(replicas).length === 0)
    add(['receive'], 'needs somewhere for the rows to arrive: [replicas.<name>]');
  for (const { path, message } of replicasProblems(replicas, apps)) add(['replicas', ...path], message);
  const engineOfApp = (name: string) => engineOf(apps[name] ?? {});
  const isServed = (name: string) => engineOfApp(name) === 'postgres';
  if (health?.postgres !== undefined)
    for (const { path, message } of postgresProblems(health.postgres, isServed))
      add(['health', 'postgres', ...path], message);
  if (explorer === undefined) return;
  const guarded = Object.keys(apps).filter((name) => engineOfApp(name) === 'sqlite');
  for (const { path, message } of explorerProblems(explorer, guarded)) add(['explorer', ...path], message);
});

export type ConfigFile = z.infer<typeof fileSchema>;
