// A record of the spool, written with a fault at each step: it is whole, in the one place or the other, or it is not there.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { silentLog } from '../../../lib/base/log.ts';
import { Spool } from '../../../lib/notify/spool.ts';
import type { SpoolRecord } from '../../../lib/notify/spool-record.ts';
import { type FaultKind, runWithFault, traceOperations } from '../../support/faults/run-with-faults.ts';
import { scratch } from '../../support/scratch.ts';

const next: SpoolRecord = { kind: 'start', check: 'db-backup', at: 1000, runId: 'next' };

describe('writing a record, with a fault at each step', () => {
  const program = fileURLToPath(new URL('../../fixtures/spool-once.ts', import.meta.url));
  const command = (folder: string) => [
    '--import',
    'tsx',
    program,
    join(folder, 'state/spool'),
    join(folder, 'run/spool'),
  ];

  test.each<FaultKind>(['kill-before', 'kill-after', 'enospc', 'eio'])('%s', async (kind) => {
    const steps = await traceOperations(process.execPath, command(scratch()), {});
    expect(steps.map(({ name }) => name)).toContain('link');
    for (const { number, name } of steps) {
      const folder = scratch();
      const ending = await runWithFault(process.execPath, command(folder), {}, { at: number, kind });
      const spool = new Spool([join(folder, 'state/spool'), join(folder, 'run/spool')], silentLog);
      const { records, unreadable } = await spool.read();
      const runs = new Set(records.map((one) => one.record.kind === 'run' && one.record.runId));
      expect({ name, unreadable, whole: runs.size <= 1 }).toEqual({ name, unreadable: [], whole: true });
      // An error is no death: the record is there, in the one place or the other.
      if (kind === 'enospc' || kind === 'eio') {
        expect({ name, exitCode: ending.exitCode, runs: [...runs] }).toEqual({
          name,
          exitCode: 0,
          runs: ['one'],
        });
      }
      await spool.add(next, 1000);
      expect((await spool.read()).records.map(({ record }) => record)).toContainEqual(next);
    }
  });
});
