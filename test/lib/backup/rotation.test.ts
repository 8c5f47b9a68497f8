// Which backup is drilled next.
import { describe, expect, test } from 'vitest';
import { nextDrill } from '../../../lib/backup/rotation.ts';

const day = (number: number) => new Date(Date.UTC(2026, 10, number));
const backups = [1, 2, 3].map((number) => ({ name: `backup-${number}`, takenAt: day(number) }));

describe('the next drill', () => {
  test.each<[string, [string, number][], string]>([
    ['is of the newest when nothing was drilled', [], 'backup-3'],
    ['is of the newest that was not drilled', [['backup-3', 4]], 'backup-2'],
    [
      'is of the newest again as soon as there is a newer one',
      [
        ['backup-2', 9],
        ['backup-1', 8],
      ],
      'backup-3',
    ],
    [
      'fills the gap before it repeats',
      [
        ['backup-3', 4],
        ['backup-1', 5],
      ],
      'backup-2',
    ],
    [
      'is of the one drilled longest ago when all were',
      [
        ['backup-3', 6],
        ['backup-2', 5],
        ['backup-1', 7],
      ],
      'backup-2',
    ],
    [
      'counts the last drill of each, in whatever order they come',
      [
        ['backup-2', 9],
        ['backup-3', 6],
        ['backup-2', 5],
        ['backup-1', 7],
      ],
      'backup-3',
    ],
    [
      'is of the newer one when two were drilled at once',
      [
        ['backup-3', 6],
        ['backup-2', 5],
        ['backup-1', 5],
      ],
      'backup-2',
    ],
    ['does not mind drills of backups that are gone', [['backup-0', 4]], 'backup-3'],
  ])('%s', (_, drills, expected) => {
    const passed = drills.map(([name, number]) => ({ name, at: day(number) }));
    expect(nextDrill(backups, passed)).toBe(expected);
    expect(nextDrill(backups.toReversed(), passed)).toBe(expected);
  });

  test('is of none when there is no backup', () => {
    expect(nextDrill([], [{ name: 'backup-1', at: day(1) }])).toBeUndefined();
  });

  test('comes round to every backup', () => {
    const drills: { name: string; at: Date }[] = [];
    for (let number = 10; number < 16; number += 1) {
      drills.push({ name: nextDrill(backups, drills) ?? '', at: day(number) });
    }
    expect(drills.map(({ name }) => name)).toEqual([
      'backup-3',
      'backup-2',
      'backup-1',
      'backup-3',
      'backup-2',
      'backup-1',
    ]);
  });
});
