import { expect, test } from 'vitest';
import { diskWearCheck, type WearFacts } from '../../../lib/health/disk-wear.ts';
import { judged } from '../../support/judged.ts';

const hourMs = 3_600_000;
const well: WearFacts = { writtenBytes: 1e9, overMs: 24 * hourMs, sinceStartBytes: 5e9, life: undefined };

test.each<[string, Partial<WearFacts>, string, string]>([
  ['little', {}, 'ok', '1 GB written a day, by the last 1 d'],
  ['just below the first limit', { writtenBytes: 29.9e9 }, 'ok', '30 GB written a day'],
  ['the first limit', { writtenBytes: 30e9 }, 'warning', '30 GB written a day'],
  ['just below the second', { writtenBytes: 149e9 }, 'warning', '149 GB'],
  ['the second', { writtenBytes: 150e9 }, 'critical', '150 GB written a day'],
  [
    'a short time, at the same rate',
    { writtenBytes: 2.5e9, overMs: 2 * hourMs },
    'warning',
    '30 GB written a day, by the last 2 h',
  ],
  ['a restore in the first minutes', { writtenBytes: 20e9, overMs: 10 * 60_000 }, 'ok', 'too short to say'],
  ['the first look', { writtenBytes: 0, overMs: 0 }, 'ok', 'too short to say'],
  [
    'an eMMC that is new',
    { life: { usedPercent: 10, spares: 1 } },
    'ok',
    'up to 10 % of its life used; 1 GB',
  ],
  ['one that gets old', { life: { usedPercent: 80, spares: 1 } }, 'ok', 'up to 80 %'],
  ['one that is old', { life: { usedPercent: 90, spares: 1 } }, 'warning', 'up to 90 % of its life used'],
  ['one at the end', { life: { usedPercent: 100, spares: 1 } }, 'warning', 'up to 100 %'],
  ['one beyond it', { life: { usedPercent: 110, spares: 1 } }, 'critical', 'its life is used up'],
  [
    'few spare blocks',
    { life: { usedPercent: undefined, spares: 2 } },
    'warning',
    'most of its spare blocks are used',
  ],
  [
    'hardly any',
    { life: { usedPercent: 20, spares: 3 } },
    'critical',
    '20 % of its life used, nearly no spare blocks are left',
  ],
])('%s', (_, facts, verdict, message) => {
  const judgement = judged(diskWearCheck, { ...well, ...facts }, { subject: 'mmcblk0' });
  expect(judgement).toMatchObject({ verdict });
  expect(judgement.message).toContain(message);
});

test('a rate that is not known yet is no value', () => {
  expect(judged(diskWearCheck, { ...well, overMs: 1 }).value).toBeUndefined();
});
