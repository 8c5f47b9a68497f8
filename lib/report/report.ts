// The report: what is known, in the order in which a person wants to read it.
import { formatCount } from '../base/format.ts';
import { clip } from '../base/printable.ts';
import { answerOf } from './answer.ts';
import { historySection, protectionSection } from './app-sections.ts';
import type { ReportDocument, Section } from './document.ts';
import type { ReportFacts } from './facts.ts';
import { checksSection, disksSection, incidentsSection } from './machine-sections.ts';
import { rowSections } from './row-sections.ts';
import { ago, minuteOf, verdictWords } from './words.ts';

/** Computes everything that is shown; pure. */
export function reportOf(given: ReportFacts): ReportDocument {
  const facts = bounded(given);
  const { host, version, at, timeZone } = facts;
  const answer = answerOf(facts);
  return {
    title: `${verdictWords[answer.verdict]}: ${host} (Holdfast)`,
    verdict: answer.verdict,
    answer: answer.words,
    asOf: `${host} as of ${minuteOf(at, timeZone)}, ${lastLook(facts)}. Times are those of ${timeZone}.`,
    sections: [
      ...(answer.problems.length === 0
        ? []
        : [
            {
              heading: 'What is wrong, and what helps',
              blocks: [{ kind: 'problems' as const, problems: answer.problems }],
            },
          ]),
      ...gapsSection(facts),
      protectionSection(facts),
      ...(facts.apps.length === 0 ? [] : [historySection(facts)]),
      ...rowSections(facts),
      incidentsSection(facts),
      disksSection(facts),
      checksSection(facts),
    ],
    footer: `Made by Holdfast ${version}, health-check report. What happened since ${minuteOf(at, timeZone)} is not in it.`,
  };
}

function lastLook({ checks, at }: ReportFacts): string {
  if (checks.length === 0) return 'no check was asked yet';
  const newest = new Date(Math.max(...checks.map((check) => check.at.getTime())));
  return `${formatCount(checks.length, 'check')}, last asked ${ago(newest, at)}`;
}

function gapsSection({ gaps }: ReportFacts): Section[] {
  if (gaps.length === 0) return [];
  return [
    {
      heading: 'What could not be found out',
      blocks: gaps.map((text) => ({ kind: 'paragraph' as const, text })),
    },
  ];
}

/** Longer is nothing that a person reads; a message that begins so was made by nobody who meant well. */
const charactersMax = 600;

/** The same with every text cut short: what others have named or written is as long as they like. */
function bounded<Value>(value: Value): Value {
  if (typeof value === 'string') return clip(value, charactersMax) as Value;
  if (Array.isArray(value)) return value.map(bounded) as Value;
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, bounded(inner)])) as Value;
}
