// health-check report: how all stands and how the last year went, as a page or as the text of a mail. Asks nothing anew but
// the store what it has.
import { resolve } from 'node:path';
import { OpsError } from '../../lib/base/errors.ts';
import { type Answer, answerOf } from '../../lib/report/answer.ts';
import type { ReportFacts } from '../../lib/report/facts.ts';
import { htmlOf } from '../../lib/report/html.ts';
import { reportOf } from '../../lib/report/report.ts';
import { textOf } from '../../lib/report/text.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import type * as parameters from './parameters.ts';
import { reportFacts } from './steps/report-facts.ts';
import { writePage } from './steps/write-page.ts';

interface Report {
  /** Where the page is; undefined where none was asked for. */
  html: string | undefined;
  /** Whether it is to be printed as text. */
  text: boolean;
  answer: Answer;
  facts: ReportFacts;
}

/** That something is wrong is what the report says, and no failure of making it: the verdict of the run is about that. */
export async function run(
  context: JobContext,
  { html, mode, text }: Options<typeof parameters.report>,
): Promise<Outcome<Report>> {
  const bits = requireMode(mode, html);
  const facts = await reportFacts(context);
  if (html !== undefined) await writePage(html, htmlOf(reportOf(facts)), bits);
  const path = html === undefined ? undefined : resolve(html);
  return {
    result: { html: path, text: text || html === undefined, answer: answerOf(facts), facts },
    findings: [],
  };
}

export function text({ html, text, answer, facts }: Report): string[] {
  return [
    ...(text ? textOf(reportOf(facts)) : [`${facts.host}: ${answer.words}`]),
    ...(html === undefined ? [] : [...(text ? [''] : []), `the page is ${html}`]),
  ];
}

/** Who may read and write it: a page is no program, and belongs to nobody who runs it. */
function requireMode(mode: string | undefined, html: string | undefined): number | undefined {
  if (mode === undefined) return undefined;
  if (html === undefined)
    throw new OpsError('usage', 'cannot give a mode to what is printed', {
      hint: '--mode goes with --html <file>',
    });
  if (/^0?[0246]{3}$/.test(mode) && /^0?[46]/.test(mode)) return Number.parseInt(mode, 8);
  throw new OpsError('usage', `cannot use ${JSON.stringify(mode)} as a mode`, {
    hint: 'three octal digits that let the owner read and nobody run it: 0644, 0640, 0600',
  });
}
