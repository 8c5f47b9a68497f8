// What a swap calls databases: told from the name alone, whatever the live one is called.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isNewName, nameProblem, newName, undoName, undoOrder } from '../../../lib/postgres/swap/names.ts';
import { formatUndoRecord, ownComment, parseUndoRecord } from '../../../lib/postgres/swap/undo-record.ts';

const bytesMax = 63;
const names = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: bytesMax }),
  fc.string({ unit: fc.constantFrom('a', '_', '0', 'ü', '€', '🚲', '"'), minLength: 1, maxLength: bytesMax }),
);
const live = names.filter((name) => nameProblem(name) === undefined && name.isWellFormed());
const instants = fc.date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true });

test('names fit, are those of their database and of no other, and say when they were given', () => {
  fc.assert(
    fc.property(live, live, instants, fc.integer({ min: 1, max: 999 }), (own, other, at, ordinal) => {
      const name = undoName(own, at, ordinal);
      const ready = newName(own);
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(bytesMax);
      expect(Buffer.byteLength(ready)).toBeLessThanOrEqual(bytesMax);
      expect(ready).toMatch(/^[a-z0-9_]+$/);
      expect(undoOrder(own, name)?.ordinal).toBe(ordinal);
      expect(undoOrder(own, name)?.madeAt.getTime()).toBe(Math.floor(at.getTime() / 1000) * 1000);
      expect(isNewName(own, ready)).toBe(true);
      if (own === other) return;
      expect(undoOrder(other, name)).toBeUndefined();
      expect(isNewName(other, ready)).toBe(false);
      expect(undoOrder(own, ready) ?? undoOrder(own, own)).toBeUndefined();
    }),
  );
});

test('they do not change: what an older Holdfast made is found', () => {
  const at = new Date('2026-11-20T02:05:13Z');
  expect(undoName('bags', at, 1)).toBe('bags_holdfast_20261120_020513');
  expect(undoName('bags', at, 2)).toBe('bags_holdfast_20261120_020513_2');
  expect(undoName('b'.repeat(35), at, 1)).toBe(`${'b'.repeat(25)}_5a96d6fc_holdfast_20261120_020513`);
  expect(isNewName('bags', 'holdfast_new_8ecbaf607e96e7fb_0123abcd')).toBe(true);
});

test.each([
  'bags_holdfast_20261320_020513',
  'bags_holdfast_20261120_020513_0',
  'bags_holdfast_20261120_020513_x',
  'bags_holdfast_',
  'bags',
])('%s is none', (name) => {
  expect(undoOrder('bags', name)).toBeUndefined();
});

test('a record is read as it was written, and another comment is a comment', () => {
  fc.assert(
    fc.property(
      live,
      fc.string(),
      instants,
      fc.constantFrom('open', 'kept'),
      fc.option(fc.string(), { nil: undefined }),
      (name, replacedBy, madeAt, state, comment) => {
        const record = { live: name, replacedBy, madeAt, state, comment } as const;
        expect(parseUndoRecord(formatUndoRecord(record))).toEqual(record);
        expect(ownComment(formatUndoRecord(record))).toBe(comment);
        expect(ownComment(replacedBy)).toBe(replacedBy);
      },
    ),
  );
  const written =
    '{"format":"holdfast-undo-database","version":1,"live":"bags","replaced_by":"backups/bags/a.dump","made_at":"2026-11-20T02:05:13.000Z","state":"kept","comment":"of people"}';
  const record = {
    live: 'bags',
    replacedBy: 'backups/bags/a.dump',
    madeAt: new Date('2026-11-20T02:05:13Z'),
    state: 'kept',
    comment: 'of people',
  } as const;
  expect(parseUndoRecord(written)).toEqual(record);
  expect(formatUndoRecord(record)).toBe(written);
});
