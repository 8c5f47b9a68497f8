// When a row was changed, in every way in which apps say it.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Cell } from '../../../lib/delta/cell.ts';
import { isLater, stampOf } from '../../../lib/delta/last-write.ts';

const at = Date.UTC(2024, 0, 15, 10, 30) * 1000;

describe('a stamp', () => {
  test.each<[Cell, number]>([
    ['2024-01-15T10:30:00Z', at],
    ['2024-01-15 10:30:00', at],
    ['2024-01-15T10:30:00', at],
    ['2024-01-15 10:30', at],
    ['2024-01-15 10:30:00.000001', at + 1],
    ['2024-01-15 10:30:00.123456', at + 123_456],
    ['2024-01-15 10:30:00,5', at + 500_000],
    ['2024-01-15T10:30:00.123456789Z', at + 123_456],
    ['2024-01-15T12:30:00+02:00', at],
    ['2024-01-15T12:30:00+0200', at],
    ['2024-01-15T04:30:00.25-06', at + 250_000],
    ['2024-01-15 10:30:00 UTC', at],
    ['2024-01-15', at - 37_800_000_000],
    ['Mon, 15 Jan 2024 10:30:00 GMT', at],
    ['1705314600', at],
    ['1705314600.5', at + 500_000],
    ['1705314600123', at + 123_000],
    [1705314600n, at],
    [1705314600.25, at + 250_000],
    [1705314600123n, at + 123_000],
    [1705314600123456n, at + 123_456],
    [0n, 0],
  ])('%s', (cell, stamp) => expect(stampOf(cell)).toBe(stamp));

  test.each<Cell>([
    null,
    '',
    'yesterday',
    '2024-02-30 10:00:00',
    '2024-13-01 10:00:00',
    '2024-01-15 24:00:00',
    '2024-01-15 10:60:00',
    '15.01.2024',
    '2024-01-15T10:30:00+2',
    'Mon, 15 Foo 2024 10:30:00 GMT',
    Infinity,
    Number.NaN,
    9223372036854775807n,
    Buffer.from('2024-01-15'),
  ])('%s is none', (cell) => expect(stampOf(cell)).toBeUndefined());

  test('orders as time does, to the microsecond, in whatever zone it is written', () => {
    const micros = fc.integer({ min: 0, max: 4_000_000_000_000_000 });
    const zone = fc.integer({ min: -14 * 60, max: 14 * 60 });
    fc.assert(
      fc.property(micros, micros, zone, (one, other, minutes) => {
        expect(stampOf(written(one, 0))).toBe(one);
        expect(stampOf(written(other, minutes))).toBe(other);
      }),
    );
  });
});

test('of two writes one is later, unless they are one', () => {
  const write = fc.record({ stamp: fc.integer(), hash: fc.bigInt({ min: 0n, max: 3n }) });
  fc.assert(
    fc.property(write, write, write, (...writes) => {
      const [a, b, c] = writes.map(({ stamp, hash }) => ({ stamp, hash: () => hash }));
      if (a === undefined || b === undefined || c === undefined) return;
      const isOne = a.stamp === b.stamp && a.hash() === b.hash();
      expect(Number(isLater(a, b)) + Number(isLater(b, a))).toBe(isOne ? 0 : 1);
      if (isLater(a, b) && isLater(b, c)) expect(isLater(a, c)).toBe(true);
    }),
  );
});

function written(micros: number, zoneMinutes: number): string {
  const local = new Date(Math.floor(micros / 1000) + zoneMinutes * 60_000).toISOString().slice(0, 19);
  const [sign, size] = [zoneMinutes < 0 ? '-' : '+', Math.abs(zoneMinutes)];
  const pad = (value: number, length = 2) => String(value).padStart(length, '0');
  return `${local}.${pad(micros % 1_000_000, 6)}${sign}${pad(Math.floor(size / 60))}:${pad(size % 60)}`;
}
