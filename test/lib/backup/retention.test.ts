// Which backups are kept and which may go, and every reason given.
import { describe, expect, test } from 'vitest';
import { retentionPlan } from '../../../lib/backup/retention.ts';
import type { RetentionPolicy, RetentionQuestion } from '../../../lib/backup/retention.ts';

const nothing: RetentionPolicy = { last: 0, hourly: 0, daily: 0, weekly: 0, monthly: 0 };

/** Backups named by the instant they were taken at; a `?` at the end makes one suspect. */
function backupsAt(instants: readonly string[]): RetentionQuestion['backups'] {
  return instants.map((text) => {
    const name = text.replace('?', '');
    return { name, takenAt: new Date(name), suspect: text.endsWith('?') };
  });
}

function plan(
  instants: readonly string[],
  policy: Partial<RetentionPolicy>,
  more: Partial<RetentionQuestion> = {},
) {
  return retentionPlan({
    backups: backupsAt(instants),
    policy: { ...nothing, ...policy },
    now: new Date('2030-01-01T00:00:00Z'),
    timeZone: 'UTC',
    clock: 'synchronised',
    ...more,
  });
}

function kept(...question: Parameters<typeof plan>): string[] {
  return plan(...question)
    .decisions.filter(({ keep }) => keep)
    .map(({ name }) => name);
}

function reasonsByName(...question: Parameters<typeof plan>): Record<string, string[]> {
  return Object.fromEntries(
    plan(...question).decisions.map(({ name, keep, reasons }) => [`${keep ? '+' : '-'} ${name}`, reasons]),
  );
}

function nights(from: string, count: number): string[] {
  const start = Date.parse(from);
  return Array.from({ length: count }, (_, index) => new Date(start + index * 86_400_000).toISOString());
}

describe('the rules of a policy', () => {
  test('give every reason for each backup, newest first', () => {
    const plan = reasonsByName(
      [
        '2026-11-20T02:00:00Z',
        '2026-11-20T01:00:00Z',
        '2026-11-19T02:00:00Z',
        '2026-11-18T02:00:00Z',
        '2026-11-14T02:00:00Z',
        '2026-11-07T02:00:00Z',
        '2026-10-31T02:00:00Z',
        '2026-09-30T02:00:00Z',
      ].toReversed(),
      { last: 2, daily: 2, weekly: 2, monthly: 2 },
    );
    expect(Object.entries(plan)).toEqual([
      [
        '+ 2026-11-20T02:00:00Z',
        ['newest proven backup', 'last 1 of 2', 'daily 2026-11-20', 'weekly 2026-W47', 'monthly 2026-11'],
      ],
      ['+ 2026-11-20T01:00:00Z', ['last 2 of 2']],
      ['+ 2026-11-19T02:00:00Z', ['daily 2026-11-19']],
      [
        '- 2026-11-18T02:00:00Z',
        [
          'not among the newest 2',
          '2026-11-18 is older than the newest 2 days with a backup',
          'a newer backup stands for 2026-W47',
          'a newer backup stands for 2026-11',
        ],
      ],
      ['+ 2026-11-14T02:00:00Z', ['weekly 2026-W46']],
      [
        '- 2026-11-07T02:00:00Z',
        [
          'not among the newest 2',
          '2026-11-07 is older than the newest 2 days with a backup',
          '2026-W45 is older than the newest 2 weeks with a backup',
          'a newer backup stands for 2026-11',
        ],
      ],
      ['+ 2026-10-31T02:00:00Z', ['monthly 2026-10']],
      [
        '- 2026-09-30T02:00:00Z',
        [
          'not among the newest 2',
          '2026-09-30 is older than the newest 2 days with a backup',
          '2026-W40 is older than the newest 2 weeks with a backup',
          '2026-09 is older than the newest 2 months with a backup',
        ],
      ],
    ]);
  });

  test('that a policy does not have are not spoken of', () => {
    const instants = ['2026-11-20T02:00:00Z', '2026-11-20T01:00:00Z'];
    expect(reasonsByName(instants, { monthly: 1 })['- 2026-11-20T01:00:00Z']).toEqual([
      'a newer backup stands for 2026-11',
    ]);
    expect(reasonsByName(instants, { last: 1 })['- 2026-11-20T01:00:00Z']).toEqual([
      'not among the newest 1',
    ]);
  });

  test('keep the newest of many on one day, and the newest of each day', () => {
    const hours = Array.from(
      { length: 24 },
      (_, hour) => `2026-11-20T${String(hour).padStart(2, '0')}:30:00Z`,
    );
    expect(kept(['2026-11-19T12:00:00Z', ...hours], { daily: 7 })).toEqual([
      '2026-11-20T23:30:00Z',
      '2026-11-19T12:00:00Z',
    ]);
    expect(kept(hours, { last: 3 })).toEqual(hours.slice(-3).reverse());
  });

  test('keep seven of nine nights, as the earlier script did', () => {
    const instants = nights('2026-11-01T02:05:13Z', 9);
    expect(kept(instants, { last: 7 })).toEqual(instants.slice(2).reverse());
  });

  test.each([
    ['none', []],
    ['one', ['2026-11-20T02:00:00Z']],
  ])('keep what there is when there is %s', (_, instants) => {
    for (const policy of [{ last: 1 }, { daily: 1 }, { weekly: 1 }, { monthly: 1 }]) {
      expect(plan(instants, policy).refused).toBeUndefined();
      expect(kept(instants, policy)).toEqual(instants);
    }
  });

  test('let an outage of three months cost nothing that there was', () => {
    const before = nights('2026-05-01T02:00:00Z', 92);
    const policy = { last: 3, daily: 7, weekly: 4, monthly: 6 };
    const survivors = kept(before, policy);
    const after = nights('2026-11-01T02:00:00Z', 1);
    // One new day, week and month take one slot of each kind, and nothing more is lost than that.
    const lost = survivors.filter((name) => !kept([...survivors, ...after], policy).includes(name));
    expect(lost.length).toBeLessThanOrEqual(3);
    expect(kept([...survivors, ...after], policy)).toContain('2026-05-31T02:00:00.000Z');
    expect(kept(survivors, policy, { now: new Date('2040-01-01T00:00:00Z') })).toEqual(survivors);
  });

  test('order backups of the same instant by their names', () => {
    const takenAt = new Date('2026-11-20T02:00:00Z');
    const backups = ['b', 'c', 'a'].map((name) => ({ name, takenAt, suspect: false }));
    expect(kept([], { last: 2 }, { backups })).toEqual(['a', 'b']);
    expect(kept([], { daily: 1 }, { backups: backups.toReversed() })).toEqual(['a']);
  });

  test('do not change the list they are given', () => {
    const backups = Object.freeze(backupsAt(['2026-11-19T02:00:00Z', '2026-11-20T02:00:00Z']));
    expect(plan([], { last: 1 }, { backups }).decisions.map(({ keep }) => keep)).toEqual([true, false]);
  });
});

describe('a calendar day, week and month', () => {
  test.each<[string, string, Partial<RetentionPolicy>, string[], string[]]>([
    [
      'is of 25 hours when Berlin sets its clocks back',
      'Europe/Berlin',
      { daily: 9 },
      ['2026-10-24T21:59:00Z', '2026-10-24T22:01:00Z', '2026-10-25T22:59:00Z', '2026-10-25T23:01:00Z'],
      ['2026-10-25T23:01:00Z', '2026-10-25T22:59:00Z', '2026-10-24T21:59:00Z'],
    ],
    [
      'is of 23 hours when Berlin sets them forward',
      'Europe/Berlin',
      { daily: 9 },
      ['2026-03-28T22:59:00Z', '2026-03-28T23:01:00Z', '2026-03-29T21:59:00Z', '2026-03-29T22:01:00Z'],
      ['2026-03-29T22:01:00Z', '2026-03-29T21:59:00Z', '2026-03-28T22:59:00Z'],
    ],
    [
      'is that of New York there',
      'America/New_York',
      { daily: 9 },
      ['2026-11-01T03:59:00Z', '2026-11-01T04:01:00Z', '2026-11-02T04:59:00Z', '2026-11-02T05:01:00Z'],
      ['2026-11-02T05:01:00Z', '2026-11-02T04:59:00Z', '2026-11-01T03:59:00Z'],
    ],
    [
      'begins fourteen hours before that of UTC on Kiritimati',
      'Pacific/Kiritimati',
      { monthly: 9 },
      ['2026-12-31T09:59:00Z', '2026-12-31T10:01:00Z', '2027-01-31T09:59:00Z'],
      ['2027-01-31T09:59:00Z', '2026-12-31T09:59:00Z'],
    ],
    [
      'may be 29 February',
      'UTC',
      { daily: 2 },
      ['2028-02-28T02:00:00Z', '2028-02-29T02:00:00Z', '2028-03-01T02:00:00Z'],
      ['2028-03-01T02:00:00Z', '2028-02-29T02:00:00Z'],
    ],
    [
      'may be week 53, which goes on in January',
      'UTC',
      { weekly: 9 },
      ['2026-12-27T02:00:00Z', '2026-12-28T02:00:00Z', '2027-01-03T02:00:00Z', '2027-01-04T02:00:00Z'],
      ['2027-01-04T02:00:00Z', '2027-01-03T02:00:00Z', '2026-12-27T02:00:00Z'],
    ],
    [
      'may be week 1, which begins in December',
      'UTC',
      { weekly: 9 },
      ['2024-12-29T02:00:00Z', '2024-12-30T02:00:00Z', '2025-01-05T02:00:00Z'],
      ['2025-01-05T02:00:00Z', '2024-12-29T02:00:00Z'],
    ],
    [
      'of the same number in another year is another one',
      'UTC',
      { weekly: 9, monthly: 9 },
      ['2025-11-20T02:00:00Z', '2026-11-20T02:00:00Z'],
      ['2026-11-20T02:00:00Z', '2025-11-20T02:00:00Z'],
    ],
  ])('%s', (_, timeZone, policy, instants, expected) => {
    expect(kept(instants, policy, { timeZone })).toEqual(expected);
  });
});

describe('a suspect backup', () => {
  const instants = [
    '2026-11-20T02:00:00Z',
    '2026-11-19T02:00:00Z?',
    '2026-11-18T02:00:00Z',
    '2026-11-17T02:00:00Z?',
    '2026-11-16T02:00:00Z',
  ];

  test('is kept while it is among the newest, and takes no slot from a proven one', () => {
    expect(reasonsByName(instants, { last: 2 })).toEqual({
      '+ 2026-11-20T02:00:00Z': ['newest proven backup', 'last 1 of 2'],
      '+ 2026-11-19T02:00:00Z': ['suspect, but among the newest 2'],
      '+ 2026-11-18T02:00:00Z': ['last 2 of 2'],
      '- 2026-11-17T02:00:00Z': ['suspect, and not among the newest 2'],
      '- 2026-11-16T02:00:00Z': ['not among the newest 2'],
    });
  });

  test('stands for no day', () => {
    expect(kept(instants, { daily: 3 })).toEqual([
      '2026-11-20T02:00:00Z',
      '2026-11-18T02:00:00Z',
      '2026-11-16T02:00:00Z',
    ]);
    expect(reasonsByName(instants, { daily: 3 })['- 2026-11-19T02:00:00Z']).toEqual(['suspect']);
  });

  test('that is the newest stops all removal', () => {
    const { refused, decisions } = plan(['2026-11-21T02:00:00Z?', ...instants], { last: 1 });
    expect(refused).toBe('the newest backup, 2026-11-21T02:00:00Z, is suspect');
    expect(decisions.every(({ keep }) => keep)).toBe(true);
    expect(decisions[3]?.reasons).toEqual([`nothing is removed: ${refused}`]);
  });
});

describe('the clock', () => {
  const instants = ['2026-11-18T02:00:00Z', '2026-11-19T02:00:00Z', '2026-11-20T02:00:00Z'];

  test.each<[string, Partial<RetentionQuestion>, Partial<RetentionPolicy>, string | undefined]>([
    ['is synchronised', {}, { last: 1 }, undefined],
    ['is of unknown quality', { clock: 'unknown' }, { last: 1 }, undefined],
    ['is not synchronised', { clock: 'unsynchronised' }, { last: 1 }, 'the clock is not synchronised'],
    ['is behind by an hour', { now: new Date('2026-11-20T01:00:00Z') }, { last: 1 }, undefined],
    ['is right, but the policy keeps nothing', {}, {}, 'the policy keeps nothing'],
  ])('%s', (_, more, policy, refused) => {
    const { decisions, refused: found } = plan(instants, policy, more);
    expect(found).toBe(refused);
    const removed = decisions.filter(({ keep }) => !keep).length;
    expect(removed > 0).toBe(refused === undefined);
    expect(decisions.map(({ name }) => name)).toEqual(instants.toReversed());
  });

  test.each<[string, string[]]>([
    ['ten years ahead for a night', ['2036-11-20T02:00:00Z']],
    ['a day ahead, and the database was emptied', ['2026-11-21T02:00:00Z?']],
    ['ahead for several nights', ['2036-11-20T02:00:00Z', '2036-11-21T02:00:00Z', '2040-01-01T00:00:00Z?']],
  ])('was %s: that is no reason for anything but itself', (_, ahead) => {
    const now = new Date('2026-11-20T02:00:30Z');
    const without = plan(instants, { last: 1 }, { now });
    const found = plan([...instants, ...ahead], { last: 1 }, { now });
    expect(found.refused).toBeUndefined();
    expect(found.decisions.slice(-instants.length)).toEqual(without.decisions);
    expect(found.decisions.slice(0, ahead.length).map(({ keep, reasons }) => [keep, ...reasons])).toEqual(
      ahead.map(() => [true, 'dated in the future']),
    );
  });

  test('began in 1970: nothing that there is may go', () => {
    expect(kept(instants, { last: 1 }, { now: new Date(13_000) })).toEqual(instants.toReversed());
  });

  test('may be a little behind: what is dated in the future is kept and takes no slot', () => {
    expect(reasonsByName(instants, { last: 1 }, { now: new Date('2026-11-20T01:30:00Z') })).toEqual({
      '+ 2026-11-20T02:00:00Z': ['dated in the future'],
      '+ 2026-11-19T02:00:00Z': ['newest proven backup', 'last 1 of 1'],
      '- 2026-11-18T02:00:00Z': ['not among the newest 1'],
    });
    expect(kept(instants, { last: 1 }, { now: new Date('2026-11-20T02:00:00Z') })).toEqual([
      '2026-11-20T02:00:00Z',
    ]);
  });
});

describe('a refusal', () => {
  const clock = 'unsynchronised';
  const [from, last] = ['2026-11-01T02:00:00Z', 7];
  const afterNight = (count: number) =>
    ({ clock, now: new Date(Date.parse(from) + (count - 1) * 86_400_000) }) as const;

  test.each([
    [7, false],
    [8, false],
    [14, false],
    [15, true],
    [40, true],
  ])('after %d nights of which seven are kept lasts: %s', (count, lasts) => {
    expect(plan(nights(from, count), { last }, afterNight(count)).lasts).toBe(lasts);
  });

  test('lasts where a few have waited for a week', () => {
    const instants = nights(from, 8);
    expect(plan(instants, { last }, afterNight(14)).lasts).toBe(false);
    expect(plan(instants, { last }, afterNight(15)).lasts).toBe(true);
  });

  test('that is none does not last', () => {
    expect(plan(nights(from, 40), { last }).lasts).toBe(false);
  });
});

describe('a question that makes no sense', () => {
  test('has two backups of one name', () => {
    expect(() => plan(['2026-11-20T02:00:00Z', '2026-11-20T02:00:00Z'], { last: 1 })).toThrow(
      'two backups have the name 2026-11-20T02:00:00Z',
    );
  });

  test.each([-1, 1.5, NaN, Infinity])('has a policy that keeps %d', (count) => {
    expect(() => plan([], { daily: count })).toThrow(`the policy says daily = ${count}`);
  });
});
