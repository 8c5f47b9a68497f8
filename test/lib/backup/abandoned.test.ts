// Which objects in pages are of backups that never came to be, and which somebody may still be at work on.
import { expect, test } from 'vitest';
import { abandonedObjects } from '../../../lib/backup/abandoned.ts';
import type { ListedFile } from '../../../lib/backup/catalogue.ts';
import { pagesName, pagesNaming } from './pages-examples.ts';

const now = new Date('2026-11-28T02:00:00Z');
const day = 24 * 3_600_000;
const daysAgo = (days: number) => new Date(now.getTime() - days * day);
const old = '20261101T020000Z';
const name = pagesName(old);
const part = (number: number) => name.replace('.pages', `+${number}.pages`);

/** Files of these names and ages in days, beside one that the store has just received. */
function listing(...files: [string, number][]): ListedFile[] {
  return [...files, ['backups/ctv/ctv-20261128T020000Z.db', 0] as const].map(([file, age]) => ({
    name: file,
    sizeBytes: 10,
    modifiedAt: daysAgo(age),
  }));
}

function swept(
  files: ListedFile[],
  more: { underWay?: string[]; now?: Date; layout?: 'classic' } = {},
): string[] {
  const { underWay = [], layout = 'app' } = more;
  const found = abandonedObjects(
    files,
    { ...pagesNaming, layout },
    {
      underWay: new Set(underWay),
      now: more.now ?? now,
    },
  );
  return found.flatMap(({ objects }) => objects.map((object) => object.name));
}

test('all objects of one go, the first of it missing or not, sealed or not', () => {
  expect(swept(listing([name, 14], [part(2), 20]))).toEqual([name, part(2)]);
  expect(swept(listing([part(2), 14], [part(3), 14]))).toEqual([part(2), part(3)]);
  expect(swept(listing([`${name}.age`, 14], [`${part(2)}.age`, 14]))).toEqual([
    `${name}.age`,
    `${part(2)}.age`,
  ]);
});

test.each<[string, ListedFile[], Parameters<typeof swept>[1]?]>([
  ['that has a manifest', listing([name, 14], [`${name}.json`, 14])],
  ['of which only the data is gone', listing([part(2), 14], [`${name}.json`, 14])],
  ['that is younger', listing([name, 13.9])],
  ['of which one object is younger', listing([name, 20], [part(2), 13])],
  ['whose name is younger than what the store says', listing([pagesName('20261120T020000Z'), 20])],
  ['that this machine is about to finish', listing([name, 14], [part(2), 14]), { underWay: [name] }],
  ['while the clock here is behind', listing([name, 14]), { now: daysAgo(3) }],
  ['while the clock here is years ahead', listing([name, 5]), { now: new Date('2036-01-01T00:00:00Z') }],
  ['that is a plain file', listing([name.replace('.pages', '.db'), 20], ['backups/ctv/mine.db', 20])],
  [
    'of a name that we do not give',
    listing(['backups/ctv/mine.pages', 20], ['backups/ctv/ctv-20261301T020000Z.pages', 20]),
  ],
  ['of another app', listing([name.replaceAll('ctv', 'other'), 20])],
  [
    'in a layout that does not say whose it is',
    listing(['backups/database_backup_20261101_020000.pages', 20]),
    { layout: 'classic' },
  ],
])('nothing goes %s', (_, files, more) => {
  expect(swept(files, more)).toEqual([]);
});

test('an empty listing has none', () => {
  expect(abandonedObjects([], pagesNaming, { underWay: new Set(), now })).toEqual([]);
});
