// Since when a new full is due, and who makes backups in turn with whom: by what the store lists alone.
import { describe, expect, test } from 'vitest';
import type { CatalogueEntry } from '../../../lib/backup/catalogue.ts';
import { standingOf } from '../../../lib/backup/full-due.ts';
import type { StoredObject } from '../../../lib/backup/stored-part.ts';
import { newestTurn } from '../../../lib/backup/taking-turns.ts';
import { exampleManifest, type SqliteManifest } from './examples.ts';
import { entriesOf, pagesManifest, pagesName } from './pages-examples.ts';

/** A full of 1000 pages and 1000 bytes on the first of the month, and an increment a day of so many bytes each. */
function month(days: number, incrementBytes: number, changes: (day: number) => number = () => 10) {
  const full = ofBytes(pagesManifest(stamp(1), 0, undefined, { changedPages: 1000 }), 1000);
  const increments = Array.from({ length: days }, (_, index) =>
    ofBytes(
      pagesManifest(stamp(index + 2), index + 1, full, { changedPages: changes(index + 2) }),
      incrementBytes,
      full,
    ),
  );
  return [full, ...increments];
}

/** The same in one object of that size, on `full`, which is known by other bytes now. */
function ofBytes(manifest: SqliteManifest, sizeBytes: number, full?: SqliteManifest): SqliteManifest {
  const { backup, stored } = manifest;
  if (stored === undefined) return manifest;
  const [object] = stored.objects as [StoredObject];
  const link = full && pagesManifest(stamp(2), 1, full).stored?.pages?.full;
  const pages = stored.pages && { ...stored.pages, ...(link && { full: link, base: link }) };
  return { ...manifest, backup, stored: { ...stored, objects: [{ ...object, sizeBytes }], pages } };
}

const stamp = (day: number, month = '11') => `2026${month}${String(day).padStart(2, '0')}T020000Z`;
const on = (day: number, month = 11) => new Date(Date.UTC(2026, month - 1, day, 2));
const standing = (entries: readonly CatalogueEntry[], full: 'when-due' | 'weekly' | 'monthly' = 'when-due') =>
  standingOf(entries, { policy: { full }, timeZone: 'UTC' });

describe('a new full', () => {
  test('is not due while increments are cheap', () => {
    expect(standing(entriesOf(month(20, 25)))).toEqual({
      full: { name: pagesName(stamp(1)), takenAt: on(1), storedBytes: 1000 },
      increments: { count: 20, storedBytes: 500 },
      due: undefined,
    });
  });

  test.each<[string, CatalogueEntry[], 'when-due' | 'weekly' | 'monthly', Date, RegExp]>([
    [
      'with the first increment after they cost more than half of it',
      entriesOf(month(25, 101)),
      ...(['when-due', on(7), /cost more than half/] as const),
    ],
    [
      'with the first increment of another week',
      entriesOf(month(20, 1)),
      ...(['weekly', on(2), /each week/] as const),
    ],
    [
      'with the first increment of another month',
      entriesOf([
        ...month(3, 1),
        ofBytes(pagesManifest(stamp(1, '12'), 9, month(0, 0)[0]), 1, month(0, 0)[0]),
      ]),
      ...(['monthly', on(1, 12), /month/] as const),
    ],
    [
      'with an increment of more than half of its pages',
      entriesOf(month(5, 1, (day) => (day === 4 ? 501 : 500))),
      ...(['when-due', on(4), /more than half of its pages/] as const),
    ],
  ])('is due %s', (_, entries, policy, since, why) => {
    const { due } = standing(entries, policy);
    expect(due?.since).toEqual(since);
    expect(due?.why).toMatch(why);
  });

  test('that stands makes none due: what was made on the one before counts no more', () => {
    const next = pagesManifest(stamp(28), 0, undefined, { series: '6'.repeat(32) });
    const entries = entriesOf([...month(25, 101), next]);
    expect(standing(entries)).toMatchObject({ full: { name: next.backup }, due: undefined });
  });

  test.each<[string, CatalogueEntry[]]>([
    ['nothing', []],
    ['plain backups alone', entriesOf([exampleManifest()])],
    ['a full that is suspect', entriesOf([{ ...pagesManifest(stamp(1), 0), suspect: ['it shrank'] }])],
    ['a full whose object is gone', entriesOf(month(2, 1), { without: [pagesName(stamp(1))] })],
  ])('cannot be built on %s', (_, entries) => {
    expect(standing(entries).full).toBeUndefined();
  });
});

describe('two machines', () => {
  const made = (hour: number, changes: Partial<SqliteManifest> = {}): SqliteManifest =>
    exampleManifest({
      backup: `backups/ctv/ctv-20261120T${String(hour).padStart(2, '0')}0000Z.db`,
      takenAt: new Date(Date.UTC(2026, 10, 20, hour)),
      ...changes,
    });
  const other = { host: 'laptop' };
  const hour = (at: number) => new Date(Date.UTC(2026, 10, 20, at));
  const turnOf = (manifests: readonly SqliteManifest[], since = hour(0)) =>
    newestTurn(entriesOf(manifests), since);

  test('that make backups in turn are told from one that took over', () => {
    expect(turnOf([made(1), made(2), made(3)])).toBeUndefined();
    expect(turnOf([made(1), made(2, other), made(3, other)])).toBeUndefined();
    expect(turnOf([made(1), made(2, other), made(3)])).toMatchObject({
      at: hour(3),
      other: { host: 'laptop', name: made(2).backup },
      back: { host: 'pi5', name: made(3).backup },
    });
  });

  test('are named by the newest of many turns, and forgotten with time', () => {
    const many = [made(1), made(2, other), made(3), made(4, other)];
    expect(turnOf(many)?.at).toEqual(hour(4));
    expect(turnOf(many, hour(5))).toBeUndefined();
  });

  test('are none where the one that is back was made the live one after the other', () => {
    const back = (promotedAt: Date) => made(3, { promotedAt });
    expect(turnOf([made(1), made(2, other), back(new Date(hour(2).getTime() + 1))])).toBeUndefined();
    expect(turnOf([made(1), made(2, other), back(hour(1))])).toBeDefined();
  });

  test('are not seen by a clock that was not set', () => {
    expect(turnOf([made(1), made(2, { ...other, clock: 'unsynchronised' }), made(3)])).toBeUndefined();
  });

  test('of one name are known by their series, and a full that took days to be sent is none', () => {
    const at = (text: number) => `20261120T${String(text).padStart(2, '0')}0000Z`;
    const [one, two] = [
      pagesManifest(at(1), 0),
      pagesManifest(at(2), 0, undefined, { series: '6'.repeat(32) }),
    ];
    const ofOne = (text: number) => pagesManifest(at(text), text, one);
    const ofTwo = (text: number) => pagesManifest(at(text), text, two, { series: '6'.repeat(32) });
    expect(turnOf([one, two, ofOne(3), ofOne(4), ofTwo(5), ofTwo(6)])).toBeUndefined();
    expect(turnOf([one, two, ofOne(3), ofTwo(4), ofOne(5)])).toMatchObject({
      at: hour(5),
      other: { name: pagesName(at(4)) },
      back: { name: pagesName(at(5)), host: 'pi5' },
    });
  });
});
