import { expect, test } from 'vitest';
import { roomToMap } from '../../../lib/sqlite/map-room.ts';

const mebibyte = 1024 * 1024;

test.each([
  ['no limit', { free: 4000, limit: 2 ** 44 }, 3840],
  ['a limit that nobody can tell', { free: 4000, limit: Infinity }, 3840],
  ['the limit of a unit', { free: 4000, limit: 448 }, 288],
  ['a limit larger than what is free', { free: 300, limit: 448 }, 140],
  ['hardly anything', { free: 100, limit: 256 }, 0],
])('with %s', (_, { free, limit }, room) => {
  expect(roomToMap(free * mebibyte, limit * mebibyte)).toBe(room * mebibyte);
});

test('this machine has an answer', () => {
  expect(roomToMap()).toBeGreaterThanOrEqual(0);
  expect(roomToMap()).toBeLessThan(2 ** 50);
});
