// restore: bringing a database back, with a way back from that too.
import { defineCommand, type Job } from '../lib/run/job.ts';
import { start } from '../lib/run/start.ts';
import * as parameters from './restore/parameters.ts';
import { nextCommand } from './steps/next-command.ts';

export const restore: Job = {
  name: 'restore',
  summary: 'Brings a database back from a backup, and proves it before it is put in place.',
  description: [
    'The bytes are proven first, beside the live database. Then the services are stopped, the current database moves ' +
      'aside as an undo set, the new one takes its place with owner, group and mode as before, and the services are ' +
      'started. Killed at any instant, a whole database is in place, the old or the new one; restore status says which.',
  ],
  examples: [
    { command: 'restore list', explanation: 'what there is to restore' },
    { command: 'restore plan latest', explanation: 'what would happen, without doing it' },
    { command: 'restore diff latest', explanation: 'which rows and tables it would change' },
    { command: 'restore run latest --app ctv', explanation: 'bring the newest proven backup back' },
    {
      command: 'restore run --at "2026-11-20 02:05" --to /tmp/look.db',
      explanation: 'an older state, to look at',
    },
    { command: 'restore undo --app ctv', explanation: 'put back what the last restore replaced' },
  ],
  nextCommand: (ended) => nextCommand('restore', ended),
  commands: [
    defineCommand({
      name: 'list',
      summary: 'List what can be restored: backups, the latest copy, undo sets.',
      parameters: parameters.list,
      storeIsEnough: true,
      load: () => import('./restore/list.ts'),
    }),
    defineCommand({
      name: 'plan',
      summary: 'Show what a restore would do: which backup, which services, how much space.',
      parameters: parameters.plan,
      storeIsEnough: true,
      load: () => import('./restore/plan.ts'),
    }),
    defineCommand({
      name: 'diff',
      summary: 'Compare a backup with the live database: which rows differ, by their keys, and which tables.',
      parameters: parameters.diff,
      storeIsEnough: true,
      load: () => import('./restore/diff.ts'),
    }),
    defineCommand({
      name: 'run',
      summary: 'Restore a backup in place of the live database, or to a new file with --to.',
      parameters: parameters.run,
      storeIsEnough: true,
      inHistory: true,
      stopsServices: true,
      load: () => import('./restore/run.ts'),
      loadPlan: () => import('./restore/plan.ts'),
    }),
    defineCommand({
      name: 'download',
      summary: 'Copy a file of the store to a new path, without opening it.',
      parameters: parameters.download,
      storeIsEnough: true,
      load: () => import('./restore/download.ts'),
      loadPlan: async () => (await import('./restore/download.ts')).plan,
    }),
    defineCommand({
      name: 'undo',
      summary: 'Put back the database that the last restore replaced.',
      parameters: parameters.undo,
      inHistory: true,
      stopsServices: true,
      load: () => import('./restore/undo.ts'),
      loadPlan: async () => (await import('./restore/undo.ts')).plan,
    }),
    defineCommand({
      name: 'standby',
      summary: 'Keep the newest proven backup ready here, for an app that is live on another machine.',
      parameters: parameters.standby,
      inHistory: true,
      load: () => import('./restore/standby.ts'),
    }),
    defineCommand({
      name: 'promote',
      summary: 'Make the copy that lies ready live: this machine takes over. Works without the store.',
      parameters: parameters.promote,
      inHistory: true,
      stopsServices: true,
      load: () => import('./restore/promote.ts'),
      loadPlan: async () => (await import('./restore/promote.ts')).plan,
    }),
    defineCommand({
      name: 'drill',
      summary: 'Prove that a backup restores: read it back, open it, compare it with its manifest.',
      parameters: parameters.drill,
      storeIsEnough: true,
      inHistory: true,
      load: () => import('./restore/drill.ts'),
      loadPlan: async () => (await import('./restore/drill.ts')).plan,
    }),
    defineCommand({
      name: 'status',
      summary:
        'Show which database is in place, interrupted restores, undo sets, the last drill, and what the store has.',
      parameters: parameters.status,
      wantsStore: 'glance',
      load: () => import('./restore/status.ts'),
    }),
  ],
};

if (import.meta.main) await start(restore);
