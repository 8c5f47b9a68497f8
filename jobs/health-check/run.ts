// health-check run: asks what is due, remembers the answers, and leaves for alert-send what people have to know.
import { isAbsolute } from 'node:path';
import { OpsError } from '../../lib/base/errors.ts';
import { writeFileAtomically } from '../../lib/files/durable.ts';
import { prometheusText } from '../../lib/health/prometheus.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, View } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import { forgetOld } from '../../lib/run/trace.ts';
import type * as parameters from './parameters.ts';
import { answerFindings, type Answers, answersOf, answersText, requireFormat } from './steps/answers.ts';
import { checkAll } from './steps/check-all.ts';
import { tellAlarms } from './steps/tell-alarms.ts';

export async function run(
  context: JobContext,
  { format: word, textfile, brief }: Options<typeof parameters.run>,
): Promise<Outcome<Answers>> {
  const format = requireFormat(word);
  requireTextfile(textfile);
  await using lock = await context.lock({ scope: 'health-check' }, 'health-check run');
  void lock;
  // A person wants to know how it is now, and sees it.
  const { states, record } = await checkAll(context, { isAll: context.attended });
  context.history.recordChecks(record);
  await forgetOld(context);
  if (!context.attended) await tellAlarms(context, states);
  const answers = answersOf(context, states, { at: record.at, format, brief });
  if (textfile !== undefined)
    await writeFileAtomically(textfile, prometheusText(answers.checks, answers.jobs, record.at));
  return { result: answers, findings: answerFindings(states) };
}

export function text(answers: Answers, view: View): string[] {
  return answersText(answers, view);
}

/** node_exporter reads what ends so, and nothing else. */
function requireTextfile(path: string | undefined): void {
  if (path === undefined || (isAbsolute(path) && path.endsWith('.prom'))) return;
  throw new OpsError(
    'usage',
    `cannot write ${JSON.stringify(path)}: it must be an absolute path that ends in .prom`,
    {
      hint: 'for example --textfile /var/lib/prometheus/node-exporter/holdfast.prom',
    },
  );
}
