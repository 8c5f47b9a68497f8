// How the checks stand, for people and programs: one shape for run and status.
import { OpsError } from '../../../lib/base/errors.ts';
import { formatDuration, formatInstant } from '../../../lib/base/format.ts';
import { formatRows } from '../../../lib/base/table.ts';
import type { Finding } from '../../../lib/base/finding.ts';
import type { Verdict } from '../../../lib/base/verdict.ts';
import { checksByName } from '../../../lib/health/all-checks.ts';
import { type Limits, settled } from '../../../lib/health/check.ts';
import { machine } from '../../../lib/health/causes.ts';
import { nagiosLines } from '../../../lib/health/nagios.ts';
import { type JobMetrics, prometheusText } from '../../../lib/health/prometheus.ts';
import type { CheckState } from '../../../lib/health/reading.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import type { View } from '../../../lib/run/job.ts';

/** One answer, as `--json` prints it. */
interface Answer extends CheckState {
  readonly limits: Limits;
}

export interface Answers {
  /** When the checks were asked last; undefined for never. */
  at: Date | undefined;
  checks: Answer[];
  jobs: JobMetrics[];
  format: AnswerFormat;
  /** Only what is not well is shown. */
  brief: boolean;
}

const answerFormats = ['table', 'nagios', 'prom'] as const;
export type AnswerFormat = (typeof answerFormats)[number];

/** Throws OpsError `usage` for a word that names none. */
export function requireFormat(word: string | undefined): AnswerFormat {
  const found = answerFormats.find((format) => format === (word ?? 'table'));
  if (found !== undefined) return found;
  throw new OpsError('usage', `cannot print in the format ${JSON.stringify(word)}`, {
    hint: `the formats are ${answerFormats.join(', ')}; --json prints one object`,
  });
}

export function answersOf(
  context: JobContext,
  states: readonly CheckState[],
  { at, format, brief }: Pick<Answers, 'at' | 'format' | 'brief'>,
): Answers {
  const checks = states.map((state) => ({ ...state, limits: limitsOf(context, state.check) }));
  return { at, checks, jobs: jobMetrics(context), format, brief };
}

function limitsOf({ config }: JobContext, name: string): Limits {
  const check = checksByName.get(name);
  return check === undefined ? {} : settled(check, config.health.checks[name]).limits;
}

/** What is bad and not explained by something else. */
export function answerFindings(states: readonly CheckState[]): Finding[] {
  return states.flatMap(({ check, subject, verdict, message, hint, hiddenBy }) =>
    verdict === 'ok' || hiddenBy !== undefined
      ? []
      : [
          {
            subject: subject === machine ? check : `${check} of ${subject}`,
            severity: verdict,
            message,
            hint,
          },
        ],
  );
}

const order: readonly Verdict[] = ['critical', 'unknown', 'warning', 'ok'];

export function answersText({ at, checks, jobs, format, brief }: Answers, view: View): string[] {
  if (format === 'nagios') return nagiosLines(checks);
  if (format === 'prom')
    return prometheusText(checks, jobs, at ?? view.now)
      .trimEnd()
      .split('\n');
  const names = [...checksByName.keys()];
  const sorted = [...checks].sort(
    (a, b) =>
      order.indexOf(a.verdict) - order.indexOf(b.verdict) || names.indexOf(a.check) - names.indexOf(b.check),
  );
  const shown = brief ? sorted.filter(({ verdict }) => verdict !== 'ok') : sorted;
  const rows = shown.map(({ verdict, check, subject, message }) => [
    verdict.toUpperCase(),
    check,
    subject === machine ? '' : subject,
    message,
  ]);
  const table = formatRows(rows, view).flatMap((row, index) => [...row, ...detailLines(shown[index], view)]);
  return [...table, summary(checks, at, view)];
}

/** Below what is bad: since when, what explains it, and what helps. */
function detailLines(answer: Answer | undefined, { now, findings }: View): string[] {
  if (answer === undefined || answer.verdict === 'ok') return [];
  const { since, hiddenBy, alarmSince, check, subject } = answer;
  const name = subject === machine ? check : `${check} of ${subject}`;
  const hint = findings.find((finding) => finding.subject === name)?.hint;
  const lasts = Math.max(0, now.getTime() - since.getTime());
  const told =
    hiddenBy !== undefined
      ? `because of ${hiddenBy}`
      : alarmSince === undefined
        ? 'no alarm yet'
        : 'an alarm';
  return [
    `  for ${formatDuration(lasts)}, ${told}`,
    ...(hint === undefined || hiddenBy !== undefined ? [] : [`  hint: ${hint}`]),
  ];
}

function summary(checks: readonly Answer[], at: Date | undefined, { timeZone }: View): string {
  const bad = checks.filter(({ verdict }) => verdict !== 'ok').length;
  const asked = at === undefined ? 'never asked' : `asked ${formatInstant(at, timeZone)}`;
  if (checks.length === 0) return `no check was asked yet; ask now: health-check run`;
  return bad === 0
    ? `all ${checks.length} are well, ${asked}`
    : `${bad} of ${checks.length} are not well, ${asked}`;
}

const runsLooked = 2000;

/** The newest run of every command of every app. */
function jobMetrics({ history }: JobContext): JobMetrics[] {
  const newest = new Map<string, JobMetrics>();
  for (const { job, command, app, startedAt, outcome, exitCode } of history.recentRuns(
    undefined,
    runsLooked,
  )) {
    if (outcome === 'running') continue;
    const key = `${job}\0${command}\0${app ?? ''}`;
    const known = newest.get(key);
    if (known === undefined)
      newest.set(key, {
        job,
        command,
        app,
        lastRunAt: startedAt,
        lastSuccessAt: outcome === 'done' ? startedAt : undefined,
        exitCode,
      });
    else if (known.lastSuccessAt === undefined && outcome === 'done')
      newest.set(key, { ...known, lastSuccessAt: startedAt });
  }
  return [...newest.values()];
}
