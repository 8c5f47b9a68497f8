// health-check: whether everything is all right, and since when, and what to do.
import { defineCommand, type Job } from '../lib/run/job.ts';
import { start } from '../lib/run/start.ts';
import * as parameters from './health-check/parameters.ts';
import { nextCommand } from './steps/next-command.ts';

export const healthCheck: Job = {
  name: 'health-check',
  summary:
    'Answers whether everything is all right: backups, databases, disks, services and what else was asked for.',
  description: [
    'Every check asks one question, judges the answer by limits that can be set, and is told of when it was bad several ' +
      'times in a row. What explains others is told alone. A timer asks every five minutes; status shows the last answers.',
  ],
  exits: 'monitoring',
  examples: [
    { command: 'health-check', explanation: 'ask everything now' },
    { command: 'health-check status', explanation: 'how it stood when the timer asked last, and since when' },
    {
      command: 'health-check explain backup-age',
      explanation: 'what a check means, its limits, and what to do',
    },
    {
      command: 'health-check report --html /srv/www/health.html',
      explanation: 'a page of how all stands, and how the last year went',
    },
    {
      command: 'health-check doctor',
      explanation: 'whether it is installed well, and what mends it: as root',
    },
    { command: 'health-check status --format nagios', explanation: 'one line for a monitoring program' },
  ],
  nextCommand: (ended) => nextCommand('health-check', ended),
  commands: [
    defineCommand({
      name: 'run',
      summary:
        'Ask every check that is due, by hand all of them, and leave what is bad for alert-send. The default.',
      isDefault: true,
      parameters: parameters.run,
      databaseUrlIsEnough: true,
      load: () => import('./health-check/run.ts'),
    }),
    defineCommand({
      name: 'status',
      summary: 'Show the last answers, without asking anew.',
      parameters: parameters.status,
      databaseUrlIsEnough: true,
      load: () => import('./health-check/status.ts'),
    }),
    defineCommand({
      name: 'report',
      summary:
        'Say it to people: a page, or the text of a mail, of how all stands and how the last year went.',
      parameters: parameters.report,
      databaseUrlIsEnough: true,
      wantsStore: 'glance',
      load: () => import('./health-check/report.ts'),
    }),
    defineCommand({
      name: 'doctor',
      summary:
        'Look at the installation, as root: units, secrets, rights, and what is counted on of the machine. Changes nothing.',
      parameters: parameters.doctor,
      databaseUrlIsEnough: true,
      load: () => import('./health-check/doctor.ts'),
    }),
    defineCommand({
      name: 'explain',
      summary: 'Say what a check asks, how it is judged, how it stands, and what to do.',
      parameters: parameters.explain,
      databaseUrlIsEnough: true,
      load: () => import('./health-check/explain.ts'),
    }),
    defineCommand({
      name: 'list',
      summary: 'List every check with its question and its limits.',
      parameters: parameters.list,
      databaseUrlIsEnough: true,
      load: () => import('./health-check/list.ts'),
    }),
  ],
};

if (import.meta.main) await start(healthCheck);
