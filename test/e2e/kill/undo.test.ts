// restore undo, ended at every step.
import { expect, test } from 'vitest';
import { runKillTable } from '../../support/kill-table.ts';
import { undo } from './replacement.ts';

test('restore undo, killed at every step', { timeout: 900_000 }, async () => {
  const { problems, ends } = await runKillTable(undo, ['kill-before']);
  expect(problems).toEqual([]);
  expect(ends).toBeGreaterThan(30);
});
