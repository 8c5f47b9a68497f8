// The answers for the textfile collector of node_exporter: the text format of Prometheus, without time stamps.
import type { Verdict } from '../base/verdict.ts';
import type { JudgedState } from './nagios.ts';

/** How the newest runs of a command went. */
export interface JobMetrics {
  readonly job: string;
  readonly command: string;
  readonly app: string | undefined;
  readonly lastRunAt: Date;
  readonly lastSuccessAt: Date | undefined;
  readonly exitCode: number | undefined;
}

const statuses: Record<Verdict, number> = { ok: 0, warning: 1, critical: 2, unknown: 3 };

/** The whole file. */
export function prometheusText(
  states: readonly JudgedState[],
  jobs: readonly JobMetrics[],
  at: Date,
): string {
  const ofCheck = ({ check, subject }: JudgedState) => labels({ check, subject });
  return [
    ...metric(
      'holdfast_check_status',
      'What a check found: 0 ok, 1 warning, 2 critical, 3 unknown.',
      states,
      ofCheck,
      ({ verdict }) => statuses[verdict],
    ),
    ...metric(
      'holdfast_check_alarm',
      'Whether people are told of it.',
      states,
      ofCheck,
      ({ alarmSince, hiddenBy }) => (alarmSince !== undefined && hiddenBy === undefined ? 1 : 0),
    ),
    ...metric(
      'holdfast_check_since_timestamp_seconds',
      'Since when the status is this one.',
      states,
      ofCheck,
      ({ since }) => seconds(since),
    ),
    ...metric(
      'holdfast_check_asked_timestamp_seconds',
      'When it was asked last.',
      states,
      ofCheck,
      ({ at: asked }) => seconds(asked),
    ),
    ...metric(
      'holdfast_check_value',
      'What was measured, in the unit of the check.',
      states,
      ({ check, subject, unit }) => labels({ check, subject, unit }),
      ({ value }) => value,
    ),
    ...metric(
      'holdfast_job_last_run_timestamp_seconds',
      'When a command began last.',
      jobs,
      ofJob,
      ({ lastRunAt }) => seconds(lastRunAt),
    ),
    ...metric(
      'holdfast_job_last_success_timestamp_seconds',
      'When it last ended well.',
      jobs,
      ofJob,
      ({ lastSuccessAt }) => lastSuccessAt && seconds(lastSuccessAt),
    ),
    ...metric('holdfast_job_exit_code', 'How it ended last.', jobs, ofJob, ({ exitCode }) => exitCode),
    ...metric(
      'holdfast_health_check_last_run_timestamp_seconds',
      'When the checks ran last.',
      [at],
      () => '',
      seconds,
    ),
    '',
  ].join('\n');
}

function ofJob({ job, command, app }: JobMetrics): string {
  return labels({ job, command, ...(app === undefined ? {} : { app }) });
}

function metric<Item>(
  name: string,
  help: string,
  items: readonly Item[],
  labelsOf: (item: Item) => string,
  valueOf: (item: Item) => number | undefined,
): string[] {
  const lines = items.flatMap((item) => {
    const value = valueOf(item);
    return value === undefined ? [] : [`${name}${labelsOf(item)} ${value}`];
  });
  return lines.length === 0 ? [] : [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, ...lines];
}

function labels(all: Readonly<Record<string, string>>): string {
  const escaped = (text: string) =>
    text
      .toWellFormed()
      .replaceAll('\\', String.raw`\\`)
      .replaceAll('"', String.raw`\"`)
      .replaceAll('\n', String.raw`\n`);
  return `{${Object.entries(all)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(',')}}`;
}

function seconds(at: Date): number {
  return Math.floor(at.getTime() / 1000);
}
