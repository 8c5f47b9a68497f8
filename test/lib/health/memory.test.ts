import { expect, test } from 'vitest';
import { type MemoryFacts, memoryCheck } from '../../../lib/health/memory.ts';
import { judged } from '../../support/judged.ts';

const well: MemoryFacts = {
  ...{ totalBytes: 8e9, availableBytes: 6e9, swapTotalBytes: 0, swapFreeBytes: 0 },
  ...{ waitedPercent: 0, killed: 0 },
};

test.each<[string, Partial<MemoryFacts>, string, string]>([
  ['plenty', {}, 'ok', '25 % used, 6 GB available'],
  ['just below the first limit', { availableBytes: 0.81e9 }, 'ok', '90 % used'],
  ['the first limit', { availableBytes: 0.8e9 }, 'warning', '90 % used'],
  ['just below the second', { availableBytes: 0.25e9 }, 'warning', '97 % used'],
  ['the second', { availableBytes: 0.24e9 }, 'critical', '97 % used'],
  ['what is swapped out', { swapTotalBytes: 2e9, swapFreeBytes: 1.5e9 }, 'ok', '; 500 MB swapped out'],
  ['a kernel that does not count waiting', { waitedPercent: undefined }, 'ok', '25 % used'],
  ['a little waiting', { waitedPercent: 24.9 }, 'ok', '25 % used'],
  [
    'programs that do little else than wait',
    { waitedPercent: 25 },
    'warning',
    'waited for memory 25 % of the last five minutes',
  ],
  ['a program that was killed', { killed: 1 }, 'warning', 'the kernel killed 1 program within the hour'],
  ['several', { killed: 3, availableBytes: 0.1e9 }, 'critical', 'the kernel killed 3 programs'],
])('%s', (_, facts, verdict, message) => {
  const judgement = judged(memoryCheck, { ...well, ...facts });
  expect(judgement).toMatchObject({ verdict });
  expect(judgement.message).toContain(message);
});
