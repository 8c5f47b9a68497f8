// db-backup: proven backups of live SQLite databases, and everything to see and keep them.
import type { Job } from '../lib/run/job.ts';
import { start } from '../lib/run/start.ts';

const acceptShrink = {
  flags: '--accept-shrink',
  description: 'an emptied or shrunken database is meant to be so',
};

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
  commands: [
    {
      name: 'run',
      summary: 'The nightly run: back up each app, refresh its latest copy, prune. The default.',
      isDefault: true,
      options: [acceptShrink],
      recorded: true,
      proves: ['backup', 'upload', 'prune'],
      load: () => import('./db-backup/run.ts'),
    },
    {
      name: 'backup',
      summary: 'Make one proven backup of each app; touch nothing else.',
      arguments: [
        {
          name: 'name',
          description: 'a name of your own instead of the time; never pruned',
          required: false,
        },
      ],
      options: [acceptShrink],
      recorded: true,
      load: () => import('./db-backup/backup.ts'),
    },
    {
      name: 'upload',
      summary: 'Refresh the latest copy only.',
      options: [acceptShrink],
      recorded: true,
      load: () => import('./db-backup/upload.ts'),
    },
    {
      name: 'info',
      summary: 'Show the databases, the store, and how well each app is protected.',
      recorded: false,
      load: () => import('./db-backup/info.ts'),
    },
    {
      name: 'list-backups',
      summary: 'List the backups of each app, newest first, with their state.',
      recorded: false,
      load: () => import('./db-backup/list-backups.ts'),
    },
    {
      name: 'list',
      summary: 'List every file in the store.',
      arguments: [{ name: 'path', description: 'only what lies below it', required: false }],
      recorded: false,
      load: () => import('./db-backup/list.ts'),
    },
    {
      name: 'download',
      summary: 'Fetch the latest copy to a new file; to put it in place of a database, see restore.',
      arguments: [
        { name: 'path', description: "the new file; the database's own path unless given", required: false },
      ],
      recorded: false,
      load: () => import('./db-backup/download.ts'),
    },
    {
      name: 'verify',
      summary: 'Read a backup back from the store and prove it against its manifest.',
      arguments: [
        { name: 'name', description: 'a backup; the newest of each app unless given', required: false },
      ],
      options: [{ flags: '--all', description: 'every backup of each app' }],
      recorded: true,
      load: () => import('./db-backup/verify.ts'),
    },
    {
      name: 'prune',
      summary: 'Remove what the retention policy no longer keeps, and say why for each backup.',
      recorded: true,
      load: () => import('./db-backup/prune.ts'),
    },
    {
      name: 'link',
      summary: 'Connect this machine with Dropbox: shows an address, takes the code, keeps the token.',
      options: [{ flags: '--print', description: 'print the refresh token instead of keeping it' }],
      recorded: true,
      attended: true,
      load: () => import('./db-backup/link.ts'),
    },
    {
      name: 'test',
      summary: 'Try everything a backup needs, without making one.',
      recorded: false,
      load: () => import('./db-backup/test.ts'),
    },
  ],
};

if (import.meta.main) await start(dbBackup);
