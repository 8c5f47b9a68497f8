// health-check status: how the checks stood when they were asked last. Asks nothing anew.
import { formatDuration } from '../../lib/base/format.ts';
import type { Finding } from '../../lib/base/finding.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, View } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import type * as parameters from './parameters.ts';
import { answerFindings, type Answers, answersOf, answersText, requireFormat } from './steps/answers.ts';

/** The timer asks every five minutes: what is older was not asked for a reason. */
const staleMs = 30 * 60_000;

export async function run(
  context: JobContext,
  { format: word, brief }: Options<typeof parameters.status>,
): Promise<Outcome<Answers>> {
  const format = requireFormat(word);
  const states = context.history.checkStates();
  const times = states.map(({ at }) => at.getTime());
  const at = times.length === 0 ? undefined : new Date(Math.max(...times));
  return {
    result: answersOf(context, states, { at, format, brief }),
    findings: [...staleFindings(context, at), ...answerFindings(states)],
  };
}

export function text(answers: Answers, view: View): string[] {
  const stale = view.findings.filter(({ subject }) => subject === ownSubject);
  return [
    ...answersText(answers, view),
    ...(answers.format === 'table'
      ? stale.map(({ message, hint }) => `UNKNOWN  ${message}; ${hint ?? ''}`)
      : []),
  ];
}

const ownSubject = 'health-check';

/** Old answers say nothing of now. */
function staleFindings({ clock }: JobContext, at: Date | undefined): Finding[] {
  if (at === undefined)
    return [
      {
        subject: ownSubject,
        severity: 'unknown',
        message: 'no check was asked yet',
        hint: 'ask now: health-check run',
      },
    ];
  const ageMs = clock.now().getTime() - at.getTime();
  if (Math.abs(ageMs) <= staleMs) return [];
  return [
    {
      subject: ownSubject,
      severity: 'unknown',
      message: `the checks were not asked for ${formatDuration(Math.abs(ageMs))}: this is how it was then`,
      hint: 'whether the timer runs: systemctl status health-check.timer; ask now: health-check run',
    },
  ];
}
