// A run that goes wrong where nobody waits for it:
//   run-going-wrong.ts throw    something throws in a callback; the run tidies up for a while and then ends
//   run-going-wrong.ts stall    nothing will ever wake it
//   run-going-wrong.ts stall-beside-a-spare
import { writeSync } from 'node:fs';
import { defineCommand, type Job } from '../../lib/run/job.ts';
import { start } from '../../lib/run/start.ts';
import type { JobContext } from '../../lib/run/context.ts';

const steps = (work: (context: JobContext) => Promise<void>) => async () => ({
  async run(context: JobContext) {
    await work(context);
    return { result: {}, findings: [] };
  },
  text: () => [],
});

const testRun: Job = {
  name: 'test-run',
  summary: 'Goes wrong.',
  description: [],
  examples: [],
  nextCommand: () => 'test-run',
  commands: [
    defineCommand({
      name: 'throw',
      summary: 'Throws in a callback.',
      parameters: {},
      load: steps(async ({ signal, wait }) => {
        setImmediate(() => {
          throw new TypeError('nobody waits for this');
        });
        await wait(60_000, signal).finally(() => writeSync(1, 'put in order\n'));
      }),
    }),
    defineCommand({
      name: 'stall',
      summary: 'Waits for nothing.',
      parameters: {},
      load: steps(() => new Promise(() => undefined)),
    }),
    defineCommand({
      name: 'stall-beside-a-spare',
      summary: 'The same, with a process that waits to be asked.',
      parameters: {},
      readsRows: true,
      load: steps(() => new Promise(() => undefined)),
    }),
  ],
};

await start(testRun);
