// What the next backup in pages is to be: every reason for a full, the levels of days and weeks, and clocks that jump.
import { describe, expect, test } from 'vitest';
import { inFullWindow } from '../../../lib/backup/full-window.ts';
import { usualPages } from '../../../lib/backup/pages-policy.ts';
import { choosePlace, type KnownBase, type PlaceQuestion } from '../../../lib/backup/series.ts';
import type { SeriesState } from '../../../lib/backup/series.ts';
import { storedBytes } from '../../../lib/backup/stored-part.ts';
import type { SqliteManifest } from './examples.ts';
import { entriesOf, linkTo, pagesManifest } from './pages-examples.ts';

const full = pagesManifest('20261101T020000Z', 0);
const day1 = pagesManifest('20261117T020000Z', 1, full);
const hour = pagesManifest('20261117T030000Z', 2, day1);
const day2 = pagesManifest('20261118T020000Z', 3, full);
const window = { weekday: 6, startMinutes: 22 * 60, lengthMs: 8 * 3_600_000 };

/** The state of the machine that made them, whose digests are those of the levels below the last. */
function stateAfter(made: readonly SqliteManifest[], more: Partial<SeriesState> = {}): SeriesState {
  const [first, last] = [made[0]!, made.at(-1)!];
  return {
    series: first.stored!.pages!.series,
    full: { ...linkTo(first), takenAt: first.takenAt, storedBytes: 1_000_000 },
    head: { ...linkTo(last), sequence: last.stored!.pages!.sequence },
    incrementBytes: made.slice(1).reduce((sum, { stored }) => sum + storedBytes(stored!), 0),
    bases: made.filter(({ suspect }) => suspect.length === 0).map(known),
    ...more,
  };
}

function known(manifest: SqliteManifest): KnownBase {
  const { level, sequence } = manifest.stored!.pages!;
  return { ...linkTo(manifest), level, sequence, pageSize: 4096, pageCount: 1000 };
}

/** The question after `made`, all of which lies in the store. */
function asked(made: readonly SqliteManifest[], more: Partial<PlaceQuestion> = {}): PlaceQuestion {
  return {
    entries: entriesOf(made),
    state: stateAfter(made),
    policy: usualPages,
    now: new Date('2026-11-18T03:00:00Z'),
    timeZone: 'UTC',
    pageSize: 4096,
    pageCount: 1000,
    changedOf: () => 10,
    ...more,
  };
}

/** In words: `1 on 20261101T020000Z, number 4`, or `full: why`. */
function place(question: PlaceQuestion): string {
  const chosen = choosePlace(question);
  const due = (why: string | undefined) => (why === undefined ? '' : `, due: ${why}`);
  if (chosen.kind === 'full') return `full: ${chosen.why}${chosen.mayWait ? ' (may wait)' : ''}`;
  const { base, level, sequence, fullDue } = chosen;
  return `${level} on ${/\d{8}T\d{6}Z/.exec(base.name)?.[0]}, number ${sequence}${due(fullDue)}`;
}

describe('an increment', () => {
  const two = [full, day1, hour, day2];
  const week = pagesManifest('20261116T020000Z', 1, full);
  const three = [
    full,
    week,
    pagesManifest('20261117T020000Z', 2, week),
    pagesManifest('20261117T030000Z', 3, week),
  ];
  const at = (now: string) => new Date(now);

  test.each<[string, SqliteManifest[], 1 | 2 | 3, string, string]>([
    ['that is the first on a full', [full], 2, '2026-11-01T03:00:00Z', '1 on 20261101T020000Z, number 1'],
    ['is on the full, of one level', two, 1, '2026-11-18T03:00:00Z', '1 on 20261101T020000Z, number 4'],
    ['is on that of the day, of two', two, 2, '2026-11-18T03:00:00Z', '2 on 20261118T020000Z, number 4'],
    [
      'of a new day is on the full, of two',
      two,
      2,
      '2026-11-19T00:00:00Z',
      '1 on 20261101T020000Z, number 4',
    ],
    [
      'of a new day is on that of the week, of three',
      three,
      3,
      '2026-11-18T02:00:00Z',
      '2 on 20261116T020000Z, number 4',
    ],
    ['is on that of the day, of three', three, 3, '2026-11-17T04:00:00Z', '3 on 20261117T030000Z, number 4'],
    [
      'of a new week is on the full, of three',
      three,
      3,
      '2026-11-23T02:00:00Z',
      '1 on 20261101T020000Z, number 4',
    ],
  ])('%s', (_, made, levels, now, expected) => {
    expect(place(asked(made, { policy: { ...usualPages, levels }, now: at(now) }))).toBe(expected);
  });

  test('belongs to the day of the zone', () => {
    const made = [full, day1];
    const now = at('2026-11-17T23:30:00Z');
    expect(place(asked(made, { now }))).toBe('2 on 20261117T020000Z, number 2');
    expect(place(asked(made, { now, timeZone: 'Europe/Berlin' }))).toBe('1 on 20261101T020000Z, number 2');
  });

  test('is never on a suspect one, and its number is higher all the same', () => {
    const suspect = pagesManifest('20261118T020000Z', 2, full, {}, { suspect: ['rows are gone'] });
    const state = stateAfter([full, day1, suspect], { bases: [full, day1, suspect].map(known) });
    expect(place(asked([full, day1, suspect], { state }))).toBe('1 on 20261101T020000Z, number 3');
  });

  test.each<[string, Partial<PlaceQuestion>]>([
    ['whose digests are lost', { state: stateAfter([full, day1, hour, day2], { bases: [known(full)] }) }],
    ['that the store no longer has', { entries: entriesOf([full, day1, hour]) }],
    ['of which the data is gone', { entries: entriesOf([full, day1, day2], { without: [day2.backup] }) }],
    [
      'that was found bad',
      {
        entries: entriesOf([full, day2]).map((entry) =>
          entry.name === day2.backup ? { ...entry, state: 'damaged' as const } : entry,
        ),
      },
    ],
  ])('is not on one %s, but on the full', (_, more) => {
    expect(place(asked([full, day1, hour, day2], more))).toBe('1 on 20261101T020000Z, number 4');
  });

  test('is not on another of the name of a base, nor on what has another base', () => {
    const question = asked([full, day1, hour], { now: at('2026-11-17T04:00:00Z') });
    expect(place(question)).toBe('2 on 20261117T020000Z, number 3');
    const entries = entriesOf([full, other(day1), hour]);
    expect(place({ ...question, entries })).toBe('1 on 20261101T020000Z, number 3');
    const policy = { ...usualPages, levels: 3 } as const;
    const week = pagesManifest('20261117T033000Z', 3, full);
    const made = [full, day1, hour, week];
    const later = asked(made, { policy, now: at('2026-11-17T04:00:00Z') });
    expect(place(later)).toBe('2 on 20261117T033000Z, number 4');
  });
});

/** Another backup of the same name and place. */
function other(manifest: SqliteManifest): SqliteManifest {
  const stored = manifest.stored!;
  const objects = stored.objects.map((object) => ({ ...object, sha256: '9'.repeat(64) }));
  return { ...manifest, stored: { ...stored, objects } };
}

describe('a full is made', () => {
  const made = [full, day1];
  const ahead = pagesManifest('20261118T010000Z', 2, full);
  const beside = other(day1);
  const allChanged = () => 501;
  const called = `the full of the series, ${full.backup},`;

  test.each<[string, Partial<PlaceQuestion>, string]>([
    ['as the first one', { entries: [], state: undefined }, 'full: it is the first one in pages'],
    [
      'where nothing is known here of what there is',
      { state: undefined },
      'full: nothing is known here of the series that the store holds',
    ],
    [
      'when the digests are lost',
      { state: stateAfter(made, { bases: [] }) },
      `full: the digests of the pages of ${full.backup} are lost`,
    ],
    [
      'when those of the full are',
      { state: stateAfter(made, { bases: [known(day1)] }) },
      `full: the digests of the pages of ${full.backup} are lost`,
    ],
    [
      'when the store has no full',
      { entries: entriesOf([day1]) },
      `full: ${called} is no longer in the store`,
    ],
    [
      'when its data is gone',
      { entries: entriesOf(made, { without: [full.backup] }) },
      `full: ${called} is no longer in the store`,
    ],
    [
      'when it has another',
      { entries: entriesOf([other(full), day1]) },
      `full: ${called} is another backup by now`,
    ],
    [
      'when it has lost the manifest of the full',
      { entries: entriesOf(made, { without: [`${full.backup}.json`] }) },
      `full: ${called} is unfinished in the store: it has no manifest: the run that made it did not finish`,
    ],
    ['when the store is empty', { entries: [] }, `full: ${called} is no longer in the store`],
    [
      'when another machine went on with the series',
      { entries: entriesOf([...made, ahead]) },
      `full: ${ahead.backup} goes on with this series, and was not made from here: another machine writes it, or the state of this one was set back`,
    ],
    [
      'when the last of the series is not ours',
      { entries: entriesOf([full, beside]) },
      `full: ${beside.backup} goes on with this series, and was not made from here: another machine writes it, or the state of this one was set back`,
    ],
    ['when the page size changed', { pageSize: 8192 }, 'full: the page size changed from 4096 to 8192'],
    ['when most pages changed', { changedOf: allChanged }, 'full: more than half of the pages changed'],
    [
      'when most changed since the full',
      { changedOf: ({ level }) => (level === 0 ? 501 : 3), now: new Date('2026-11-17T04:00:00Z') },
      'full: more than half of the pages changed (may wait)',
    ],
    [
      'when increments cost too much',
      { state: stateAfter(made, { incrementBytes: 500_001 }) },
      'full: the increments cost more than half of the full (may wait)',
    ],
    [
      'each week',
      { policy: { ...usualPages, full: 'weekly' } },
      'full: it is the first of a week (may wait)',
    ],
    [
      'each month',
      { policy: { ...usualPages, full: 'monthly' }, now: new Date('2026-12-01T00:00:00Z') },
      'full: it is the first of a month (may wait)',
    ],
  ])('%s', (_, more, expected) => {
    expect(place(asked(made, more))).toBe(expected);
  });

  test.each<[string, Partial<PlaceQuestion>]>([
    ['half of the pages changed', { changedOf: () => 500 }],
    ['the increments cost half of it', { state: stateAfter(made, { incrementBytes: 500_000 }) }],
    ['the month is the same', { policy: { ...usualPages, full: 'monthly' } }],
    [
      'the clock went back for years',
      { policy: { ...usualPages, full: 'monthly' }, now: new Date('2020-01-01T00:00:00Z') },
    ],
    [
      'another series is in the store',
      {
        entries: entriesOf([
          ...made,
          pagesManifest('20261118T010000Z', 0, undefined, { series: '7'.repeat(32) }),
        ]),
      },
    ],
    [
      'others of the series were removed',
      {
        state: stateAfter([
          full,
          pagesManifest('20261116T020000Z', 1, full),
          { ...day1, stored: { ...day1.stored!, pages: { ...day1.stored!.pages!, sequence: 2 } } },
        ]),
        entries: entriesOf([full]),
      },
    ],
  ])('not because %s', (_, more) => {
    expect(place(asked(made, more))).toMatch(/^[12] on /);
  });

  test('when the public keys are others than those of the full, which others of the same keys are not', () => {
    const keys = ['age1first', 'age1second'];
    const asks = (before: string[], recipients: string[]) => {
      const question = asked([full, day1], { recipients });
      const entries = question.entries.map(({ manifest, ...entry }) => {
        const made = manifest!;
        return { ...entry, manifest: { ...made, stored: { ...made.stored!, recipients: before } } };
      });
      return place({ ...question, entries });
    };
    expect(asks(keys, keys.toReversed())).toMatch(/^1 on/);
    for (const others of [keys.slice(1), [...keys, 'age1third'], ['age1first', 'age1other']])
      expect(asks(keys, others)).toBe(
        'full: the public keys that open it are others from this full on (may wait)',
      );
  });

  test('in its window where it may wait, and an increment is made meanwhile', () => {
    const policy = { ...usualPages, full: 'weekly', fullWindow: window } as const;
    expect(place(asked(made, { policy }))).toBe(
      '1 on 20261101T020000Z, number 2, due: it is the first of a week',
    );
    expect(place(asked(made, { policy, changedOf: allChanged }))).toBe(
      'full: more than half of the pages changed',
    );
  });

  test('and what could be made instead is said where there is something', () => {
    const instead = (more: Partial<PlaceQuestion>) => {
      const chosen = choosePlace(asked(made, more));
      return chosen.kind === 'full' ? chosen.instead?.base.name : undefined;
    };
    expect(instead({ changedOf: allChanged })).toBe(full.backup);
    expect(instead({ policy: { ...usualPages, full: 'weekly' } })).toBe(full.backup);
    expect(instead({ state: undefined })).toBeUndefined();
  });
});

describe('a clock that jumps', () => {
  test.each([
    ['back by years', '2019-05-05T05:00:00Z', '20190505T050000Z'],
    ['forward by years', '2036-05-05T05:00:00Z', '20360505T050000Z'],
  ])('%s leaves the series as it is, and again when it is right', (_, wrong, stamp) => {
    const made = [full, day1];
    expect(place(asked(made, { now: new Date(wrong) }))).toBe('1 on 20261101T020000Z, number 2');
    const then = [...made, pagesManifest(stamp, 2, full)];
    const now = new Date('2026-11-17T04:00:00Z');
    const entries = entriesOf(then, { now });
    // The last increment on the full is not of this day, whatever day it says.
    expect(place(asked(then, { now, entries }))).toBe('1 on 20261101T020000Z, number 3');
    const after = [...then, pagesManifest('20261117T040000Z', 3, full)];
    expect(place(asked(after, { now, entries: entriesOf(after, { now }) }))).toBe(
      '2 on 20261117T040000Z, number 4',
    );
  });

  test('while the full was made leaves that one the base of what follows', () => {
    const early = pagesManifest('20360101T020000Z', 0);
    const now = new Date('2026-11-18T03:00:00Z');
    const question = {
      now,
      entries: entriesOf([early], { now }),
      policy: { ...usualPages, full: 'weekly' } as const,
    };
    expect(place(asked([early], question))).toBe('1 on 20360101T020000Z, number 1');
  });
});

describe('the window of fulls', () => {
  const berlin = 'Europe/Berlin';
  test.each<[string, string, string | undefined]>([
    ['before it', '2026-11-21T20:59:59Z', undefined],
    ['as it opens', '2026-11-21T21:00:00Z', '2026-11-22T05:00:00Z'],
    ['after midnight', '2026-11-22T04:59:59Z', '2026-11-22T05:00:00Z'],
    ['as it ends', '2026-11-22T05:00:00Z', undefined],
    ['at that hour of another day', '2026-11-22T21:00:00Z', undefined],
    [
      'in the night in which clocks are set back, of the same length',
      '2026-10-25T03:59:59Z',
      '2026-10-25T04:00:00Z',
    ],
  ])('%s', (_, now, until) => {
    const open = inFullWindow(window, new Date(now), berlin);
    expect(open?.until).toEqual(until === undefined ? undefined : new Date(until));
  });

  test('of every day is that of the day before while that lasts', () => {
    const daily = { ...window, weekday: undefined };
    expect(inFullWindow(daily, new Date('2026-11-24T02:00:00Z'), 'UTC')?.until).toEqual(
      new Date('2026-11-24T06:00:00Z'),
    );
    expect(inFullWindow(daily, new Date('2026-11-24T12:00:00Z'), 'UTC')).toBeUndefined();
  });

  test('of days is open on each of them', () => {
    const long = { weekday: 5, startMinutes: 0, lengthMs: 3 * 86_400_000 };
    expect(inFullWindow(long, new Date('2026-11-22T23:59:00Z'), 'UTC')?.until).toEqual(
      new Date('2026-11-23T00:00:00Z'),
    );
    expect(inFullWindow(long, new Date('2026-11-23T00:00:00Z'), 'UTC')).toBeUndefined();
  });
});
