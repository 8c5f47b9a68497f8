import { expect, test } from 'vitest';
import {
  intentName,
  isStagingName,
  stagingPrefix,
  undoName,
  undoOrder,
} from '../../../lib/placement/names.ts';

const target = 'production.db';
const madeAt = new Date('2026-11-20T02:05:13.987Z');

test('everything lies beside the database, under its name', () => {
  expect(intentName(target)).toBe('.production.db.restore.json');
  expect(stagingPrefix(target)).toBe('.production.db.restore-');
  expect(undoName(target, madeAt, 1)).toBe('production.db.undo-20261120T020513Z');
  expect(undoName(target, madeAt, 3)).toBe('production.db.undo-20261120T020513Z-3');
});

test.each([
  ['.production.db.restore-aB3xYz', true],
  ['.production.db.restore.json', false],
  ['.production.db.restore-aB3xYz.old', false],
  ['.production.db.restore-../..', false],
  ['.other.db.restore-aB3xYz', false],
  ['x.production.db.restore-aB3xYz', false],
])('%s as the name of a staging directory: %s', (name, expected) => {
  expect(isStagingName(target, name)).toBe(expected);
});

test.each([
  ['production.db.undo-20261120T020513Z', { stamp: '20261120T020513Z', ordinal: 1 }],
  ['production.db.undo-20261120T020513Z-12', { stamp: '20261120T020513Z', ordinal: 12 }],
  ['production.db.undo-20261120T020513Z-0', undefined],
  ['production.db.undo-20261120', undefined],
  ['production.db.undo-20261120T020513Z/..', undefined],
  ['productionXdb.undo-20261120T020513Z', undefined],
])('%s as the name of an undo set', (name, expected) => {
  expect(undoOrder(target, name)).toEqual(expected);
});
