// Counts of backups: each is counted once, and what is said adds up.
import { describe, expect, test } from 'vitest';
import { countBackups, countWords } from '../../../lib/backup/counts.ts';

describe('counts of backups', () => {
  test('have each once, whatever its state', () => {
    const entries = [
      ...(['proven', 'suspect', 'damaged', 'unfinished', 'future', 'lost'] as const).map((state) => ({
        state,
      })),
      ...(['proven', 'damaged', 'lost'] as const).map((state) => ({ state, named: true })),
      { state: 'foreign' as const },
      // Of another app, in a folder that both have.
      { state: 'foreign' as const, named: true },
    ];
    expect(countBackups(entries)).toEqual({ retention: 6, named: 3, foreign: 2 });
  });

  test.each([
    [{ retention: 0, named: 0, foreign: 0 }, '0 backups'],
    [{ retention: 1, named: 0, foreign: 0 }, '1 backup'],
    [{ retention: 9, named: 3, foreign: 0 }, '12 backups (9 by retention, 3 named)'],
    [{ retention: 0, named: 3, foreign: 0 }, '3 backups (3 named)'],
    [{ retention: 9, named: 1, foreign: 1 }, '10 backups (9 by retention, 1 named) and 1 foreign file'],
    [{ retention: 1200, named: 0, foreign: 2 }, '1,200 backups and 2 foreign files'],
  ])('%o is said as %s', (counts, words) => {
    expect(countWords(counts)).toBe(words);
  });
});
