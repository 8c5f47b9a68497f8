// Whether all is well, and if not, what is wrong: what a reader wants first. A check that nobody has asked for long says
// nothing of now, and silence is never taken for good news.
import { formatDuration } from '../base/format.ts';
import { machine } from '../health/causes.ts';
import { type Verdict, worst } from '../base/verdict.ts';
import type { Problem } from './document.ts';
import type { AppFacts, CheckFacts, ReportFacts } from './facts.ts';
import { ago, minuteOf, verdictCounts } from './words.ts';

export interface Answer {
  readonly verdict: Verdict;
  readonly words: string;
  /** The worst first, of two the older one. */
  readonly problems: readonly Problem[];
}

const own = 'health-check';
/** Of two clocks that differ a little, one is ahead. */
const aheadMsMax = 5 * 60_000;

export function answerOf(facts: ReportFacts): Answer {
  const told = facts.checks
    .filter(({ verdict, hiddenBy }) => verdict !== 'ok' && hiddenBy === undefined)
    .sort((a, b) => a.since.getTime() - b.since.getTime());
  const unsorted = [
    ...staleProblems(facts),
    ...told.map((check) => checkProblem(check, facts)),
    ...facts.apps.filter((app) => isUnprotected(app, told)).map((app) => noBackup(app, facts)),
  ];
  const problems = fromWorst.flatMap((verdict) => unsorted.filter((problem) => problem.verdict === verdict));
  const verdict = worst(problems.map((problem) => problem.verdict));
  return { verdict, problems, words: headline(verdict, problems) };
}

/** How an app stands by what is known of it: the worst that a check says, and unknown where none has looked lately. */
export function appVerdict(app: AppFacts, { checks, at }: ReportFacts): Verdict {
  if (app.newest === undefined) return 'critical';
  const about = checks.filter(({ subject }) => subject === app.name);
  if (about.length === 0) return 'unknown';
  return worst(about.map((check) => (isStale(check, at) ? staleVerdict(check) : check.verdict)));
}

export function isStale({ at, staleAfterMs }: CheckFacts, now: Date): boolean {
  const ageMs = now.getTime() - at.getTime();
  return ageMs > staleAfterMs || ageMs < -aheadMsMax;
}

/** What a check says, and what explains it. */
export function checkWords({ message, hiddenBy }: CheckFacts): string {
  return hiddenBy === undefined ? message : `${message} (explained by ${hiddenBy})`;
}

/** What was well then need not be now; what was wrong is not mended by nobody looking. */
function staleVerdict({ verdict }: CheckFacts): Verdict {
  return worst(['unknown', verdict]);
}

const fromWorst = ['critical', 'unknown', 'warning'] as const;

function headline(verdict: Verdict, problems: readonly Problem[]): string {
  if (verdict === 'ok') return 'All is well';
  const counts = verdictCounts(problems.map((problem) => problem.verdict));
  return problems.every((problem) => problem.verdict === 'unknown')
    ? `It is not known whether all is well: ${counts}`
    : `Not all is well: ${counts}`;
}

function staleProblems({ checks, at, configOption }: ReportFacts): Problem[] {
  const stale = checks.filter((check) => isStale(check, at));
  const hint = `whether the timer runs: systemctl status health-check.timer; ask now: health-check run${configOption}`;
  const unknown = (message: string) => [
    { verdict: 'unknown' as const, subject: own, message, hint, since: undefined },
  ];
  if (checks.length === 0) return unknown('no check was asked yet');
  if (stale.length === 0) return [];
  const age = (times: readonly number[]) => formatDuration(Math.abs(at.getTime() - Math.max(...times)));
  const newest = age(stale.map((check) => check.at.getTime()));
  return unknown(
    stale.length === checks.length
      ? `the checks were not asked for ${newest}: what they say is how it was then`
      : `${stale.length} of ${checks.length} checks have no answer of the last ${newest}: what they say is how it was then`,
  );
}

function checkProblem(check: CheckFacts, { at, timeZone }: ReportFacts): Problem {
  const { verdict, subject, message, hint, since } = check;
  const once = check.alarmSince === undefined ? ', not told yet' : '';
  const asOf = isStale(check, at) ? `; as it was ${ago(check.at, at)}` : '';
  return {
    verdict: verdict === 'ok' ? 'unknown' : verdict,
    subject: subject === machine ? check.check : `${check.check} of ${subject}`,
    ...{ message, hint },
    since: `since ${minuteOf(since, timeZone)} (${ago(since, at)}${once}${asOf})`,
  };
}

/** What a check has told of already is not told twice. */
function isUnprotected({ name, newest }: AppFacts, told: readonly CheckFacts[]): boolean {
  return (
    newest === undefined && !told.some(({ subject, verdict }) => subject === name && verdict === 'critical')
  );
}

function noBackup({ name }: AppFacts, { configOption }: ReportFacts): Problem {
  return {
    verdict: 'critical',
    subject: name,
    message: 'there is no proven backup',
    hint: `make one: db-backup run --app ${name}${configOption}`,
    since: undefined,
  };
}
