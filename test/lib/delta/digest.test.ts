import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rowHash, rowHashText } from '../../../lib/delta/canonical.ts';
import type { Cell } from '../../../lib/delta/cell.ts';
import { DigestSum, emptyDigest, mergeDigests, sameDigest } from '../../../lib/delta/digest.ts';

const cell: fc.Arbitrary<Cell> = fc.oneof(
  fc.constant(null),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.double({ noNaN: true }),
  fc.string({ unit: 'grapheme' }),
  fc.uint8Array({ maxLength: 20 }),
  fc.uint8Array({ maxLength: 9 }).map((text) => ({ text })),
);
const row = fc.array(cell, { maxLength: 6 });
const rows = fc.array(row, { maxLength: 30 });

function digestOf(cells: readonly (readonly Cell[])[]) {
  const sum = new DigestSum();
  for (const each of cells) sum.add(rowHashText(each));
  return sum.digest();
}

/** The same bytes, put together in the plainest way. */
function plainHash(cells: readonly Cell[]): string {
  const parts = cells.map((each) => {
    if (each === null) return ['n', Buffer.alloc(0)] as const;
    if (typeof each === 'bigint') return ['i', Buffer.from(String(each))] as const;
    if (typeof each === 'string') return ['t', Buffer.from(each)] as const;
    if (typeof each === 'number') {
      const bytes = Buffer.alloc(8);
      bytes.writeDoubleBE(each === 0 ? 0 : each);
      return ['r', bytes] as const;
    }
    return each instanceof Uint8Array ? (['b', each] as const) : (['t', each.text] as const);
  });
  const bytes = Buffer.concat(parts.flatMap(([tag, own]) => [Buffer.from(`${tag}${own.length}:`), own]));
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16);
}

describe('the hash of a row', () => {
  it('is that of its canonical bytes', () => {
    fc.assert(
      fc.property(row, (cells) => {
        expect(rowHashText(cells)).toBe(plainHash(cells));
        expect(rowHash(cells)).toBe(BigInt(`0x${plainHash(cells)}`));
      }),
    );
  });

  it.each([
    ['text beyond the usual', ['x'.repeat(200_000), 'ä'.repeat(70_000)]],
    ['bytes beyond what is kept', [new Uint8Array(5_000_000).fill(7), 1n]],
    ['the one after it', ['small', 2n]],
    ['many small values', Array.from({ length: 2000 }, (_, index) => BigInt(index) * 10n ** 14n)],
  ] as [string, Cell[]][])('is the same for %s', (_, cells) => {
    expect(rowHashText(cells)).toBe(plainHash(cells));
  });

  it('tells the classes of a value apart', () => {
    const alike: Cell[] = [1n, 1, '1', Buffer.from('1'), null, '', new Uint8Array(0), 0n, 0, '0'];
    expect(new Set(alike.map((each) => rowHashText([each]))).size).toBe(alike.length);
    expect(rowHashText([-0])).toBe(rowHashText([0]));
    expect(rowHashText(['a', 'b'])).not.toBe(rowHashText(['ab', '']));
  });
});

describe('a digest', () => {
  it('does not know the order of rows', () => {
    fc.assert(
      fc.property(rows, fc.infiniteStream(fc.nat()), (cells, random) => {
        const shuffled = cells
          .map((each) => [random.next().value as number, each] as const)
          .sort(([one], [other]) => one - other)
          .map(([, each]) => each);
        expect(digestOf(shuffled)).toEqual(digestOf(cells));
      }),
    );
  });

  it('is what bigints would make of it', () => {
    fc.assert(
      fc.property(rows, (cells) => {
        const hashes = cells.map(rowHash);
        const text = (value: bigint) => BigInt.asUintN(64, value).toString(16).padStart(16, '0');
        expect(digestOf(cells)).toEqual({
          rows: cells.length,
          sum: text(hashes.reduce((total, each) => total + each, 0n)),
          xor: text(hashes.reduce((total, each) => total ^ each, 0n)),
        });
      }),
    );
  });

  it('of the parts is that of the whole, however it is split', () => {
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 3 }), (cells, digits) => {
        const parts = Map.groupBy(cells, (each) => rowHashText(each.slice(0, 1)).slice(0, digits));
        expect(mergeDigests([...parts.values()].map(digestOf))).toEqual(digestOf(cells));
      }),
    );
  });

  it('sees what an exclusive or or a sum alone would not', () => {
    const [one, other]: [Cell[], Cell[]] = [[1n], [2n]];
    expect(sameDigest(digestOf([one, one]), digestOf([other, other]))).toBe(false);
    expect(sameDigest(digestOf([one, one]), emptyDigest)).toBe(false);
    expect(sameDigest(digestOf([one, one, one]), digestOf([one]))).toBe(false);
  });

  it('differs where a row does', () => {
    fc.assert(
      fc.property(rows, row, (cells, another) => {
        expect(sameDigest(digestOf([...cells, another]), digestOf(cells))).toBe(false);
      }),
    );
  });
});
