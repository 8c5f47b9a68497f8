import { expect, test } from 'vitest';
import { inodesCheck } from '../../../lib/health/inodes.ts';
import { judged } from '../../support/judged.ts';

test.each([
  [{ total: 1000, free: 900 }, 'ok', '10 % of its inodes used, 900 files can still be made'],
  [{ total: 1000, free: 151 }, 'ok', '85 % of its inodes used'],
  [{ total: 1000, free: 150 }, 'warning', '85 % of its inodes used'],
  [{ total: 1000, free: 51 }, 'warning', '95 % of its inodes used'],
  [{ total: 1000, free: 50 }, 'critical', '95 % of its inodes used'],
  [{ total: 1000, free: 0 }, 'critical', '100 % of its inodes used, 0 files can still be made'],
  // btrfs, exFAT and many network mounts have no number of them.
  [{ total: 0, free: 0 }, 'ok', 'makes room for files as it needs it'],
])('%j is %s', (facts, verdict, message) => {
  const judgement = judged(inodesCheck, { ...facts, paths: ['/mnt/my disk'] }, { subject: '/mnt/my disk' });
  expect(judgement).toMatchObject({ verdict });
  expect(judgement.message).toContain(message);
});

test('what takes them is one command away, which works as it is typed', () => {
  expect(judged(inodesCheck, { total: 10, free: 0, paths: [] }, { subject: '/mnt/my disk' }).hint).toContain(
    `-d 3 "$(findmnt -no TARGET -T '/mnt/my disk')" |`,
  );
});

test('the limits of the operator hold', () => {
  expect(judged(inodesCheck, { total: 10, free: 5, paths: [] }, { limits: { warning: 50 } }).verdict).toBe(
    'warning',
  );
});
