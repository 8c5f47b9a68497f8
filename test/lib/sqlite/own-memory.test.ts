import { expect, test } from 'vitest';
import { checkBytesMax } from '../../../lib/sqlite/own-memory.ts';

const MB = 1024 * 1024;

test.each([
  ['a large machine', 8192, Infinity, 512],
  ['a machine of 1 GB', 1024, Infinity, 256],
  ['a tight group', 8192, 300, 150],
])('a check may take, on %s', (_, total, limit, most) => {
  expect(checkBytesMax(total * MB, limit * MB)).toBe(most * MB);
});
