// restore run, ended at every step.
import { expect, test } from 'vitest';
import { requireNoBug, requireSaidSo, runFaultTable, runKillTable } from '../../support/kill-table.ts';
import { replace, requireEither, requireStarted } from './replacement.ts';

/** Many commands, one after the other; a slow machine may take its time. */
const timeout = 900_000;

test('restore run, killed at every step', { timeout }, async () => {
  const { problems, ends } = await runKillTable(replace, ['kill-before'], 2);
  expect(problems).toEqual([]);
  expect(ends).toBeGreaterThan(40);
});

test('restore run, interrupted at every step', { timeout }, async () => {
  const { problems, ends } = await runFaultTable(
    {
      ...replace,
      requireSafe: (world, ending) => {
        requireSaidSo(ending);
        requireEither(world);
        requireStarted(world);
      },
    },
    ['int-before'],
  );
  expect(problems).toEqual([]);
  expect(ends).toBeGreaterThan(40);
});

test('restore run, with a full disk at every step', { timeout }, async () => {
  const { problems, ends } = await runFaultTable(
    {
      ...replace,
      requireSafe: (world, ending) => {
        requireNoBug(ending);
        requireEither(world);
      },
    },
    ['enospc'],
  );
  expect(problems).toEqual([]);
  expect(ends).toBeGreaterThan(40);
});
