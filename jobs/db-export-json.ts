// db-export-json: a database as JSON documents, one a service day or one a table, always the same bytes for the same data.
import { defineCommand, type Job } from '../lib/run/job.ts';
import { start } from '../lib/run/start.ts';
import * as parameters from './db-export-json/parameters.ts';
import { nextCommand } from './steps/next-command.ts';

export const dbExportJson: Job = {
  name: 'db-export-json',
  summary: 'Keeps JSON documents of a database up to date, each written only when its data changed.',
  description: [
    'All documents show one instant of the database. One that differs is replaced whole; one that does not is not touched, ' +
      'so that its time of change can be gone by. A frozen day is never rewritten, and a difference is told.',
  ],
  examples: [
    { command: 'db-export-json', explanation: 'bring all documents up to date' },
    { command: 'db-export-json run --dry-run', explanation: 'what would be written' },
    { command: 'db-export-json run --ship', explanation: 'and ship them to the reader on another machine' },
    { command: 'db-export-json check --day 2026-11-27', explanation: 'what differs, value for value' },
    {
      command: 'db-export-json freeze 2026-11-27 --reason "sent to the city"',
      explanation: 'let that day never change again',
    },
    { command: 'db-export-json import --to /tmp/again.db', explanation: 'a database from the documents' },
    {
      command: 'db-export-json status',
      explanation: 'which phase each day is in, and which days are frozen',
    },
    { command: 'db-export-json promote --dry-run', explanation: 'whether the next phase may begin' },
  ],
  nextCommand: (ended) => nextCommand('db-export-json', ended),
  commands: [
    defineCommand({
      name: 'run',
      summary: 'Write the documents that differ from the database.',
      isDefault: true,
      parameters: parameters.run,
      readsRows: true,
      inHistory: true,
      proves: ['check'],
      load: () => import('./db-export-json/run.ts'),
      loadPlan: async () => (await import('./db-export-json/run.ts')).plan,
    }),
    defineCommand({
      name: 'status',
      summary: 'Show the documents: in which phase and whether frozen, since when and why.',
      parameters: parameters.status,
      readsRows: true,
      load: () => import('./db-export-json/status.ts'),
    }),
    defineCommand({
      name: 'check',
      summary: 'Read the documents back and compare them with the database, value for value.',
      parameters: parameters.check,
      readsRows: true,
      inHistory: true,
      load: () => import('./db-export-json/check.ts'),
    }),
    defineCommand({
      name: 'import',
      summary: 'Load the documents into the mirror, or into a new database: all of them, or none.',
      parameters: parameters.importDocuments,
      inHistory: true,
      passesRows: true,
      load: () => import('./db-export-json/import.ts'),
      loadPlan: async () => (await import('./db-export-json/import.ts')).plan,
    }),
    defineCommand({
      name: 'freeze',
      summary: 'Never rewrite the document of a day again.',
      parameters: parameters.freeze,
      load: () => import('./db-export-json/freeze.ts'),
      loadPlan: async () => (await import('./db-export-json/freeze.ts')).plan,
    }),
    defineCommand({
      name: 'unfreeze',
      summary: 'Let the document of a day follow the database again.',
      parameters: parameters.unfreeze,
      load: () => import('./db-export-json/unfreeze.ts'),
      loadPlan: async () => (await import('./db-export-json/unfreeze.ts')).plan,
    }),
    defineCommand({
      name: 'promote',
      summary: 'Go one phase on: from documents that are the truth, over both, to the database.',
      parameters: parameters.changePhase,
      readsRows: true,
      inHistory: true,
      attended: true,
      load: () => import('./db-export-json/promote.ts'),
      loadPlan: async () => (await import('./db-export-json/promote.ts')).plan,
    }),
    defineCommand({
      name: 'demote',
      summary: 'Go one phase back.',
      parameters: parameters.changePhase,
      readsRows: true,
      inHistory: true,
      attended: true,
      load: () => import('./db-export-json/demote.ts'),
      loadPlan: async () => (await import('./db-export-json/demote.ts')).plan,
    }),
  ],
};

if (import.meta.main) await start(dbExportJson);
