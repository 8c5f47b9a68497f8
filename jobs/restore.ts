// restore: bringing a database back, with a way back from that too.
import type { Job, Option } from '../lib/run/job.ts';
import { start } from '../lib/run/start.ts';

const at: Option = {
  flags: '--at <time>',
  description: 'the newest proven backup at that time: "2026-11-20 02:05"',
};
const to: Option = {
  flags: '--to <path>',
  description: 'restore to a new file instead of the live database',
};
const yes: Option = { flags: '-y, --yes', description: 'do not ask' };
const unproven: Option = {
  flags: '--unproven',
  description: 'use a backup whose manifest is damaged, as if it had none',
};
const which = {
  name: 'name',
  description: '"latest" (the newest proven backup), or a name from restore list',
  required: false,
};

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
    { command: 'restore run latest --app ctv', explanation: 'bring the newest proven backup back' },
    {
      command: 'restore run --at "2026-11-20 02:05" --to /tmp/look.db',
      explanation: 'an older state, to look at',
    },
    { command: 'restore undo --app ctv', explanation: 'put back what the last restore replaced' },
  ],
  commands: [
    {
      name: 'list',
      summary: 'List what can be restored: backups, the latest copy, undo sets.',
      recorded: false,
      load: () => import('./restore/list.ts'),
    },
    {
      name: 'plan',
      summary: 'Show what a restore would do: which backup, which services, how much space.',
      arguments: [which],
      options: [at, to],
      recorded: false,
      load: () => import('./restore/plan.ts'),
    },
    {
      name: 'run',
      summary: 'Restore a backup in place of the live database, or to a new file with --to.',
      arguments: [which],
      options: [at, to, yes, unproven],
      recorded: true,
      load: () => import('./restore/run.ts'),
    },
    {
      name: 'download',
      summary: 'Copy a file of the store to a new path, without opening it.',
      arguments: [
        { name: 'name', description: 'a backup, or any other file of the store', required: true },
        { name: 'path', description: 'a new file, or an existing directory', required: true },
      ],
      recorded: false,
      load: () => import('./restore/download.ts'),
    },
    {
      name: 'undo',
      summary: 'Put back the database that the last restore replaced.',
      arguments: [
        {
          name: 'set',
          description: 'an undo set from restore status; the newest unless given',
          required: false,
        },
      ],
      options: [yes],
      recorded: true,
      load: () => import('./restore/undo.ts'),
    },
    {
      name: 'drill',
      summary: 'Prove that a backup restores: read it back, open it, compare it with its manifest.',
      arguments: [{ name: 'name', description: 'a backup; each in its turn unless given', required: false }],
      recorded: true,
      load: () => import('./restore/drill.ts'),
    },
    {
      name: 'status',
      summary: 'Show which database is in place, interrupted restores, undo sets and the last drill.',
      recorded: false,
      load: () => import('./restore/status.ts'),
    },
  ],
};

if (import.meta.main) await start(restore);
