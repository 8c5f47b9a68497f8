// The report: what stands in it, for whom it was made and whatever it was made of.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { columnsOf } from '../../../lib/report/columns.ts';
import type { ReportFacts, RowChangeFacts } from '../../../lib/report/facts.ts';
import { htmlOf, reportMark } from '../../../lib/report/html.ts';
import { reportOf } from '../../../lib/report/report.ts';
import { colours } from '../../../lib/report/style.ts';
import { textColumns, textOf } from '../../../lib/report/text.ts';
import { elements, type HtmlElement, htmlTree, textIn } from '../../support/html-tree.ts';
import {
  check,
  daysAgo,
  emptyFacts,
  hostileTexts,
  pagesApp,
  reportNow,
  withTexts,
  yearFacts,
  yearOf,
  youngFacts,
} from '../../support/report-facts.ts';

const html = (facts: ReportFacts) => htmlOf(reportOf(facts));
const text = (facts: ReportFacts) => textOf(reportOf(facts)).join('\n');
const all = (tree: HtmlElement, name: string) => elements(tree).filter((element) => element.name === name);

const year = yearFacts();
const tree = htmlTree(html(year));

describe('what a person reads first', () => {
  test.each<[string, Partial<ReportFacts>, string, RegExp]>([
    ['all is well', { checks: [check()] }, 'All is well', /1 check, last asked 2 min ago/],
    [
      'one thing is wrong',
      {
        checks: [
          check({ verdict: 'critical', message: 'it is gone', hint: 'look: ls', alarmSince: daysAgo(1) }),
        ],
      },
      'Not all is well: 1 critical',
      /backup-age of ctv[^]*it is gone[^]*What helps: look: ls[^]*since 2026-11-15 11:15 \(12 d ago\)/,
    ],
    [
      'it was seen once, and nobody was told',
      { checks: [check({ verdict: 'warning' })] },
      'Not all is well: 1 warning',
      /12 d ago, not told yet/,
    ],
    [
      'something explains it',
      { checks: [check({ verdict: 'warning', hiddenBy: 'disk-space of /' }), check({ check: 'clock' })] },
      'All is well',
      /backup-age[^]*\(explained by disk-space of \/\)/,
    ],
    [
      'no answer is of today',
      { checks: [check({ at: daysAgo(3) })] },
      'It is not known whether all is well: 1 unknown',
      /the checks were not asked for 3 d: what they say is how it was then[^]*health-check\.timer/,
    ],
    [
      'some answers are old',
      { checks: [check(), check({ subject: 'shop', at: daysAgo(1) })] },
      'It is not known whether all is well: 1 unknown',
      /1 of 2 checks have no answer of the last 1 d/,
    ],
    [
      'an answer is of tomorrow',
      { checks: [check({ at: daysAgo(-1) })] },
      'It is not known whether all is well: 1 unknown',
      /the checks were not asked for 1 d/,
    ],
    [
      'nobody ever asked',
      {},
      'It is not known whether all is well: 1 unknown',
      /no check was asked yet[^]*No app with a database is configured here/,
    ],
    [
      'an app has no backup, which no check has told',
      {
        checks: [check({ subject: 'other' })],
        apps: [{ ...yearOf('ctv', { sizeBytes: 1, hour: 2 }), newest: undefined }],
      },
      'Not all is well: 1 critical',
      /there is no proven backup[^]*db-backup run --app ctv/,
    ],
  ])('%s', (_, given, answer, said) => {
    const facts = { ...emptyFacts, ...given };
    const page = htmlTree(html(facts));
    expect(all(page, 'h1').map(textIn)).toEqual([answer]);
    expect(textIn(page)).toMatch(said);
    expect(text(facts).split('\n')[0]).toBe(answer);
    expect(text(facts).replace(/\s+/g, ' ')).toMatch(said);
  });

  test('an app that a check finds wrong is told once', () => {
    const [app] = year.apps;
    const facts = {
      ...emptyFacts,
      apps: app ? [{ ...app, newest: undefined }] : [],
      checks: [check({ verdict: 'critical' })],
    };
    expect(reportOf(facts).answer).toBe('Not all is well: 1 critical');
  });

  test('the worst stands above, the older of two before the younger', () => {
    const bad = (verdict: 'warning' | 'critical' | 'unknown', subject: string, days: number) =>
      check({ verdict, subject, since: daysAgo(days) });
    const checks = [
      bad('warning', 'a', 1),
      bad('critical', 'b', 1),
      bad('unknown', 'c', 1),
      bad('critical', 'd', 2),
    ];
    const page = htmlTree(html({ ...emptyFacts, checks }));
    const subjects = all(page, 'li').map((item) => textIn(item).match(/backup-age of (\w)/)?.[1]);
    expect(subjects).toEqual(['d', 'b', 'c', 'a']);
  });
});

describe('an app', () => {
  const page = textIn(tree).replace(/\s+/g, ' ');

  test('is protected until a time, and says how far back one can go, when it is drilled and what comes next', () => {
    expect(page).toMatch(/ctv WARNING Protected until 2026-11-27 03:0\d 8 h \d+ min ago/);
    expect(page).toMatch(/Back to2025-12-31, 331 d ago: 43 proven backups \(40 by retention, 3 named\)/);
    expect(page).toMatch(/Next one2026-11-28 03:03, in 15 h 48 min/);
    expect(page).toMatch(/Last drillpassed 2026-11-17 11:15, 10 d ago/);
    expect(page).toMatch(/tagtracker CRITICAL Protected until 2026-11-24/);
  });

  test('says what is not well beside it, also where something else explains it', () => {
    expect(page).toMatch(
      /ctv WARNING[^]*wal: the log is 1\.2 GB large[^]*explained by disk-space of \/mnt\/k-drive/,
    );
  });

  test.each([
    [[], 'No check has looked at it.'],
    [[check({ at: daysAgo(2) })], 'backup-age: the newest proven backup is 9 h 10 min old (asked 2 d ago)'],
    [[check({ verdict: 'warning', message: 'it is late' })], 'backup-age: it is late'],
  ])('says why nobody can call it well %#', (checks, said) => {
    const apps = year.apps.slice(0, 1);
    expect(text({ ...emptyFacts, apps, checks }).replace(/\s+/g, ' ')).toContain(`ago ${said} Newest`);
  });

  test('has as many charts as it has something to show in them, each with its sentence and its table', () => {
    const figures = all(tree, 'figure');
    expect(
      figures.map((figure) => textIn(all(figure, 'figcaption')[0] ?? figure).split('\n')[0]),
    ).toHaveLength(
      5 + 4 + 5 + 1 + 2, // babytrackd sends nothing
    );
    for (const figure of figures) {
      const [svg] = all(figure, 'svg');
      expect(svg?.attributes['role']).toBe('img');
      expect(svg?.attributes['aria-label']?.length).toBeGreaterThan(20);
      expect(all(figure, 'table')).toHaveLength(1);
    }
  });

  test.each([
    [20, '15 Nov'],
    [3, '15 Nov'],
    [200, 'Jul'],
  ])('that is known for %i days has charts that begin then, or two weeks ago', (days, tick) => {
    const page = htmlTree(html(youngFacts(days)));
    const ticks = all(page, 'text').map(textIn);
    expect(ticks).toContain(tick);
    const lines = all(page, 'path').filter(({ attributes }) => attributes['class'] === 'line');
    const starts = lines.map(({ attributes }) => Number(/^M([\d.]+)/.exec(attributes['d'] ?? '')?.[1]));
    for (const start of starts) expect(start).toBeLessThan(days < 14 ? 310 : 75);
  });

  test('that only the history knows of says so', () => {
    const apps = year.apps.slice(0, 1).map((app) => ({ ...app, from: 'the history' as const }));
    expect(text({ ...emptyFacts, apps, gaps: ['The store did not answer.'] }).replace(/\s+/g, ' ')).toMatch(
      /What could not be found out -+ The store did not answer\.[^]*43 proven backups \(40 by retention, 3 named\) were made; which are still there is not known/,
    );
  });

  test('of many is folded away, and the page is no larger than a mail may be', () => {
    const apps = Array.from({ length: 50 }, (_, index) =>
      yearOf(`app-${index}`, { sizeBytes: 5e8, hour: 2 }),
    );
    const page = html({ ...year, apps });
    expect(page.length).toBeLessThan(5_000_000);
    expect(
      all(htmlTree(page), 'details').filter(({ attributes }) => attributes['class'] === 'section'),
    ).toHaveLength(50);
  });
});

describe('an app in pages', () => {
  const app = pagesApp('ctv');
  const facts = { ...emptyFacts, apps: [app] };
  const words = text(facts).replace(/\s+/g, ' ');
  const page = htmlTree(html(facts));

  test('says how its series stands, and what a restore of its newest backup reads', () => {
    expect(words).toMatch(/Newest: ctv-20261127T09\.pages, 1\.4 GB, of which it added [345]\d\d kB/);
    expect(words).toMatch(
      /In pages: 2026-10-28, 29 d 23 h ago, 2\d\d MB; 76 increments on it, 170 MB; a new one is due since 2026-11-24: the increments cost/,
    );
    expect(words).toMatch(/Their newest reads: 2\d\d MB, a full and 2 increments/);
  });

  test('draws what increments added, names the fulls beside them, and lists what a restore to each needs', () => {
    expect(words).toMatch(
      /What an increment added to the store: .*kB.*Beside them 2 fulls, the last of 2\d\d MB on/,
    );
    expect(words).toMatch(/What a restore reads: .* needs 3 backups at most/);
    const rows = all(page, 'table')
      .filter((table) => textIn(table).includes('What a restore to each needs'))
      .flatMap((table) => all(table, 'tr').slice(1));
    expect(rows).toHaveLength(48);
    expect(textIn(rows[0] ?? page)).toMatch(/2026-11-27 10:27.*increment of level 2.*kB.*MB.*3/s);
  });

  test('has the chart of a year of hours in no more room than that of nights', () => {
    const year = html({ ...emptyFacts, apps: [pagesApp('ctv', 365)] });
    expect(year.length).toBeLessThan(150_000);
    const drawn = (chart: HtmlElement[]) =>
      Math.max(...chart.map(({ attributes }) => attributes['d']?.length ?? 0));
    expect(drawn(all(htmlTree(year), 'path'))).toBeLessThan(15_000);
  });

  test('that never had an increment, or has no full, makes a page too', () => {
    const none = { full: undefined, increments: { count: 0, storedBytes: 0 }, due: undefined, needs: [] };
    for (const pages of [none, { ...none, full: { takenAt: daysAgo(1), storedBytes: 5 } }]) {
      const said = text({ ...emptyFacts, apps: [{ ...app, pages, backups: [] }] }).replace(/\s+/g, ' ');
      expect(said).toMatch(
        /In pages: (none that increments can be made on|2026-11-26, 1 d ago, 5 B; no increment)/,
      );
    }
  });
});

describe('the page', () => {
  test('needs nothing from elsewhere: no script, no address, no style but its own', () => {
    const names = new Set(elements(tree).map(({ name }) => name));
    for (const name of ['script', 'link', 'img', 'iframe', 'object', 'a', 'form', 'base'])
      expect(names).not.toContain(name);
    const attributes = elements(tree).flatMap((element) => Object.keys(element.attributes));
    expect(attributes.filter((name) => /^(on.*|style|src|href|srcset|xlink.*)$/.test(name))).toEqual([]);
    expect(html(year)).not.toMatch(/url\(|@import|https?:\/\//);
  });

  test('says what it is: language, title, headings without a gap, and that it is ours', () => {
    expect(all(tree, 'html')[0]?.attributes['lang']).toBe('en');
    expect(all(tree, 'title').map(textIn)).toEqual(['CRITICAL: pi5 (Holdfast)']);
    const levels = elements(tree).flatMap(({ name }) => (/^h[1-6]$/.test(name) ? [Number(name[1])] : []));
    expect(levels[0]).toBe(1);
    levels.slice(1).forEach((level, index) => expect(level - (levels[index] ?? 0)).toBeLessThanOrEqual(1));
    expect(html(year).slice(0, 1024)).toContain(reportMark);
  });

  test('has no line that is too long to be printed, whatever happened', () => {
    const [incident] = year.incidents;
    const incidents = Array.from({ length: 1000 }, () => incident).filter((each) => each !== undefined);
    const longest = Math.max(
      ...html({ ...year, incidents })
        .split('\n')
        .map((line) => line.length),
    );
    expect(longest).toBeLessThan(50_000);
  });

  test('has tables in which every row has a cell for each column', () => {
    for (const table of all(tree, 'table')) {
      const columns = all(table, 'th').length;
      for (const row of all(table, 'tr').slice(1)) expect(all(row, 'td')).toHaveLength(columns);
    }
  });

  test('draws every place within the drawing', () => {
    for (const svg of all(tree, 'svg')) {
      const height = Number(svg.attributes['height']);
      for (const { attributes } of elements(svg)) {
        for (const name of ['x', 'cx']) expect(Number(attributes[name] ?? 0)).toBeLessThanOrEqual(360);
        for (const name of ['y', 'cy']) expect(Number(attributes[name] ?? 0)).toBeLessThanOrEqual(height);
        expect(attributes['d'] ?? '').not.toMatch(/NaN|undefined|Infinity/);
      }
    }
  });

  test.each([
    ['light', 0],
    ['dark', 1],
  ] as const)('has text that can be read, %s', (_, shade) => {
    const grounds = [colours.ground[shade], colours.card[shade]];
    const texts = ['text', 'quiet', 'series', 'ok', 'warning', 'critical', 'unknown'] as const;
    for (const name of texts)
      for (const ground of grounds)
        expect([name, contrast(colours[name][shade], ground) >= 4.5]).toEqual([name, true]);
  });
});

describe('what others have written', () => {
  test.each([...hostileTexts, 'Ω'.repeat(3000), ''])('%j is text, and nothing but text', (said) => {
    const facts = withTexts(said);
    const page = htmlTree(html(facts));
    const safe = htmlTree(html(withTexts('plain')));
    const shape = (of: HtmlElement) =>
      elements(of)
        .map(({ name }) => name)
        .filter((name) => name !== 'span');
    expect(shape(page).length).toBe(shape(safe).length);
    expect(
      text(facts)
        .split('\n')
        .filter((line) => columnsOf(line) > textColumns),
    ).toEqual([]);
    // eslint-disable-next-line no-control-regex -- what a terminal would obey
    expect(text(facts) + html(facts)).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
  });

  test('is cut where nobody would read on, so that what is wrong is not pushed away', () => {
    const page = html(withTexts('x'.repeat(1_000_000)));
    expect(page.length).toBeLessThan(200_000);
    expect(page).toContain('xxx…');
  });

  test('whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (said) => {
        const facts = withTexts(said);
        htmlTree(html(facts));
        return text(facts)
          .split('\n')
          .every((line) => columnsOf(line) <= textColumns);
      }),
      { numRuns: 20 },
    );
  });
});

describe('the text of a mail', () => {
  const lines = text(year).split('\n');

  test('says what the page says, in its order', () => {
    const words = (said: string) => said.replace(/\s+/g, ' ');
    const page = words(textIn(tree));
    const mail = words(lines.join(' '));
    for (const heading of all(tree, 'h2').map(textIn)) expect(lines).toContain(heading);
    for (const { message } of year.checks.filter(({ hiddenBy }) => hiddenBy === undefined)) {
      expect(page).toContain(message);
      expect(mail).toContain(message);
    }
    for (const figure of all(tree, 'figcaption'))
      expect(mail).toContain(words(textIn(all(figure, 'p')[0] ?? figure)));
  });

  test('fits into 78 columns', () => {
    expect(lines.filter((line) => columnsOf(line) > textColumns)).toEqual([]);
  });
});

test('row changes: each source and each app that sends, and nothing where no rows travel', () => {
  const away = { since: daysAgo(2), problem: 'cannot reach <b>the database</b>' };
  const counts = { batches: 1200, rows: 34_000, held: 3, quarantined: 2, keptBack: 7, notTaken: 1 };
  const received: RowChangeFacts = {
    direction: 'received',
    ...{ subject: 'reports', source: 'laptop-1', lastAt: daysAgo(1), heardAt: daysAgo(0), ...counts, away },
  };
  const silent = { ...received, source: 'laptop-2', lastAt: undefined, heardAt: undefined, batches: 0 };
  const sent: RowChangeFacts = {
    ...received,
    direction: 'sent',
    subject: 'ctv',
    source: 'pi',
    away: undefined,
  };
  const facts = { ...emptyFacts, rowChanges: { since: daysAgo(30), sources: [sent, received, silent] } };
  const mail = text(facts);
  expect(mail).toContain('reports went away 2 d ago: cannot reach <b>the database</b>');
  expect(mail.match(/went away/g)).toHaveLength(1);
  for (const words of ['ctv to its receiver as pi', 'laptop-1 to reports', 'laptop-2 to reports'])
    expect(mail).toContain(words);
  for (const number of ['1,200', '34,000']) expect(mail).toContain(number);
  expect(mail).toContain('never');
  expect(html(facts)).toContain('laptop-2 to reports');
  expect(html(facts)).not.toContain('<b>the database');
  expect(text(emptyFacts)).not.toContain('Row changes');
});

test('an empty history makes a page and a text', () => {
  expect(textIn(htmlTree(html(emptyFacts)))).toContain('None since 2025-11-27.');
  expect(text(emptyFacts)).toContain('Nothing was measured yet.');
});

test('one value makes a chart, and so does one that is nothing', () => {
  const app = { ...yearOf('ctv', { sizeBytes: 1, hour: 2 }), drills: [] };
  const known = { takenAt: daysAgo(1), storedBytes: 5, level: undefined, isSound: true };
  for (const sizeBytes of [0, 5]) {
    const apps = [{ ...app, runs: [], backups: [{ ...known, sizeBytes }] }];
    const page = html({ ...emptyFacts, apps });
    expect(page).not.toMatch(/NaN|Infinity|undefined/);
    expect(textIn(htmlTree(page))).toContain(`${sizeBytes} B on 2026-11-26.`);
  }
});

describe('a disk', () => {
  const disk = (of: (day: number) => number, days = 90) => ({
    ...emptyFacts,
    disks: [
      {
        path: '/srv',
        freeBytes: 5e9,
        used: Array.from({ length: days }, (_, index) => ({
          at: daysAgo(days - 1 - index),
          value: of(index),
        })),
      },
    ],
  });
  test.each<[string, ReportFacts, string]>([
    ['grows', disk((day) => 41 + day * 0.5), 'it is full around 2026-12-2'],
    [
      'grows, with nights of scratch files',
      disk((day) => 41 + day * 0.5 + (day % 9 === 0 ? 8 : 0)),
      'it is full around 2026-12-2',
    ],
    ['stays', disk(() => 63), 'not in sight'],
    ['shrinks', disk((day) => 90 - day * 0.5), 'not in sight'],
    ['grows so slowly that it takes years', disk((day) => 20 + day * 0.01), 'not in sight'],
    ['was measured for a day', disk(() => 20, 1), 'not in sight'],
  ])('that %s', (_, facts, said) => {
    expect(text(facts).replace(/\s+/g, ' ')).toContain(said);
    expect(html(facts).includes('stroke-dasharray')).toBe(said.startsWith('it is full'));
  });
});

function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

/** As WCAG 2 defines it. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

test('its time is the one it was made at', () => {
  expect(text(year)).toContain('pi5 as of 2026-11-27 11:15');
  expect(reportNow.toISOString()).toContain('10:15');
});
