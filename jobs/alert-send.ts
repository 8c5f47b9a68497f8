// alert-send: tells people what went wrong, through channels that may fail themselves.
import { defineCommand, type Job } from '../lib/run/job.ts';
import { start } from '../lib/run/start.ts';
import * as parameters from './alert-send/parameters.ts';
import { nextCommand } from './steps/next-command.ts';

export const alertSend: Job = {
  name: 'alert-send',
  summary: 'Tells people what went wrong: once, also after an outage, and when it is over.',
  description: [
    'Every run of a job leaves a record of how it ended. alert-send reads these records, decides what is an incident, ' +
      'and sends what is due through each channel. What cannot be sent is tried again; nothing is lost meanwhile. ' +
      'A timer starts it every 90 seconds.',
  ],
  examples: [
    { command: 'alert-send test', explanation: 'one message through each channel, to see that they work' },
    { command: 'alert-send list', explanation: 'what is wrong now, what waits, and how the channels are' },
    { command: 'alert-send ack 3fa9c1 --for 8h', explanation: 'I know of it: no reminders for eight hours' },
    { command: 'alert-send deliver --dry-run', explanation: 'what would be sent now' },
  ],
  nextCommand: (ended) => nextCommand('alert-send', ended),
  commands: [
    defineCommand({
      name: 'deliver',
      summary: 'Send what is due, and try again what failed. The default.',
      isDefault: true,
      lastSettingsAreEnough: true,
      parameters: parameters.deliver,
      load: () => import('./alert-send/deliver.ts'),
      loadPlan: async () => (await import('./alert-send/deliver.ts')).plan,
    }),
    defineCommand({
      name: 'test',
      summary: 'Send one message through each channel, and say how each of them took it.',
      parameters: parameters.test,
      load: () => import('./alert-send/test.ts'),
      loadPlan: async () => (await import('./alert-send/test.ts')).plan,
    }),
    defineCommand({
      name: 'list',
      summary: 'Show open incidents, what waits to be sent, the channels and the dead letters.',
      lastSettingsAreEnough: true,
      parameters: parameters.list,
      load: () => import('./alert-send/list.ts'),
    }),
    defineCommand({
      name: 'ack',
      summary: 'Say that you know: no more reminders of this incident. Its end is told all the same.',
      lastSettingsAreEnough: true,
      parameters: parameters.ack,
      load: () => import('./alert-send/ack.ts'),
      loadPlan: async () => (await import('./alert-send/ack.ts')).plan,
    }),
    defineCommand({
      name: 'spool',
      summary: 'Leave a record of how a systemd unit ended, for OnFailure= and ExecStopPost=; sends nothing.',
      lastSettingsAreEnough: true,
      parameters: parameters.spool,
      load: () => import('./alert-send/spool.ts'),
      loadPlan: async () => (await import('./alert-send/spool.ts')).plan,
    }),
  ],
};

if (import.meta.main) await start(alertSend);
