// db-maintain: work on the databases themselves, where their owner asked for it.
import { defineCommand, type Job } from '../lib/run/job.ts';
import { start } from '../lib/run/start.ts';
import * as parameters from './db-maintain/parameters.ts';
import { nextCommand } from './steps/next-command.ts';

export const dbMaintain: Job = {
  name: 'db-maintain',
  summary: 'Maintains the databases of apps, where their owner allows it.',
  description: [
    'Nothing is done to a database without [apps.<name>.maintain] in the configuration. Before anything is written there is ' +
      'room for it and a proven backup, and nobody else writes; a run that is killed leaves the database as it was.',
  ],
  examples: [
    { command: 'db-maintain', explanation: 'what is due, for each app that allows it' },
    {
      command: 'db-maintain vacuum --app ctv --dry-run',
      explanation: 'what would be gained, and whether there is room',
    },
    {
      command: 'db-maintain integrity --app ctv',
      explanation: 'check a copy in full; the app is not held up',
    },
  ],
  nextCommand: (ended) => nextCommand('db-maintain', ended),
  commands: [
    defineCommand({
      name: 'run',
      summary: 'Do to each database what its owner allowed and is due. The default.',
      isDefault: true,
      parameters: parameters.run,
      inHistory: true,
      wantsStore: 'store',
      proves: ['vacuum', 'optimize', 'integrity'],
      load: () => import('./db-maintain/run.ts'),
      loadPlan: async () => (await import('./db-maintain/run.ts')).plan,
    }),
    defineCommand({
      name: 'vacuum',
      summary: 'Write a database anew, without the pages that hold nothing, after a proven backup.',
      parameters: parameters.vacuum,
      inHistory: true,
      wantsStore: 'store',
      load: () => import('./db-maintain/vacuum.ts'),
      loadPlan: async () => (await import('./db-maintain/vacuum.ts')).plan,
    }),
    defineCommand({
      name: 'optimize',
      summary: 'Bring up to date what SQLite knows of the tables, after a proven backup.',
      parameters: parameters.optimize,
      inHistory: true,
      wantsStore: 'store',
      load: () => import('./db-maintain/optimize.ts'),
      loadPlan: async () => (await import('./db-maintain/optimize.ts')).plan,
    }),
    defineCommand({
      name: 'integrity',
      summary: 'Check a copy of a database in full; nothing is changed.',
      parameters: parameters.integrity,
      inHistory: true,
      load: () => import('./db-maintain/integrity.ts'),
      loadPlan: async () => (await import('./db-maintain/integrity.ts')).plan,
    }),
  ],
};

if (import.meta.main) await start(dbMaintain);
