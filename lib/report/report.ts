// The report: what is known, in the order in which a person wants to read it.
import { formatCount } from '../base/format.ts';
import { answerOf } from './answer.ts';
import { historySection, protectionSection } from './app-sections.ts';
import type { ReportDocument, Section } from './document.ts';
import type { ReportFacts } from './facts.ts';
import { checksSection, disksSection, incidentsSection } from './machine-sections.ts';
import { ago, minuteOf, verdictWords } from './words.ts';

/** Computes everything that is shown; pure. */
export function reportOf(facts: ReportFacts): ReportDocument {
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
