// delta-receive: takes in the row changes of other machines, and keeps replicas of their tables.
import { defineCommand, defineService, type Job } from '../lib/run/job.ts';
import { start } from '../lib/run/start.ts';
import * as parameters from './delta-receive/parameters.ts';
import { nextCommand } from './steps/next-command.ts';

/** The longest that a batch is worked on when it is told to stop. */
const graceMs = 120_000;

export const deltaReceive: Job = {
  name: 'delta-receive',
  summary: 'Takes in the row changes of other machines, and keeps replicas of their tables.',
  description: [
    'Sources send batches of changes over HTTP (delta-push); each has a key of its own. A batch is applied once and whole, or ' +
      'not at all, by the rules of [replicas.<name>]. What must not be changed any more, a frozen service day above all, is ' +
      'held and not lost.',
  ],
  examples: [
    {
      command: 'delta-receive cert --name reports.lan,192.168.1.9',
      explanation: 'a certificate, and what senders pin',
    },
    { command: 'delta-receive key add laptop-1', explanation: 'a key for a source, shown once' },
    { command: 'delta-receive status', explanation: 'what arrived, from whom, and what is held' },
    {
      command: 'delta-receive freeze 2026-11-27',
      explanation: 'nothing changes the rows of that day any more',
    },
    { command: 'delta-receive held list --for frozen-day', explanation: 'what sources would have changed' },
  ],
  nextCommand: (ended) => nextCommand('delta-receive', ended),
  commands: [
    defineService({
      name: 'run',
      summary: 'Listen, and take in what sources send, until it is told to stop. The default.',
      isDefault: true,
      parameters: parameters.run,
      graceMs,
      load: () => import('./delta-receive/run.ts'),
    }),
    defineCommand({
      name: 'key',
      summary: 'Give a source a key (add), show who has one (list), or end it (revoke).',
      examples: [
        { command: 'delta-receive key add laptop-1', explanation: 'shown once, and kept nowhere' },
        { command: 'delta-receive key revoke laptop-1', explanation: 'holds at once, also while it runs' },
      ],
      parameters: parameters.key,
      attended: true,
      load: () => import('./delta-receive/key.ts'),
    }),
    defineCommand({
      name: 'cert',
      summary: 'Make the certificate that [receive] names, and show what senders pin.',
      parameters: parameters.cert,
      attended: true,
      load: () => import('./delta-receive/cert.ts'),
    }),
    defineCommand({
      name: 'status',
      summary: 'Show whether it runs, what arrived from whom, and what is held.',
      parameters: parameters.status,
      load: () => import('./delta-receive/status.ts'),
    }),
    defineCommand({
      name: 'freeze',
      summary: 'Keep the rows of a service day as they are: what would change them is held.',
      parameters: parameters.freeze,
      inHistory: true,
      attended: true,
      load: () => import('./delta-receive/freeze.ts'),
    }),
    defineCommand({
      name: 'reopen',
      summary: 'End that, and take in what was held for it.',
      parameters: parameters.reopen,
      inHistory: true,
      attended: true,
      load: () => import('./delta-receive/reopen.ts'),
    }),
    defineCommand({
      name: 'frozen',
      summary: 'Show the frozen days.',
      parameters: parameters.frozen,
      load: () => import('./delta-receive/frozen.ts'),
    }),
    defineCommand({
      name: 'held',
      summary: 'Show changes that were held (list), take them in (apply), or forget them (discard).',
      parameters: parameters.held,
      inHistory: true,
      attended: true,
      load: () => import('./delta-receive/held.ts'),
    }),
    defineCommand({
      name: 'approve',
      summary: 'Take tables as they are at their source now, where the schema waits for approval.',
      parameters: parameters.approve,
      inHistory: true,
      attended: true,
      load: () => import('./delta-receive/approve.ts'),
    }),
    defineCommand({
      name: 'correct',
      summary: 'Change rows of frozen days by SQL; what changed is written down, and sources can fetch it.',
      parameters: parameters.correct,
      inHistory: true,
      attended: true,
      load: () => import('./delta-receive/correct.ts'),
    }),
  ],
};

if (import.meta.main) await start(deltaReceive);
