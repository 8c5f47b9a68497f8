// alert-send deliver: takes the spool in, then says on each channel what it has to say. What fails is for the next run.
import { formatCount } from '../../lib/base/format.ts';
import { dueNotices } from '../../lib/incident/due.ts';
import { compose } from '../../lib/notify/compose.ts';
import type { CommandRun, Outcome } from '../../lib/run/job.ts';
import { Desk } from './steps/desk.ts';
import { sendPings } from './steps/send-pings.ts';
import { type Attempt, sendDue } from './steps/send-due.ts';
import { peek, takeIn } from './steps/take-in.ts';

/** After so long nothing new is begun: one attempt takes ten seconds at most. */
const beginMsMax = 45_000;

export const run: CommandRun = async (context, input) => {
  const alerts = await context.openAlerts();
  if (input.dryRun) return plan(new Desk(context, alerts, await peek(context, alerts)));
  await using lock = await context.lock({ scope: 'alert-send' }, 'alert-send deliver');
  void lock;
  const before = (await alerts.states.look(context.clock.now().getTime())).state;
  const taken = await takeIn(context, alerts);
  const desk = new Desk(context, alerts, taken, { isImpatient: input.flag('now') });
  await desk.settle(before, taken.names);
  const startedMs = context.clock.monotonicMs();
  const hasTime = () => context.clock.monotonicMs() - startedMs < beginMsMax;
  const attempts: Attempt[] = [];
  // Twice, because one channel may have learnt of another's trouble.
  for (let round = 1; round <= 2; round += 1) {
    for (const channel of alerts.channels) attempts.push(...(await sendDue(desk, channel, hasTime)));
  }
  attempts.push(...(await sendPings(desk, hasTime)));
  return outcomeOf(taken.names.length, attempts);
};

function plan(desk: Desk): Outcome {
  const { alerts, state, now, clockTrusted } = desk;
  const messages = alerts.channels.flatMap(({ name }) =>
    dueNotices(state, name, alerts.policy, { now, clockTrusted }).map((notice) => ({
      channel: name,
      ...compose(notice, { ...alerts, now }),
    })),
  );
  const pings = state.pings.map(({ check, kind }) => ({ check, kind }));
  return {
    result: { messages, pings },
    lines: [
      ...messages.flatMap(({ channel, title, body }) => [
        `would send through ${channel}: ${title}`,
        ...body.split('\n').map((line) => `    ${line}`),
      ]),
      ...pings.map(({ check, kind }) => `would tell the dead-man's switch: ${check} ${kind}`),
      ...(messages.length + pings.length === 0 ? ['nothing is due'] : []),
    ],
    badNews: false,
  };
}

/** A channel that does not answer is a warning with another try; what it refused for good is bad news. */
function outcomeOf(taken: number, attempts: readonly Attempt[]): Outcome {
  const of = (outcome: Attempt['outcome']) => attempts.filter((attempt) => attempt.outcome === outcome);
  return {
    result: { taken, delivered: of('delivered'), waiting: of('failed'), refused: of('refused') },
    lines: [
      ...attempts.map(({ channel, title, outcome, reason }) =>
        outcome === 'delivered' ? `${channel}: ${title}` : `${channel}: ${outcome}: ${title}: ${reason}`,
      ),
      `${formatCount(taken, 'record')} taken in, ${formatCount(of('delivered').length, 'message')} delivered`,
    ],
    badNews: of('refused').length > 0,
  };
}
