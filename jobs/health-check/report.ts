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
  /** Where the page is; undefined where none was written. */
  html: string | undefined;
  prints: 'text' | 'html' | 'answer';
  answer: Answer;
  facts: ReportFacts;
}

/** That something is wrong is what the report says, and no failure of making it: the verdict of the run is about that. */
export async function run(
  context: JobContext,
  options: Options<typeof parameters.report>,
): Promise<Outcome<Report>> {
  const { path, mode, prints } = wanted(options);
  const facts = await reportFacts(context);
  if (path !== undefined) await writePage(path, htmlOf(reportOf(facts)), mode);
  return { result: { html: path, prints, answer: answerOf(facts), facts }, findings: [] };
}

export function text({ html, prints, answer, facts }: Report): string[] {
  if (prints === 'html') return htmlOf(reportOf(facts)).trimEnd().split('\n');
  return [
    ...(prints === 'text' ? textOf(reportOf(facts)) : [`${facts.host}: ${answer.words}`]),
    ...(html === undefined ? [] : [...(prints === 'text' ? [''] : []), `the page is ${html}`]),
  ];
}

const standardOutput = '-';

function wanted({ html, mode, text }: Options<typeof parameters.report>): {
  path: string | undefined;
  mode: number | undefined;
  prints: Report['prints'];
} {
  const isPrinted = html === standardOutput;
  if (mode !== undefined && (html === undefined || isPrinted))
    throw new OpsError('usage', 'cannot give a mode to what is printed', {
      hint: '--mode goes with --html <file>',
    });
  if (isPrinted && text)
    throw new OpsError('usage', 'cannot print a page and a text at once', {
      hint: 'name a file for the page: --html <file>',
    });
  const path = html === undefined || isPrinted ? undefined : resolve(html);
  const prints = isPrinted ? 'html' : text || path === undefined ? 'text' : 'answer';
  return { path, mode: mode === undefined ? undefined : bitsOf(mode), prints };
}

/** Who may read and write it: a page is no program, and its owner writes the next one. */
function bitsOf(mode: string): number {
  if (/^0?[0246]{3}$/.test(mode) && /^0?[46]/.test(mode)) return Number.parseInt(mode, 8);
  throw new OpsError('usage', `cannot use ${JSON.stringify(mode)} as a mode`, {
    hint: 'three octal digits that let the owner read and nobody run it: 0644, 0640, 0600',
  });
}
