import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Buckets, type BucketRow, daysOf, splitQuery } from '../../../lib/delta/buckets.ts';
import { rowHashText } from '../../../lib/delta/canonical.ts';
import { DigestSum, mergeDigests } from '../../../lib/delta/digest.ts';
import type { BucketQuery } from '../../../lib/delta/peer.ts';

const day = fc.constantFrom('2026-11-26', '2026-11-27', null);
const rows = fc.array(fc.record({ key: fc.bigInt({ min: 0n, max: 40n }), value: fc.nat(3), day }), {
  maxLength: 40,
});
const query: fc.Arbitrary<BucketQuery> = fc.record(
  {
    table: fc.constant('t'),
    day,
    prefix: fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), maxLength: 2 }),
  },
  { requiredKeys: ['table'] },
);

const bucketRow = (row: { key: bigint; value: number; day: string | null }): BucketRow => ({
  hash: rowHashText([row.key, BigInt(row.value), row.day]),
  keyHash: () => rowHashText([row.key]),
  day: row.day,
});

function bucketsOf(queries: readonly BucketQuery[], list: readonly BucketRow[]) {
  const buckets = new Buckets(queries);
  for (const each of list) buckets.add(each);
  return buckets.digests();
}

describe('buckets', () => {
  it('hold the rows that their query is about, whatever else is asked for', () => {
    fc.assert(
      fc.property(rows, fc.array(query, { maxLength: 8 }), (list, queries) => {
        const all = list.map(bucketRow);
        const expected = queries.map((each) => {
          const sum = new DigestSum();
          for (const row of all) {
            const isOfDay = each.day === undefined || each.day === row.day;
            if (isOfDay && row.keyHash().startsWith(each.prefix ?? '')) sum.add(row.hash);
          }
          return sum.digest();
        });
        expect(bucketsOf(queries, all)).toEqual(expected);
      }),
    );
  });

  it('fall into parts that are the whole', () => {
    fc.assert(
      fc.property(rows, query, (list, whole) => {
        const all = list.map(bucketRow);
        expect(mergeDigests(bucketsOf(splitQuery(whole), all))).toEqual(bucketsOf([whole], all)[0]);
      }),
    );
  });

  it('ask for no hash of a key that none of them needs', () => {
    const row = {
      ...bucketRow({ key: 1n, value: 1, day: null }),
      keyHash: () => expect.unreachable('nobody needs it'),
    };
    expect(bucketsOf([{ table: 't' }, { table: 't', day: '2026-11-27', prefix: 'a' }], [row])[0]?.rows).toBe(
      1,
    );
  });

  it.each([
    [
      [
        { table: 't', day: null },
        { table: 't', day: '2026-11-27' },
      ],
      new Set([null, '2026-11-27']),
    ],
    [[{ table: 't', day: null }, { table: 't' }], undefined],
  ] as [BucketQuery[], Set<string | null> | undefined][])(
    'say which days they are about',
    (queries, days) => {
      expect(daysOf(queries)).toEqual(days);
    },
  );
});
