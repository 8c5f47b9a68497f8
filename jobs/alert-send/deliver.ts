// alert-send deliver: takes the spool in, then says on each channel what it has to say. What fails is for the next run.
import { formatCount } from '../../lib/base/format.ts';
import { dueNotices } from '../../lib/incident/due.ts';
import { compose } from '../../lib/notify/compose.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Finding } from '../../lib/base/finding.ts';
import type { Outcome, Steps } from '../../lib/run/job.ts';
import { tellLostRuns } from '../../lib/run/lost-runs.ts';
import type { Options } from '../../lib/run/parameter.ts';
import type * as parameters from './parameters.ts';
import { nextCommand } from '../steps/next-command.ts';
import { keepIncidents } from './steps/keep-incidents.ts';
import { Desk } from './steps/desk.ts';
import { sendPings } from './steps/send-pings.ts';
import { type Attempt, sendDue } from './steps/send-due.ts';
import { peek, takeIn } from './steps/take-in.ts';

/** After so long nothing new is begun: one attempt takes ten seconds at most. */
const beginMsMax = 45_000;

type Given = Options<typeof parameters.deliver>;

interface Delivery {
  /** How many records of the spool were taken in. */
  taken: number;
  delivered: Attempt[];
  /** What failed, and is tried again. */
  waiting: Attempt[];
  /** What was refused for good. */
  refused: Attempt[];
  /** All of these, in the order in which they were tried. */
  attempts: Attempt[];
}

interface DeliveryPlan {
  messages: { channel: string; title: string; body: string }[];
  pings: { check: string; kind: string }[];
}

export async function run(context: JobContext, { now }: Given): Promise<Outcome<Delivery>> {
  await context.keepSettings();
  // A timer that finds nobody to tell has nothing to do; a person has forgotten something.
  if (context.config.alerts === undefined && !context.attended) return outcomeOf(0, []);
  const alerts = await context.openAlerts();
  await using lock = await context.lock({ scope: 'alert-send' }, 'alert-send deliver');
  void lock;
  await tellLostRuns(context, { nextCommand: (ended) => nextCommand('alert-send', ended) });
  const before = (await alerts.states.look(context.clock.now().getTime())).state;
  const taken = await takeIn(context, alerts);
  const desk = new Desk(context, alerts, taken, { isImpatient: now });
  await desk.settle(before, taken.names);
  keepIncidents(context, before, desk.state);
  const startedMs = context.clock.monotonicMs();
  const hasTime = () => context.clock.monotonicMs() - startedMs < beginMsMax;
  const attempts: Attempt[] = [];
  // Twice, because one channel may have learnt of another's trouble.
  for (let round = 1; round <= 2; round += 1) {
    for (const channel of alerts.channels) attempts.push(...(await sendDue(desk, channel, hasTime)));
    if (round === 1) attempts.push(...(await sendPings(desk, hasTime)));
  }
  return outcomeOf(taken.names.length, attempts);
}

export function text({ taken, attempts, delivered }: Delivery): string[] {
  return [
    ...attempts.map(({ channel, title, outcome, reason }) =>
      outcome === 'delivered' ? `${channel}: ${title}` : `${channel}: ${outcome}: ${title}: ${reason}`,
    ),
    `${formatCount(taken, 'record')} taken in, ${formatCount(delivered.length, 'message')} delivered`,
  ];
}

export const plan: Steps<Given, DeliveryPlan> = {
  async run(context) {
    const alerts = await context.openAlerts();
    const { state, now, clockTrusted } = new Desk(context, alerts, await peek(context, alerts));
    const messages = alerts.channels.flatMap(({ name: channel }) =>
      dueNotices(state, channel, alerts.policy, { now, clockTrusted }).map((notice) => {
        const { title, body } = compose(notice, { ...alerts, now });
        return { channel, title, body };
      }),
    );
    const pings = state.pings.map(({ check, kind }) => ({ check, kind }));
    return { result: { messages, pings }, findings: [] };
  },
  text: ({ messages, pings }) => [
    ...messages.flatMap(({ channel, title, body }) => [
      `would send through ${channel}: ${title}`,
      ...body.split('\n').map((line) => `    ${line}`),
    ]),
    ...pings.map(({ check, kind }) => `would tell the dead-man's switch: ${check} ${kind}`),
    ...(messages.length + pings.length === 0 ? ['nothing is due'] : []),
  ],
};

/**
 * A channel that does not answer is a warning of the log, with another try. What it refused for good is bad news, and so is
 * a setting that a person has to mend first.
 */
function outcomeOf(taken: number, attempts: Attempt[]): Outcome<Delivery> {
  const of = (outcome: Attempt['outcome']) => attempts.filter((attempt) => attempt.outcome === outcome);
  const refused = of('refused');
  const findings = [
    ...refused.map(({ channel, title, reason }): Finding => ({
      subject: channel,
      severity: 'warning',
      message: `it refused a message for good: ${title}: ${reason}`,
      hint: 'alert-send list shows the dead letters',
    })),
    ...of('failed').flatMap(({ channel, title, reason, hint }): Finding[] => {
      if (hint === undefined) return [];
      const message = `its setting has to be mended, and ${title} waits for it: ${reason}`;
      return [{ subject: channel, severity: 'warning', message, hint }];
    }),
  ];
  const result = { taken, delivered: of('delivered'), waiting: of('failed'), refused, attempts };
  return { result, findings };
}
