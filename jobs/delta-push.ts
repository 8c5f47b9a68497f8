// delta-push: the changes of rows in live databases, to a receiver.
import { defineCommand, defineService, type Job } from '../lib/run/job.ts';
import { start } from '../lib/run/start.ts';
import * as parameters from './delta-push/parameters.ts';
import { nextCommand } from './steps/next-command.ts';

export const deltaPush: Job = {
  name: 'delta-push',
  summary: 'Pushes the changes of rows in live databases to a receiver, over links that come and go.',
  description: [
    'Triggers in the database note which rows may have changed; the rows themselves are read when they are sent, as they are ' +
      'then. What cannot be sent waits. Whatever is killed, put back or lost, both sides find out where they stand and agree again.',
    'delta-receive is the other side. delta-push install is the first step; it alone changes the database, and corrections --apply its rows.',
  ],
  examples: [
    {
      command: 'delta-push install --app tagtracker --dry-run',
      explanation: 'what would be put into the database',
    },
    { command: 'delta-push run', explanation: 'one cycle, as the timer does it' },
    { command: 'delta-push status', explanation: 'what waits, since when, and what is held' },
    { command: 'delta-push parity --deep', explanation: 'whether the receiver has all of it' },
    { command: 'delta-push run --watch', explanation: 'cycles for ever, where there is no timer' },
  ],
  nextCommand: (ended) => nextCommand('delta-push', ended),
  commands: [
    defineCommand({
      name: 'run',
      summary: 'One cycle: what has changed goes to the receiver. The default.',
      isDefault: true,
      passesRows: true,
      parameters: parameters.run,
      load: () => import('./delta-push/run.ts'),
    }),
    defineService({
      name: 'watch',
      typedAs: { command: 'run', flag: 'watch' },
      summary: 'cycles for ever, with a pause between them',
      parameters: parameters.watch,
      graceMs: 60_000,
      load: () => import('./delta-push/watch.ts'),
    }),
    defineCommand({
      name: 'install',
      summary: 'Put into a database what notes which of its rows have changed.',
      parameters: parameters.install,
      inHistory: true,
      attended: true,
      load: () => import('./delta-push/install.ts'),
      loadPlan: async () => (await import('./delta-push/install.ts')).plan,
    }),
    defineCommand({
      name: 'uninstall',
      summary: 'Take that out again.',
      parameters: parameters.uninstall,
      inHistory: true,
      attended: true,
      load: () => import('./delta-push/uninstall.ts'),
    }),
    defineCommand({
      name: 'status',
      summary: 'What waits, since when, and what is held; asks nobody.',
      parameters: parameters.status,
      load: () => import('./delta-push/status.ts'),
    }),
    defineCommand({
      name: 'doctor',
      summary: 'Whether what notes the changes is whole; tries it, and takes that back.',
      parameters: parameters.doctor,
      load: () => import('./delta-push/doctor.ts'),
    }),
    defineCommand({
      name: 'parity',
      summary: 'Whether the receiver has what the database has: by day, and row by row where it has not.',
      parameters: parameters.parity,
      passesRows: true,
      inHistory: true,
      load: () => import('./delta-push/parity.ts'),
    }),
    defineCommand({
      name: 'held',
      summary: 'What the receiver keeps back of ours, why, and who can do what about it.',
      parameters: parameters.held,
      load: () => import('./delta-push/held.ts'),
    }),
    defineCommand({
      name: 'corrections',
      summary:
        'What staff corrected at the receiver since the last time; with --apply it is put here as well.',
      parameters: parameters.corrections,
      inHistory: true,
      attended: true,
      load: () => import('./delta-push/corrections.ts'),
    }),
    defineCommand({
      name: 'resync',
      summary: 'Send rows once more, whether they have changed or not.',
      parameters: parameters.resync,
      inHistory: true,
      attended: true,
      load: () => import('./delta-push/resync.ts'),
    }),
    defineCommand({
      name: 'export-sql',
      summary: 'Write what waits as a script of SQL, for a server that has no receiver.',
      parameters: parameters.exportSql,
      passesRows: true,
      inHistory: true,
      attended: true,
      load: () => import('./delta-push/export-sql.ts'),
    }),
    defineCommand({
      name: 'takeover',
      summary:
        'Make this machine the one that pushes under its name, after a copy or a restore of the whole machine.',
      parameters: parameters.takeover,
      inHistory: true,
      attended: true,
      load: () => import('./delta-push/takeover.ts'),
    }),
  ],
};

if (import.meta.main) await start(deltaPush);
