// What the report says of the machine: incidents, disks, and every check.
import { formatBytes, formatCount, formatDuration } from '../base/format.ts';
import type { Sample } from '../health/check.ts';
import { fullInMs } from '../health/disk-space.ts';
import { checkWords, isStale } from './answer.ts';
import { chartBegin, median, valuesTable } from './by-period.ts';
import type { Figure, Section } from './document.ts';
import type { DiskFacts, IncidentFacts, ReportFacts } from './facts.ts';
import { ago, dateOf, minuteOf } from './words.ts';

const dayMs = 86_400_000;

/** In the picture; the table has the newest of all. */
const incidentRowsMax = 8;
const incidentsListedMax = 25;

export function incidentsSection({ incidents, since, at, timeZone }: ReportFacts): Section {
  const heading = 'Incidents';
  if (incidents.length === 0)
    return { heading, blocks: [{ kind: 'paragraph', text: `None since ${dateOf(since, timeZone)}.` }] };
  const lastingMs = (incident: IncidentFacts) =>
    (incident.closedAt ?? at).getTime() - incident.openedAt.getTime();
  const byCheck = [...Map.groupBy(incidents, ({ check }) => check)]
    .map(([label, of]) => ({ label, of, totalMs: of.reduce((sum, each) => sum + lastingMs(each), 0) }))
    .sort((a, b) => b.totalMs - a.totalMs);
  const open = incidents.filter(({ closedAt }) => closedAt === undefined).length;
  const shown = incidents.slice(0, incidentsListedMax);
  const more = byCheck.length - incidentRowsMax;
  const figure: Figure = {
    title: 'When, and for how long',
    isOpen: true,
    says:
      `${formatCount(incidents.length, 'incident')} of ${formatCount(byCheck.length, 'check')}; ` +
      `${open === 0 ? 'none lasts' : `${open} ${open === 1 ? 'lasts' : 'last'} still`}.` +
      (more > 0 ? ` Shown are the ${incidentRowsMax} that lasted longest in all.` : ''),
    picture: {
      kind: 'bars',
      from: since,
      to: at,
      rows: byCheck.slice(0, incidentRowsMax).map(({ label, of }) => ({
        label,
        bars: of.map(({ openedAt, closedAt, severity }) => ({
          from: openedAt,
          to: closedAt ?? at,
          tone: severity,
        })),
      })),
    },
    table: {
      caption: 'Incidents, newest first',
      columns: [
        { title: 'State' },
        { title: 'Began', inWords: 'began', isShort: true },
        { title: 'Lasted', inWords: 'lasted', isShort: true },
        { title: 'Check' },
        { title: 'What' },
      ],
      rows: shown.map((incident) => [
        { verdict: incident.severity },
        minuteOf(incident.openedAt, timeZone),
        `${formatDuration(lastingMs(incident))}${incident.closedAt === undefined ? ' so far' : ''}`,
        incident.check,
        incident.message,
      ]),
      rest:
        incidents.length > shown.length ? `and ${incidents.length - shown.length} earlier ones` : undefined,
    },
  };
  return { heading, blocks: [{ kind: 'figures', figures: [figure] }] };
}

export function disksSection(facts: ReportFacts): Section {
  const disks = facts.disks.filter(({ used }) => used.length > 0);
  return {
    heading: 'Disks',
    blocks:
      disks.length === 0
        ? [{ kind: 'paragraph', text: 'Nothing was measured yet.' }]
        : [{ kind: 'figures', figures: disks.map((disk) => diskFigure(disk, facts)) }],
  };
}

/** Long enough that a clearing up of the last weeks is part of it, short enough that last year is not. */
const forecastDays = 60;
/** Further ahead no line is drawn. */
const drawnAheadMs = 120 * dayMs;

function diskFigure({ path, used, freeBytes }: DiskFacts, facts: ReportFacts): Figure {
  const { at, timeZone } = facts;
  const days = dailyMedians(used, timeZone);
  const last = days.at(-1) ?? { at, value: 0 };
  const begin = at.getTime() - forecastDays * dayMs;
  const fullMs = fullInMs(
    days.filter((day) => day.at.getTime() >= begin),
    last,
  );
  const fullAt = fullMs === undefined ? undefined : new Date(last.at.getTime() + fullMs);
  const free = freeBytes === undefined ? '' : `, ${formatBytes(freeBytes)} free`;
  const aheadMs = Math.min(fullMs ?? 0, drawnAheadMs);
  return {
    title: path,
    says:
      `${Math.round(last.value)} % used${free}. ` +
      (fullAt === undefined
        ? 'That it will be full is not in sight within a year.'
        : `At the rate of the last ${forecastDays} days it is full around ${dateOf(fullAt, timeZone)}, ${ago(fullAt, at)}.`),
    picture: {
      kind: 'line',
      measure: 'percent',
      from: chartBegin([days[0]?.at], facts),
      to: new Date(at.getTime() + aheadMs),
      points: days,
      gapMs: 2.5 * dayMs,
      max: 100,
      ...(fullMs === undefined
        ? {}
        : {
            forecast: {
              at: new Date(last.at.getTime() + aheadMs),
              value: last.value + ((100 - last.value) * aheadMs) / fullMs,
            },
          }),
    },
    table: valuesTable(days, {
      called: `Used of ${path}`,
      format: (value) => `${Math.round(value)} %`,
      timeZone,
    }),
  };
}

/** One value a day: that of an hour with scratch files is none of a disk. */
function dailyMedians(samples: readonly Sample[], timeZone: string): Sample[] {
  return [...Map.groupBy(samples, ({ at }) => dateOf(at, timeZone)).values()].map((day) => ({
    at: day.at(-1)?.at ?? new Date(0),
    value: median(day.map(({ value }) => value)) ?? 0,
  }));
}

export function checksSection({ checks, at, timeZone }: ReportFacts): Section {
  const heading = 'Every check';
  if (checks.length === 0)
    return { heading, blocks: [{ kind: 'paragraph', text: 'No check was asked yet: health-check run' }] };
  return {
    heading,
    blocks: [
      {
        kind: 'table',
        table: {
          caption: 'How each stood when it was asked last',
          columns: [
            { title: 'State' },
            { title: 'Check' },
            { title: 'Of', inWords: 'of' },
            { title: 'What it says' },
            { title: 'So since', inWords: 'so since', isShort: true },
            { title: 'Asked', inWords: 'asked', isShort: true },
          ],
          rows: checks.map((check) => [
            { verdict: check.verdict, isStale: isStale(check, at) },
            check.check,
            check.subject,
            checkWords(check),
            minuteOf(check.since, timeZone),
            ago(check.at, at),
          ]),
        },
      },
    ],
  };
}
