// Which rows differ, by few questions: found exactly, named with both hashes, and not looked for where they are too many.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Buckets } from '../../../lib/delta/buckets.ts';
import { rowHashText } from '../../../lib/delta/canonical.ts';
import {
  compareBuckets,
  type ComparedSide,
  differingRows,
  idsOf,
  isEqual,
  keyId,
} from '../../../lib/delta/comparison.ts';
import { explain, heldKeys, waitingKeys } from '../../../lib/delta/explained.ts';
import type { HeldChange } from '../../../lib/delta/peer.ts';

type Row = readonly [key: bigint, value: bigint, day: string | null];

function sideOf(rows: readonly Row[]): ComparedSide & { asked: number } {
  const hashOf = ([key, value]: Row) => rowHashText([key, value]);
  return {
    asked: 0,
    digest(queries) {
      this.asked += 1;
      const buckets = new Buckets(queries);
      for (const row of rows)
        buckets.add({ hash: hashOf(row), keyHash: () => rowHashText([row[0]]), day: row[2] });
      return Promise.resolve(buckets.digests());
    },
    keys(queries, limit) {
      this.asked += 1;
      const found = queries.flatMap(({ day, prefix = '' }) =>
        rows
          .filter((row) => (day === undefined || day === row[2]) && rowHashText([row[0]]).startsWith(prefix))
          .slice(0, limit),
      );
      return Promise.resolve(found.map((row) => ({ key: [row[0]], hash: hashOf(row) })));
    },
  };
}

const day = fc.constantFrom('2026-11-26', '2026-11-27', null);
const someRows = fc.uniqueArray(
  fc.tuple(fc.bigInt({ min: 0n, max: 60n }), fc.bigInt({ min: 0n, max: 1n }), day),
  {
    selector: ([key]) => key,
    maxLength: 60,
  },
);

it('finds the very rows that differ, however small the buckets have to be', async () => {
  await fc.assert(
    fc.asyncProperty(someRows, someRows, fc.integer({ min: 1, max: 9 }), async (ours, others, leafRows) => {
      // Rows of both, as they mostly are, and a few of either alone.
      const theirs = [
        ...ours.slice(3),
        ...others.filter(([key]) => ours.every((own) => own[0] !== key)).slice(0, 3),
      ];
      const changed = theirs.map((row, index): Row => (index === 1 ? [row[0], row[1] + 5n, row[2]] : row));
      const [here, there] = [sideOf(ours), sideOf(changed)];
      const compared = await compareBuckets([{ table: 't' }], here, there);
      const found = await differingRows(compared, here, there, { leafRows, leavesMax: 1000 });
      const hashes = (rows: readonly Row[]) =>
        new Map(rows.map((row) => [row[0], rowHashText([row[0], row[1]])]));
      const [left, right] = [hashes(ours), hashes(changed)];
      const expected = [...new Set([...left.keys(), ...right.keys()])]
        .filter((key) => left.get(key) !== right.get(key))
        .map((key) => ({ key: [key], here: left.get(key), there: right.get(key) }));
      const order = (rows: typeof expected) =>
        rows.toSorted((one, other) => Number((one.key[0] ?? 0n) - (other.key[0] ?? 0n)));
      expect(order(found as typeof expected)).toEqual(order(expected));
      expect(compared.every(isEqual)).toBe(expected.length === 0);
    }),
  );
});

it('asks few questions for one row among many', async () => {
  const rows = Array.from({ length: 20_000 }, (_, index): Row => [BigInt(index), 0n, null]);
  const [here, there] = [sideOf(rows), sideOf(rows.with(777, [777n, 1n, null]))];
  const compared = await compareBuckets([{ table: 't' }], here, there);
  expect(await differingRows(compared, here, there)).toHaveLength(1);
  expect(there.asked).toBeLessThanOrEqual(4);
});

it('does not look for rows one by one where most differ', async () => {
  const rows = Array.from({ length: 3000 }, (_, index): Row => [BigInt(index), 0n, null]);
  const [here, there] = [sideOf(rows), sideOf(rows.map(([key]): Row => [key, 1n, null]))];
  const compared = await compareBuckets([{ table: 't' }], here, there);
  expect(await differingRows(compared, here, there, { leafRows: 10, leavesMax: 20 })).toBeUndefined();
});

it('takes away what can be explained, each row by its first reason', () => {
  const row = (key: bigint) => ({ key: [key], here: 'a', there: undefined });
  const held = (table: string, key: bigint) => ({ table, key: [key] }) as unknown as HeldChange;
  const known = {
    waiting: waitingKeys(
      [
        { table: 'Visit', keys: [[1n]] },
        { table: 'other', keys: [[5n]] },
      ],
      'VISIT',
    ),
    held: heldKeys([held('VISIT', 1n), held('visit', 2n), held('other', 5n)], 'VISIT'),
    corrected: idsOf([[3n]]),
    ofOthers: new Set([keyId([4n])]),
  };
  expect(explain([1n, 2n, 3n, 4n, 5n].map(row), known)).toEqual({
    explained: { waiting: 1, held: 1, corrected: 1, 'other-source': 1 },
    left: [row(5n)],
  });
  expect(keyId([1])).not.toBe(keyId([1n]));
});
