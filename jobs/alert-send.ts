// alert-send: tells people what went wrong, through channels that may fail themselves.
import type { Job } from '../lib/run/job.ts';
import { start } from '../lib/run/start.ts';

export const alertSend: Job = {
  name: 'alert-send',
  summary: 'Tells people what went wrong: once, also after an outage, and when it is over.',
  description: [
    'Every run of a job leaves a record of how it ended. alert-send reads these records, decides what is an incident, ' +
      'and sends what is due through each channel. What cannot be sent is tried again; nothing is lost meanwhile. ' +
      'A timer starts it every two minutes.',
  ],
  examples: [
    { command: 'alert-send test', explanation: 'one message through each channel, to see that they work' },
    { command: 'alert-send list', explanation: 'what is wrong now, what waits, and how the channels are' },
    { command: 'alert-send ack 3fa9c1 --for 8h', explanation: 'I know of it: no reminders for eight hours' },
    { command: 'alert-send deliver --dry-run', explanation: 'what would be sent now' },
  ],
  commands: [
    {
      name: 'deliver',
      summary: 'Send what is due, and try again what failed. The default.',
      isDefault: true,
      options: [{ flags: '--now', description: 'try a channel that failed at once, without its pause' }],
      recorded: false,
      load: () => import('./alert-send/deliver.ts'),
    },
    {
      name: 'test',
      summary: 'Send one message through each channel, and say how each of them took it.',
      recorded: false,
      load: () => import('./alert-send/test.ts'),
    },
    {
      name: 'list',
      summary: 'Show open incidents, what waits to be sent, the channels and the dead letters.',
      recorded: false,
      load: () => import('./alert-send/list.ts'),
    },
    {
      name: 'ack',
      summary: 'Say that you know: no more reminders of this incident. Its end is told all the same.',
      arguments: [
        {
          name: 'id',
          description: 'an incident of alert-send list, or the name of its check',
          required: true,
        },
      ],
      options: [
        {
          flags: '--for <time>',
          description: 'for so long, such as 30min, 8h or 2d; until it is over unless given',
        },
      ],
      recorded: false,
      load: () => import('./alert-send/ack.ts'),
    },
    {
      name: 'spool',
      summary: 'Leave a record of how a systemd unit ended, for OnFailure= and ExecStopPost=; sends nothing.',
      options: [
        { flags: '--job <name>', description: 'what it is about: db-backup, or db-backup@ctv for one app' },
        { flags: '--unit <name>', description: 'the unit; $MONITOR_UNIT unless given' },
        {
          flags: '--result <word>',
          description: "how it ended, in systemd's word; $SERVICE_RESULT unless given",
        },
      ],
      recorded: false,
      load: () => import('./alert-send/spool.ts'),
    },
  ],
};

if (import.meta.main) await start(alertSend);
