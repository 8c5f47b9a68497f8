// db-backup: proven backups of live SQLite databases, and everything to see and keep them.
import { defineAlias, defineCommand, type Job } from '../lib/run/job.ts';
import { start } from '../lib/run/start.ts';
import * as parameters from './db-backup/parameters.ts';
import { restore } from './restore.ts';
import { nextCommand } from './steps/next-command.ts';

export const dbBackup: Job = {
  name: 'db-backup',
  summary: 'Backs up live SQLite databases and proves every copy before it counts.',
  description: [
    'Each copy equals the database at one committed instant, whatever writes beside it. It is checked, hashed and ' +
      'only then published, with a manifest. Nothing old is removed before the new backup is proven.',
  ],
  examples: [
    { command: 'db-backup', explanation: 'the nightly run: back up, refresh the latest copy, prune' },
    {
      command: 'db-backup backup before-upgrade',
      explanation: 'one more backup, under a name of its own, never pruned',
    },
    { command: 'db-backup list-backups --app ctv', explanation: 'what there is, and whether it is proven' },
    { command: 'db-backup prune --dry-run', explanation: 'what the retention policy would remove, and why' },
  ],
  nextCommand: (ended) => nextCommand('db-backup', ended),
  commands: [
    defineCommand({
      name: 'init',
      summary: 'Make the store, or take the one that is there for the one to use from now on.',
      parameters: parameters.init,
      wantsStore: 'init',
      load: () => import('./db-backup/init.ts'),
      loadPlan: async () => (await import('./db-backup/init.ts')).plan,
    }),
    defineCommand({
      name: 'run',
      summary: 'The nightly run: back up each app, refresh its latest copy, prune. The default.',
      isDefault: true,
      parameters: parameters.run,
      inHistory: true,
      wantsStore: 'store',
      proves: ['backup', 'hourly', 'upload', 'prune'],
      load: () => import('./db-backup/run.ts'),
      loadPlan: async () => (await import('./db-backup/run.ts')).plan,
    }),
    defineCommand({
      name: 'backup',
      summary: 'Make one proven backup of each app; touch nothing else.',
      parameters: parameters.backup,
      inHistory: true,
      wantsStore: 'store',
      load: () => import('./db-backup/backup.ts'),
      loadPlan: async () => (await import('./db-backup/backup.ts')).plan,
    }),
    defineCommand({
      name: 'hourly',
      summary: 'Make one proven backup of each app with every, unless nothing has changed; the hourly run.',
      parameters: parameters.hourly,
      inHistory: true,
      wantsStore: 'store',
      proves: ['backup'],
      load: () => import('./db-backup/hourly.ts'),
      loadPlan: async () => (await import('./db-backup/hourly.ts')).plan,
    }),
    defineCommand({
      name: 'upload',
      summary: 'Refresh the latest copy only.',
      parameters: parameters.upload,
      inHistory: true,
      wantsStore: 'store',
      load: () => import('./db-backup/upload.ts'),
      loadPlan: async () => (await import('./db-backup/upload.ts')).plan,
    }),
    defineCommand({
      name: 'info',
      summary: 'Show the databases, the store, and how well each app is protected.',
      parameters: parameters.info,
      load: () => import('./db-backup/info.ts'),
    }),
    defineCommand({
      name: 'list-backups',
      summary: 'List the backups of each app, newest first, with their state.',
      parameters: parameters.listBackups,
      load: () => import('./db-backup/list-backups.ts'),
    }),
    defineCommand({
      name: 'list',
      summary: 'List every file in the store.',
      parameters: parameters.list,
      load: () => import('./db-backup/list.ts'),
    }),
    defineCommand({
      name: 'download',
      summary: 'Fetch the latest copy to a new file; to put it in place of a database, see restore.',
      parameters: parameters.download,
      load: () => import('./db-backup/download.ts'),
      loadPlan: async () => (await import('./db-backup/download.ts')).plan,
    }),
    defineAlias({
      name: 'restore-latest',
      summary: 'Another name of restore run latest --or-copy, kept for who is used to it.',
      takes: ['to', 'yes', 'app'],
      means: {
        job: restore,
        command: 'run',
        given: { name: 'latest', orCopy: true },
        typed: 'restore run latest --or-copy',
      },
    }),
    defineCommand({
      name: 'verify',
      summary: 'Read a backup back from the store and prove it against its manifest.',
      parameters: parameters.verify,
      inHistory: true,
      load: () => import('./db-backup/verify.ts'),
      loadPlan: async () => (await import('./db-backup/verify.ts')).plan,
    }),
    defineCommand({
      name: 'prune',
      summary: 'Remove what the retention policy no longer keeps, and say why for each backup.',
      parameters: parameters.prune,
      inHistory: true,
      load: () => import('./db-backup/prune.ts'),
      loadPlan: async () => (await import('./db-backup/prune.ts')).plan,
    }),
    defineCommand({
      name: 'remove',
      summary: 'Remove a backup that a person named, or one that is damaged, and say what that frees.',
      parameters: parameters.remove,
      inHistory: true,
      load: () => import('./db-backup/remove.ts'),
      loadPlan: async () => (await import('./db-backup/remove.ts')).plan,
    }),
    defineCommand({
      name: 'keygen',
      summary: 'Make the key pair that backups are sealed for; the identity is shown once, and kept nowhere.',
      parameters: parameters.keygen,
      nothingIsNeeded: true,
      attended: true,
      load: () => import('./db-backup/keygen.ts'),
    }),
    defineCommand({
      name: 'link',
      summary: 'Connect this machine with Dropbox: shows an address, takes the code, keeps the token.',
      parameters: parameters.link,
      wantsStore: 'store',
      storeIsEnough: true,
      inHistory: true,
      attended: true,
      load: () => import('./db-backup/link.ts'),
    }),
    defineCommand({
      name: 'test',
      summary: 'Try everything a backup needs, without making one.',
      parameters: parameters.test,
      wantsStore: 'store',
      load: () => import('./db-backup/test.ts'),
      loadPlan: async () => (await import('./db-backup/test.ts')).plan,
    }),
  ],
};

if (import.meta.main) await start(dbBackup);
