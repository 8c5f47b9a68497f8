import { describe, expect, test } from 'vitest';
import { didYouMean, nearest } from '../../../lib/base/nearest.ts';

const commands = ['run', 'backup', 'upload', 'list', 'list-backups', 'verify', 'prune'];

describe('what was probably meant', () => {
  test.each([
    ['verfiy', 'verify'],
    ['List', 'list'],
    ['lst', 'list'],
    ['backups', 'backup'],
    ['list-backup', 'list-backups'],
    ['prun', 'prune'],
  ])('%s is %s', (typed, known) => expect(nearest(typed, commands)).toBe(known));

  test.each(['frobnicate', '', 'x', 'uplift-the-whole-thing', 'x'.repeat(100_000)])(
    'of %.20s nothing',
    (typed) => expect(nearest(typed, commands)).toBeUndefined(),
  );

  test('a short name is not meant by just any other short one', () => {
    expect(nearest('zz', ['ab', 'cd'])).toBeUndefined();
  });

  test('is the end of a sentence, or nothing', () => {
    expect(didYouMean('verfiy', commands)).toBe('; did you mean verify?');
    expect(didYouMean('frobnicate', commands)).toBe('');
  });
});
