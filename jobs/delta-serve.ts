// delta-serve: the master of replicas: it answers what changed, and tells when something did.
import { defineCommand, defineService, type Job } from '../lib/run/job.ts';
import { start } from '../lib/run/start.ts';
import * as parameters from './delta-serve/parameters.ts';
import { nextCommand } from './steps/next-command.ts';

export const deltaServe: Job = {
  name: 'delta-serve',
  summary: 'Serves the changes of a database to replicas that follow it.',
  description: [
    'GET /api/sync/schema, /api/sync/full-export and /api/sync/changes, with X-API-Key or a token of POST ' +
      '/api/remote/auth/token, in the envelopes that HerdLinx knows; a WebSocket at /api/sync/announcements says when ' +
      'something changed. A cursor tells what changed since the last look, deletions included, whatever any clock says.',
    'Nothing is served before install has put triggers into the database that note which rows change. They can neither ' +
      'fail nor change what the app does.',
  ],
  examples: [
    {
      command: 'delta-serve install --app herd --dry-run',
      explanation: 'what would be put into the database',
    },
    { command: 'delta-serve cert --app herd', explanation: 'a certificate, and what readers pin' },
    {
      command: 'delta-serve key office',
      explanation: 'a key for a reader, and its line for the configuration',
    },
    { command: 'delta-serve run --app herd', explanation: 'what the service does' },
  ],
  nextCommand: (ended) => nextCommand('delta-serve', ended),
  commands: [
    defineService({
      name: 'run',
      summary: 'Answer until told to stop.',
      parameters: parameters.run,
      graceMs: 30_000,
      load: () => import('./delta-serve/run.ts'),
    }),
    defineCommand({
      name: 'status',
      summary: 'Show what is served, to whom, and the fingerprint of the certificate.',
      isDefault: true,
      parameters: parameters.status,
      load: () => import('./delta-serve/status.ts'),
    }),
    defineCommand({
      name: 'install',
      summary: 'Put into the database what notes which rows change.',
      inHistory: true,
      parameters: parameters.install,
      load: () => import('./delta-serve/install.ts'),
      loadPlan: async () => (await import('./delta-serve/install.ts')).plan,
    }),
    defineCommand({
      name: 'uninstall',
      summary: 'Take it out again.',
      inHistory: true,
      parameters: parameters.uninstall,
      load: () => import('./delta-serve/uninstall.ts'),
    }),
    defineCommand({
      name: 'cert',
      summary: 'Make a certificate that signs itself, where the configuration says.',
      parameters: parameters.cert,
      load: () => import('./delta-serve/cert.ts'),
    }),
    defineCommand({
      name: 'key',
      summary: 'Make a key for a reader, and the line by which the master knows it.',
      parameters: parameters.key,
      attended: true,
      load: () => import('./delta-serve/key.ts'),
    }),
  ],
};

if (import.meta.main) await start(deltaServe);
