// What a backup in pages is based on: every way in which a link can be missing or a lie, and that no set of manifests
// keeps the judgement from ending.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CatalogueEntry } from '../../../lib/backup/catalogue.ts';
import { chainOf, judgeChains } from '../../../lib/backup/chain.ts';
import { OpsError } from '../../../lib/base/errors.ts';
import { type SqliteManifest } from './examples.ts';
import { entriesOf, linkTo, pagesManifest, pagesName } from './pages-examples.ts';

const full = pagesManifest('20261101T020000Z', 0);
const day = pagesManifest('20261102T020000Z', 1, full);
const hour = pagesManifest('20261102T030000Z', 2, day);
const sound = [full, day, hour];

function stateOf(name: string, entries: readonly CatalogueEntry[]) {
  const entry = entries.find((other) => other.name === name);
  return (
    entry && { state: entry.state, problem: entry.problem, isBad: entry.isBad, brokenBy: entry.brokenBy }
  );
}

describe('a series', () => {
  test('that is all there is proven, and each chain begins with the full', () => {
    const entries = entriesOf(sound);
    expect(entries.map(({ state }) => state)).toEqual(['proven', 'proven', 'proven']);
    const names = (of: SqliteManifest) =>
      chainOf(
        entries.find(({ name }) => name === of.backup)!,
        entries,
      ).map(({ name }) => name);
    expect(names(full)).toEqual([full.backup]);
    expect(names(day)).toEqual([full.backup, day.backup]);
    expect(names(hour)).toEqual([full.backup, day.backup, hour.backup]);
  });

  test('of which the clock was wrong when one was made is whole all the same', () => {
    const late = pagesManifest('20360101T000000Z', 3, full);
    const early = pagesManifest('19700101T000000Z', 4, late);
    const entries = entriesOf([...sound, late, early], { now: new Date('2026-11-20T00:00:00Z') });
    expect(stateOf(early.backup, entries)?.state).toBe('proven');
    expect(stateOf(late.backup, entries)?.state).toBe('future');
  });

  test('of which one is suspect still restores', () => {
    const suspect = pagesManifest('20261103T020000Z', 3, full, {}, { suspect: ['rows are gone'] });
    const entries = entriesOf([full, suspect, pagesManifest('20261103T030000Z', 4, suspect)]);
    expect(entries.map(({ state }) => state)).toEqual(['proven', 'suspect', 'proven']);
  });
});

const other = linkTo(pagesManifest('20261101T020000Z', 7));
const unknown = pagesManifest('20250101T020000Z', 0);

describe('an increment is damaged', () => {
  const base = pagesName('20261102T020000Z');
  const lying = (part: Parameters<typeof pagesManifest>[3], changes = {}) => [
    full,
    day,
    pagesManifest('20261102T030000Z', 2, day, part, changes),
  ];

  test.each<[string, CatalogueEntry[], string, string | undefined]>([
    ['without its base', entriesOf([full, hour]), `its base ${base} is not in the store`, base],
    [
      'without the full',
      entriesOf([day, hour]),
      `its base ${base} cannot be restored: its base ${full.backup} is not in the store`,
      full.backup,
    ],
    [
      'when the data of its base is gone',
      entriesOf(sound, { without: [base] }),
      `the data of its base ${base} is gone from the store`,
      base,
    ],
    [
      'when its base has no manifest',
      entriesOf(sound, { without: [base.replace('.pages', '.pages.json')] }),
      `its base ${base} is unfinished`,
      base,
    ],
    [
      'when its base is a plain file',
      entriesOf([full, pagesManifest('20261102T030000Z', 2, full, { base: link('x.db') })], {
        also: [{ name: 'backups/ctv/x.db', sizeBytes: 1, modifiedAt: new Date(0) }],
      }),
      'its base backups/ctv/x.db is no backup of this app',
      'backups/ctv/x.db',
    ],
    [
      'when its base is of another app',
      entriesOf([full, { ...day, app: 'other' }, hour]),
      `its base ${base} is damaged: its manifest says that it is of the app other`,
      base,
    ],
    [
      'when its base has other bytes by now',
      entriesOf(lying({ base: { name: base, id: other.id } })),
      `its base ${base} is not the backup that had this name when it was made`,
      undefined,
    ],
    [
      'of another series than its base',
      entriesOf(lying({ series: '6'.repeat(32) })),
      `its base ${base} is of another series`,
      undefined,
    ],
    ['two levels above its base', entriesOf(lying({ level: 3 })), 'it is of level 3', undefined],
    ['of the level of its base', entriesOf(lying({ level: 1 })), 'it is of level 1', undefined],
    ['that is not later than its base', entriesOf(lying({ sequence: 1 })), 'must be the earlier', undefined],
    [
      'on another full than its base',
      entriesOf(lying({ full: linkTo(unknown) })),
      `its base ${base} is on another full than it says`,
      undefined,
    ],
    [
      'on a full of another identity than its base',
      entriesOf(lying({ full: { name: full.backup, id: other.id } })),
      `its base ${base} is on another full than it says`,
      undefined,
    ],
    [
      'with pages of another size than its base',
      entriesOf(lying({}, { pageSize: 8192, pageCount: 500 })),
      `it has pages of 8192 bytes, and its base ${base} of 4096`,
      undefined,
    ],
  ])('%s', (_, entries, problem, brokenBy) => {
    const found = stateOf(hour.backup, entries);
    expect(found).toMatchObject({ state: 'damaged', isBad: true, brokenBy });
    expect(found?.problem).toContain(problem);
    const entry = entries.find(({ name }) => name === hour.backup)!;
    // What was found bad is for who reads it: a wrong verdict must not keep anybody from trying.
    if (problem.includes('of the app other')) return;
    const thrown = catchError(() => chainOf(entry, entries));
    expect(thrown).toBeInstanceOf(OpsError);
    expect(thrown).toMatchObject({ kind: 'damaged' });
    expect((thrown as Error).message).toContain(`cannot put ${hour.backup} together: `);
  });

  test('when its manifest is that of a plain file, and a plain file when its manifest is in pages', () => {
    const { stored, ...bare } = day;
    const name = day.backup.replace('.pages', '.db');
    const objects = [{ ...stored!.objects[0]!, name }];
    const entries = entriesOf([
      full,
      { ...bare, backup: pagesName('20261105T020000Z') },
      { ...day, backup: name, stored: { ...stored!, objects } },
    ]);
    expect(entries.map(({ problem }) => problem)).toEqual([
      'its manifest says that it is in pages, its name does not',
      'its name says that it is in pages, its manifest does not',
      undefined,
    ]);
  });

  test('when what it is based on was found bad, and can be tried all the same', () => {
    const entries = judgeChains(
      entriesOf(sound).map((entry) =>
        entry.name === full.backup ? { ...entry, state: 'damaged', isBad: true, problem: 'torn' } : entry,
      ),
    );
    expect(stateOf(hour.backup, entries)).toEqual({
      state: 'damaged',
      isBad: true,
      problem: `its base ${base} cannot be restored: its base ${full.backup} is damaged: torn`,
      brokenBy: full.backup,
    });
    const entry = entries.find(({ name }) => name === hour.backup)!;
    expect(chainOf(entry, entries).map(({ name }) => name)).toEqual(sound.map(({ backup }) => backup));
  });
});

function link(file: string) {
  return { name: `backups/ctv/${file}`, id: '0'.repeat(64) };
}

function catchError(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    return error;
  }
}

const faults = ['gone', 'id', 'series', 'level', 'sequence', 'full', 'circle'] as const;
type Fault = (typeof faults)[number];

/** A backup that is based on the one with the number `on`, unless that is beyond the last before it, or deep enough. */
interface Claim {
  on: number;
  fault: Fault | undefined;
}

/** A series of random shape in which some manifests lie, and which of them cannot be restored for that. */
function randomSeries(claims: readonly Claim[]) {
  const [made, broken]: [SqliteManifest[], boolean[]] = [[], []];
  const stampOf = (index: number) => `202611${String(index + 1).padStart(2, '0')}T020000Z`;
  claims.forEach(({ on, fault }, index) => {
    const below = made[on];
    const isFull = below === undefined || below.stored!.pages!.level >= 3;
    // The identity hangs on the objects alone, so those that come later can be named before they are made.
    const lies: Record<Fault, Parameters<typeof pagesManifest>[3]> = {
      gone: {},
      id: { base: { name: below?.backup ?? '', id: other.id } },
      series: { series: '6'.repeat(32) },
      level: { level: (below?.stored?.pages?.level ?? 0) + 2 },
      sequence: { sequence: below?.stored?.pages?.sequence ?? 0 },
      full: { full: other },
      circle: { base: linkTo(pagesManifest(stampOf(claims.length - 1), claims.length - 1)) },
    };
    const lie = isFull || fault === undefined ? {} : lies[fault];
    const sequence = isFull ? 0 : index;
    made.push(pagesManifest(stampOf(index), sequence, isFull ? undefined : below, lie));
    broken.push(
      !isFull && (broken[on]! || claims[on]?.fault === 'gone' || (fault !== undefined && fault !== 'gone')),
    );
  });
  const isThere = (_: unknown, index: number) => claims[index]?.fault !== 'gone';
  const there = made.filter(isThere);
  return { entries: entriesOf(there), sound: there.filter((_, index) => !broken.filter(isThere)[index]) };
}

describe('whatever manifests say', () => {
  const fault = fc.constantFrom(...faults, ...Array.from({ length: 40 }, () => undefined));
  const claims = fc.array(fc.record({ on: fc.nat({ max: 8 }), fault }), { minLength: 1, maxLength: 16 });

  test('exactly those are damaged that cannot be put together, and it ends', () => {
    let [whole, torn] = [0, 0];
    fc.assert(
      fc.property(claims, (random) => {
        const { entries, sound } = randomSeries(random);
        const standing = entries.filter(({ state }) => state === 'proven').map(({ name }) => name);
        expect(standing.toSorted()).toEqual(sound.map(({ backup }) => backup).toSorted());
        for (const entry of entries) {
          const chain = entry.state === 'proven' ? chainOf(entry, entries) : undefined;
          if (chain === undefined) expect(catchError(() => chainOf(entry, entries))).toBeInstanceOf(OpsError);
          else chain.forEach(({ manifest }, level) => expect(manifest?.stored?.pages?.level).toBe(level));
          if (chain === undefined) torn += 1;
          else if (chain.length > 2) whole += 1;
        }
      }),
      { seed: 16, numRuns: 300 },
    );
    expect(Math.min(whole, torn)).toBeGreaterThan(100);
  });

  test('a circle of bases is damaged, and nothing else is', () => {
    const [first, a, b] = ['01', '02', '03'].map((date) => `202611${date}T020000Z`) as [
      string,
      string,
      string,
    ];
    const [toA, toB] = [linkTo(pagesManifest(a, 1)), linkTo(pagesManifest(b, 2))];
    const entries = entriesOf([
      pagesManifest(first, 0),
      pagesManifest(a, 1, undefined, { level: 2, base: toB, full: linkTo(full) }),
      pagesManifest(b, 2, undefined, { level: 1, base: toA, full: toA }),
    ]);
    expect(entries.map(({ state }) => state)).toEqual(['damaged', 'damaged', 'proven']);
  });
});
