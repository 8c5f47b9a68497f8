// What the report says of each app: how well it is protected now, and how its backups went over time.
import { countWords } from '../backup/counts.ts';
import { formatBytes, formatCount } from '../base/format.ts';
import { appVerdict, checkWords, isStale } from './answer.ts';
import { chartBegin } from './by-period.ts';
import { daysOf } from './days.ts';
import type { Block, Figure, Section, Table } from './document.ts';
import type { AppFacts, DrillFacts, ReportFacts } from './facts.ts';
import { line } from './line-figure.ts';
import { pagesFigures, pagesPairs } from './pages-figures.ts';
import type { Day, DayState, Point } from './picture.ts';
import { ago, dateOf, minuteOf } from './words.ts';

/** More charts than of so many apps are closed until somebody wants to see them. */
const openAppsMax = 6;

/** A card for each app. */
export function protectionSection(facts: ReportFacts): Section {
  return {
    heading: 'How well each app is protected',
    layout: 'cards',
    blocks:
      facts.apps.length === 0
        ? [{ kind: 'paragraph', text: 'No app with a database is configured here.' }]
        : [],
    sections: facts.apps.map((app) => ({
      heading: app.name,
      verdict: appVerdict(app, facts),
      blocks: [
        ...protectedUntil(app, facts),
        ...notWell(app, facts),
        { kind: 'pairs', pairs: pairsOf(app, facts) },
      ],
    })),
  };
}

function protectedUntil({ newest }: AppFacts, { at, timeZone }: ReportFacts): Block[] {
  if (newest === undefined)
    return [{ kind: 'paragraph', weight: 'strong', text: 'Not protected: there is no proven backup' }];
  return [
    { kind: 'paragraph', weight: 'strong', text: `Protected until ${minuteOf(newest.at, timeZone)}` },
    { kind: 'paragraph', weight: 'quiet', text: ago(newest.at, at) },
  ];
}

function pairsOf(app: AppFacts, facts: ReportFacts): [string, string][] {
  const { at, timeZone } = facts;
  const { newest, oldestAt, nextAt, drills, from } = app;
  const drill = drills.at(-1);
  return [
    ...(newest === undefined ? [] : [['Newest', `${newest.name}, ${sizeWords(newest)}`] as [string, string]]),
    ...pagesPairs(app, facts),
    [
      'Next one',
      nextAt === undefined
        ? 'not known: no timer says so'
        : `${minuteOf(nextAt, timeZone)}, ${ago(nextAt, at)}`,
    ],
    [
      'Back to',
      oldestAt === undefined
        ? 'nothing'
        : `${dateOf(oldestAt, timeZone)}, ${ago(oldestAt, at)}: ${provenWords(app)}${from === 'the history' ? leftUnknown(app.provenCount) : ''}`,
    ],
    ['Last drill', drill === undefined ? 'never; try: restore drill' : drillWords(drill, at, timeZone)],
    ['Database', app.database],
  ];
}

function sizeWords({ sizeBytes, storedBytes }: NonNullable<AppFacts['newest']>): string {
  const size = formatBytes(sizeBytes);
  return storedBytes === sizeBytes ? size : `${size}, of which it added ${formatBytes(storedBytes)}`;
}

function provenWords({ provenCount, provenNamed: named }: AppFacts): string {
  return countWords({ retention: provenCount - named, named, foreign: 0 }, 'proven backup');
}

function leftUnknown(count: number): string {
  return count === 1
    ? ' was made; whether it is still there is not known'
    : ' were made; which are still there is not known';
}

/** Why the card is not green, also where something else explains it and it is not among what is wrong. */
function notWell({ name }: AppFacts, { checks, at }: ReportFacts): Block[] {
  const about = checks.filter(({ subject }) => subject === name);
  if (about.length === 0) return [{ kind: 'paragraph', text: 'No check has looked at it.' }];
  return about.flatMap((check) => {
    const old = isStale(check, at) ? ` (asked ${ago(check.at, at)})` : '';
    if (check.verdict === 'ok' && old === '') return [];
    return [{ kind: 'paragraph', text: `${check.check}: ${checkWords(check)}${old}` }];
  });
}

function drillWords({ outcome, at, detail }: DrillFacts, now: Date, timeZone: string): string {
  const why = outcome === 'failed' ? `: ${detail}` : '';
  return `${outcome} ${minuteOf(at, timeZone)}, ${ago(at, now)}${why}`;
}

/** The charts of each app. */
export function historySection(facts: ReportFacts): Section {
  return {
    heading: 'Backups over time',
    blocks: [],
    sections: facts.apps.map((app) => {
      const figures = figuresOf(app, facts);
      return {
        heading: app.name,
        isFolded: facts.apps.length > openAppsMax,
        blocks:
          figures.length === 0
            ? [{ kind: 'paragraph', text: 'The history knows of no backup yet.' }]
            : [{ kind: 'figures', figures }],
      };
    }),
  };
}

function figuresOf(app: AppFacts, given: ReportFacts): Figure[] {
  const { backups, runs, drills } = app;
  const firsts = [backups[0]?.takenAt, runs[0]?.startedAt, drills[0]?.at];
  const facts = { ...given, since: chartBegin(firsts, given) };
  const isInPages = backups.some(({ level }) => level !== undefined);
  const durations = runs.flatMap(({ startedAt, endedAt, isDone, isShared }) =>
    endedAt === undefined || !isDone || isShared
      ? []
      : [{ at: startedAt, value: endedAt.getTime() - startedAt.getTime() }],
  );
  const sizes = backups.map(({ takenAt, sizeBytes, isSound }) => ({
    at: takenAt,
    value: sizeBytes,
    isOdd: !isSound,
  }));
  return [
    ...(backups.length + runs.length === 0 ? [] : [daysFigure(app, facts)]),
    ...line(isInPages ? 'Size of the database' : 'Size of the backup', 'bytes', sizes, facts),
    ...pagesFigures(app, facts),
    ...line('How long it took', 'duration', durations, facts),
    ...line('Rate to the store, over the whole run', 'rate', ratesOf(app), facts),
    ...(drills.length === 0 ? [] : [drillsFigure(drills, facts)]),
  ];
}

/** What was sent by the time that the whole run took: the line was at least as fast. A run that sent next to nothing says nothing. */
function ratesOf({ runs }: AppFacts): Point[] {
  const worthwhileBytes = 1_000_000;
  return runs.flatMap(({ startedAt, endedAt, sentBytes, isShared }) => {
    const seconds = endedAt === undefined ? 0 : (endedAt.getTime() - startedAt.getTime()) / 1000;
    if (isShared || seconds <= 0 || sentBytes === undefined || sentBytes < worthwhileBytes) return [];
    return [{ at: startedAt, value: sentBytes / seconds }];
  });
}

const dayWords: readonly (readonly [DayState, string])[] = [
  ['good', 'proven'],
  ['odd', 'suspect or damaged'],
  ['failed', 'failed'],
  ['missing', 'without a run'],
];

function daysFigure(app: AppFacts, facts: ReportFacts): Figure {
  const days = daysOf(app, facts);
  const bad = days.filter(({ state }) => state !== undefined && state !== 'good');
  const known = days.filter(({ state }) => state !== undefined).length;
  return {
    title: 'Was there a backup, day by day?',
    says:
      bad.length === 0
        ? `${formatCount(known, 'day')}, each with one.`
        : `Not on ${bad.length} of ${formatCount(known, 'day')}; last on ${bad.at(-1)?.date}.`,
    picture: { kind: 'days', days },
    table: badDaysTable(bad, app, facts),
  };
}

const badDaysMax = 40;

function badDaysTable(bad: readonly Day[], { runs }: AppFacts, { timeZone }: ReportFacts): Table {
  const reasons = new Map(
    runs.flatMap(({ startedAt, isDone, message }) =>
      isDone || message === undefined ? [] : [[dateOf(startedAt, timeZone), message]],
    ),
  );
  const shown = bad.slice(-badDaysMax).reverse();
  return {
    caption: 'Days without a proven backup',
    columns: [{ title: 'Day', isShort: true }, { title: 'What was' }, { title: 'Why' }],
    rows: shown.map(({ date, state }) => [
      date,
      dayWords.find(([name]) => name === state)?.[1] ?? '',
      reasons.get(date) ?? '',
    ]),
    rest: bad.length > shown.length ? `and ${bad.length - shown.length} earlier ones` : undefined,
  };
}

const drillsMax = 12;

function drillsFigure(drills: readonly DrillFacts[], { since: from, at: to, timeZone }: ReportFacts): Figure {
  const failed = drills.filter(({ outcome }) => outcome === 'failed').length;
  const bar = ({ at }: DrillFacts, tone: 'good' | 'critical') => ({ from: at, to: at, tone });
  const row = (label: string, outcome: DrillFacts['outcome'], tone: 'good' | 'critical') => ({
    label,
    bars: drills.filter((drill) => drill.outcome === outcome).map((drill) => bar(drill, tone)),
  });
  const shown = drills.slice(-drillsMax).reverse();
  return {
    title: 'Restore drills',
    says: `${formatCount(drills.length, 'drill')}, ${failed === 0 ? 'all passed' : `${failed} failed`}.`,
    picture: {
      kind: 'bars',
      from,
      to,
      rows: [row('passed', 'passed', 'good'), ...(failed === 0 ? [] : [row('failed', 'failed', 'critical')])],
    },
    table: {
      caption: 'Restore drills',
      columns: [
        { title: 'When', isShort: true },
        { title: 'Outcome' },
        { title: 'Backup' },
        { title: 'What was found' },
      ],
      rows: shown.map(({ at, outcome, name, detail }) => [minuteOf(at, timeZone), outcome, name, detail]),
      rest: drills.length > shown.length ? `and ${drills.length - shown.length} earlier ones` : undefined,
    },
  };
}
