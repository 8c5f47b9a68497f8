// What retention may never do to backups that are based on each other, on random series, clocks and accidents.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dependentsFirst } from '../../../lib/backup/kept-bases.ts';
import { formatByName } from '../../../lib/backup/name.ts';
import { newestFirst } from '../../../lib/backup/order.ts';
import { type RetentionCandidate, retentionPlan } from '../../../lib/backup/retention.ts';
import type { RetentionPolicy, RetentionQuestion } from '../../../lib/backup/retention.ts';

const hourMs = 3_600_000;
const seed = 16;

function sixTimes<Item>(items: Item[]): Item[] {
  return Array.from({ length: 6 }, () => items).flat();
}

/** One backup: how long after the one before by the clock, which may go back, on which, and what is known of it. */
const made = fc.record({
  laterMs: fc.constantFrom(
    ...sixTimes([hourMs, 24 * hourMs]),
    40 * 24 * hourMs,
    -9000 * 24 * hourMs,
    9000 * 24 * hourMs,
  ),
  on: fc.option(fc.nat({ max: 30 }), { freq: 5, nil: undefined }),
  kind: fc.constantFrom('pages', 'pages', 'pages', 'plain'),
  fate: fc.constantFrom(...sixTimes(['sound', 'sound']), 'suspect', 'apart', 'unread'),
});
const some = (max: number) => fc.nat({ max });
const policies: fc.Arbitrary<RetentionPolicy> = fc.record({
  ...{
    last: fc.integer({ min: 1, max: 4 }),
    hourly: some(6),
    daily: some(3),
    weekly: some(2),
    monthly: some(2),
  },
});

interface World {
  question: RetentionQuestion;
  /** Every backup there is, up for decision or not. */
  all: RetentionCandidate[];
}

function worldOf(
  history: readonly { laterMs: number; on: number | undefined; kind: string; fate: string }[],
  policy: RetentionPolicy,
  { hasUnread, hasRetired }: { hasUnread: boolean; hasRetired: boolean },
): World {
  const all: RetentionCandidate[] = [];
  const fates = new Map<string, string>();
  let atMs = Date.UTC(2026, 10, 1);
  history.forEach(({ laterMs, on, kind, fate }, index) => {
    atMs += laterMs;
    const name = `b${index}.${kind === 'pages' ? 'pages' : 'db'}`;
    const below = all[on ?? -1]?.name;
    const isOnPages = kind === 'pages' && below !== undefined && formatByName(below) === 'pages';
    fates.set(name, fate === 'unread' && !hasUnread ? 'sound' : fate);
    all.push({
      name,
      takenAt: new Date(atMs),
      suspect: fate === 'suspect',
      base: isOnPages ? below : undefined,
    });
  });
  const of = (...wanted: string[]) => all.filter(({ name }) => wanted.includes(fates.get(name) ?? ''));
  const question = {
    backups: of('sound', 'suspect'),
    others: of('apart'),
    unread: of('unread')
      .filter(({ name }) => formatByName(name) === 'pages')
      .map(({ name }) => name),
    ...(hasRetired ? { formats: ['pages' as const] } : {}),
    ...{
      policy,
      now: new Date(Date.UTC(2027, 0, 1)),
      timeZone: 'Europe/Berlin',
      clock: 'synchronised' as const,
    },
  };
  return { question, all };
}

const worlds = fc
  .tuple(
    fc.array(made, { minLength: 1, maxLength: 40, size: 'max' }),
    policies,
    fc.integer({ min: 0, max: 9 }),
  )
  .map(([history, policy, rare]) =>
    worldOf(history, policy, { hasUnread: rare === 0, hasRetired: rare > 6 }),
  );

/** How often something was removed: a property that never sees a removal says nothing. */
function holds(property: (world: World, removals: string[]) => void): number {
  let removed = 0;
  fc.assert(
    fc.property(worlds, (world) => {
      const { removals } = retentionPlan(world.question);
      removed += removals.length;
      property(world, removals);
    }),
    { seed, numRuns: 250 },
  );
  return removed;
}

describe('over series, retention', () => {
  test('at no time leaves a backup without what it is based on', () => {
    const removed = holds(({ all }, removals) => {
      const there = new Set(all.map(({ name }) => name));
      for (const name of removals) {
        there.delete(name);
        const orphans = all.filter((backup) => there.has(backup.name) && backup.base === name);
        expect(orphans.map((orphan) => orphan.name)).toEqual([]);
      }
    });
    expect(removed).toBeGreaterThan(1000);
  });

  test('keeps the newest proven backup of each format', () => {
    holds(({ question: { backups, now } }, removals) => {
      for (const format of ['plain', 'pages']) {
        const newest = backups
          .filter(({ name, takenAt, suspect }) => formatByName(name) === format && takenAt <= now && !suspect)
          .sort(newestFirst)[0];
        if (newest !== undefined) expect(removals).not.toContain(newest.name);
      }
    });
  });

  test('removes nothing more when it is planned again, and nothing that was kept', () => {
    holds(({ question }, removals) => {
      const backups = question.backups.filter(({ name }) => !removals.includes(name));
      expect(retentionPlan({ ...question, backups }).removals).toEqual([]);
    });
  });

  test('is the same in each format as if there were no other', () => {
    holds(({ question }, removals) => {
      if (question.formats !== undefined) return;
      if (!question.backups.some(({ name }) => formatByName(name) === 'pages')) return;
      const plain = question.backups.filter(({ name }) => formatByName(name) === 'plain');
      const alone = retentionPlan({ ...question, backups: plain, policy: { ...question.policy, hourly: 0 } });
      if (alone.refused !== undefined || retentionPlan(question).refused !== undefined) return;
      if (Object.values({ ...question.policy, hourly: 0 }).every((count) => count === 0)) return;
      expect(removals.filter((name) => formatByName(name) === 'plain')).toEqual(alone.removals);
    });
  });

  test('removes nothing in pages while one cannot be read', () => {
    holds(({ question }, removals) => {
      if (question.unread?.length === 0) return;
      expect(removals.filter((name) => formatByName(name) === 'pages')).toEqual([]);
    });
  });

  test('says of each that stays for others for which', () => {
    let reasons = 0;
    holds(({ question }) => {
      const { decisions, refused } = retentionPlan(question);
      if (refused !== undefined) return;
      const kept = new Set([
        ...decisions.filter(({ keep }) => keep).map(({ name }) => name),
        ...(question.others ?? []).map(({ name }) => name),
      ]);
      for (const { name, reasons: given } of decisions) {
        const on = [...question.backups, ...(question.others ?? [])].filter(
          (other) => other.base === name && kept.has(other.name),
        );
        const said = given.filter((reason) => / based on$/.test(reason) && reason.startsWith('what '));
        expect(said.length).toBe(on.length > 0 ? 1 : 0);
        for (const reason of said) {
          reasons += 1;
          expect(on.some((other) => reason.includes(other.name))).toBe(true);
        }
      }
    });
    expect(reasons).toBeGreaterThan(200);
  });
});

test('the order of removals ends where bases go round in a circle', () => {
  expect(
    dependentsFirst([
      { name: 'a', base: 'b' },
      { name: 'b', base: 'c' },
      { name: 'c', base: 'a' },
    ]).toSorted(),
  ).toEqual(['a', 'b', 'c']);
});

describe('the reasons of a series', () => {
  const at = (text: string) => new Date(`2026-11-${text}:00:00Z`);
  const backups: RetentionCandidate[] = [
    { name: 'f.pages', takenAt: at('01T02'), suspect: false },
    { name: 'd.pages', takenAt: at('19T02'), suspect: false, base: 'f.pages' },
    { name: 'h1.pages', takenAt: at('19T03'), suspect: false, base: 'd.pages' },
    { name: 'h2.pages', takenAt: at('19T04'), suspect: false, base: 'd.pages' },
    { name: 'e.pages', takenAt: at('20T02'), suspect: false, base: 'f.pages' },
    { name: 'night.db', takenAt: at('19T02'), suspect: false },
    { name: 'eve.db', takenAt: at('18T02'), suspect: false },
  ];
  const plan = (policy: Partial<RetentionPolicy>, more: Partial<RetentionQuestion> = {}) =>
    retentionPlan({
      ...{ backups, timeZone: 'UTC', clock: 'synchronised', now: at('20T03') },
      policy: { last: 0, hourly: 0, daily: 0, weekly: 0, monthly: 0, ...policy },
      ...more,
    });
  const said = (...question: Parameters<typeof plan>) =>
    plan(...question).decisions.map(
      ({ name, keep, reasons }) => `${keep ? '+' : '-'} ${name}: ${reasons.join('; ')}`,
    );

  test('name what is based on it, and each format has rules of its own', () => {
    expect(said({ hourly: 2, daily: 1 })).toEqual([
      '+ e.pages: newest proven backup; hourly 2026-11-20T02; daily 2026-11-20',
      '+ h2.pages: hourly 2026-11-19T04',
      '- h1.pages: 2026-11-19T03 is older than the newest 2 hours with a backup; 2026-11-19 is older than the newest 1 days with a backup',
      '+ d.pages: what h2.pages is based on',
      '+ night.db: newest proven backup; daily 2026-11-19',
      '- eve.db: 2026-11-18 is older than the newest 1 days with a backup',
      '+ f.pages: what e.pages and 1 more are based on',
    ]);
    expect(plan({ hourly: 2, daily: 1 }).removals).toEqual(['h1.pages', 'eve.db']);
  });

  test('keep what a backup that is not up for decision is based on', () => {
    const others = [{ name: 'before-upgrade.pages', base: 'h1.pages' }];
    expect(said({ last: 1 }, { others })).toContain('+ h1.pages: what before-upgrade.pages is based on');
    expect(plan({ last: 1 }, { others }).removals).toEqual(['h2.pages', 'eve.db']);
  });

  test('say that one cannot be read', () => {
    expect(said({ last: 1 }, { unread: ['x.pages'] })).toContain(
      '+ h1.pages: nobody can read what x.pages is based on',
    );
    expect(plan({ last: 1 }, { unread: ['x.pages'] }).removals).toEqual(['eve.db']);
  });

  test('of hours are those of plain files where there is nothing else', () => {
    expect(said({ hourly: 1 }, { backups: backups.slice(5) })).toEqual([
      '+ night.db: newest proven backup; hourly 2026-11-19T02',
      '- eve.db: 2026-11-18T02 is older than the newest 1 hours with a backup',
    ]);
  });

  test('of plain files that are no longer made let newer ones in pages take their place', () => {
    const moved = { formats: ['pages'] as const };
    expect(said({ daily: 2 }, moved).slice(-3)).toEqual([
      '+ night.db: newest proven backup in plain',
      '- eve.db: 2026-11-18 is older than the newest 2 days with a backup',
      '+ f.pages: what e.pages and 1 more are based on',
    ]);
    expect(plan({ daily: 3 }, moved).removals).not.toContain('eve.db');
    expect(plan({ daily: 2 }).removals).not.toContain('eve.db');
    expect(plan({ daily: 2 }, { formats: ['plain'] }).removals).toEqual(['h1.pages']);
  });

  test('of hours alone hold for plain files as well: nothing else says which of them stay', () => {
    expect(plan({ hourly: 2 }).removals).toEqual(['h1.pages']);
  });

  test.each([
    ['an hour of refusal is no week', 20, false],
    ['nine days are', 9 * 24, true],
  ])('%s', (_, hours, lasts) => {
    const hourly = Array.from({ length: hours }, (__, index) => ({
      ...{ name: `h${index}.pages`, suspect: false },
      takenAt: new Date(at('01T00').getTime() + index * hourMs),
    }));
    const now = hourly.at(-1)?.takenAt ?? at('01T00');
    expect(plan({ last: 1 }, { backups: hourly, now, clock: 'unsynchronised' }).lasts).toBe(lasts);
  });
});
