// delta-pull: keeps a read-only replica of a master, which its readers always find whole.
import { defineCommand, defineService, type Job } from '../lib/run/job.ts';
import { start } from '../lib/run/start.ts';
import * as parameters from './delta-pull/parameters.ts';
import { nextCommand } from './steps/next-command.ts';

export const deltaPull: Job = {
  name: 'delta-pull',
  summary: 'Keeps a read-only replica of a master that delta-serve serves.',
  description: [
    'It asks the master what changed every ten seconds, and at once when the master says that something did. Each look is one ' +
      'transaction of the replica: whoever reads it sees what was there before, or all of the new, and never an empty one. ' +
      'While the master is away the replica stays as it is, and its status says how old it is.',
    'The environment of HerdLinx is enough: REMOTE_PI_HOST REMOTE_PI_PORT PI_API_KEY DB_SYNC_INTERVAL USE_SSL_FOR_PI ' +
      'USE_SELF_SIGNED_CERT. A certificate that signed itself is pinned.',
  ],
  examples: [
    { command: 'delta-pull once', explanation: 'one look; the first makes the replica' },
    { command: 'delta-pull run herd', explanation: 'keep it: what the service does' },
    { command: 'delta-pull status', explanation: 'how old it is, and why' },
    { command: 'delta-pull resync herd', explanation: 'all of it anew, while its readers read on' },
    { command: 'delta-pull fingerprint herd', explanation: 'the certificate that the master shows' },
  ],
  nextCommand: (ended) => nextCommand('delta-pull', ended),
  commands: [
    defineService({
      name: 'run',
      summary: 'Keep a replica until told to stop.',
      parameters: parameters.run,
      graceMs: 60_000,
      load: () => import('./delta-pull/run.ts'),
    }),
    defineCommand({
      name: 'once',
      summary: 'Look at the master once, and take in what changed.',
      passesRows: true,
      parameters: parameters.once,
      load: () => import('./delta-pull/once.ts'),
    }),
    defineCommand({
      name: 'resync',
      summary: 'Take all of it anew, in the place of what is there.',
      passesRows: true,
      parameters: parameters.resync,
      load: () => import('./delta-pull/resync.ts'),
    }),
    defineCommand({
      name: 'status',
      summary: 'Show how old the replicas are, and what keeps them from being younger.',
      isDefault: true,
      parameters: parameters.status,
      load: () => import('./delta-pull/status.ts'),
    }),
    defineCommand({
      name: 'fingerprint',
      summary: 'Show the certificate of the master, to be compared and pinned.',
      parameters: parameters.fingerprint,
      load: () => import('./delta-pull/fingerprint.ts'),
    }),
  ],
};

if (import.meta.main) await start(deltaPull);
