// alert-send test: one message through each channel, and how each of them took it.
import { OpsError } from '../../lib/base/errors.ts';
import { formatTable } from '../../lib/base/table.ts';
import type { Channel } from '../../lib/notify/channel.ts';
import { testMessage } from '../../lib/notify/compose.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Finding } from '../../lib/base/finding.ts';
import type { Outcome, Steps, View } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import type { Alerts } from '../../lib/run/open-alerts.ts';
import type * as parameters from './parameters.ts';
import { setbackOf } from './steps/send-due.ts';

interface Trial {
  channel: string;
  ok: boolean;
  detail: string;
  hint: string | undefined;
}

type Given = Options<typeof parameters.test>;

interface Trials {
  channels: Trial[];
}

export function run(context: JobContext): Promise<Outcome<Trials>> {
  return tryChannels(context, (alerts, channel) => trial(context, alerts, channel));
}

export function text({ channels }: Trials, view: View): string[] {
  return [
    ...formatTable(
      channels.map(({ channel, ok, detail }) => [ok ? 'ok' : 'FAILED', channel, detail]),
      view,
    ),
    ...channels.flatMap(({ channel, hint }) => (hint === undefined ? [] : [`hint for ${channel}: ${hint}`])),
  ];
}

export const plan: Steps<Given, Trials> = {
  run: (context) =>
    tryChannels(context, async (alerts, { name }) => {
      const { title } = messageFor(context, alerts, name);
      return { channel: name, ok: true, detail: `would send: ${title}`, hint: undefined };
    }),
  text,
};

async function tryChannels(
  context: JobContext,
  tryOne: (alerts: Alerts, channel: Channel) => Promise<Trial>,
): Promise<Outcome<Trials>> {
  const alerts = await context.openAlerts();
  const channels: Trial[] = [];
  for (const channel of alerts.channels) channels.push(await tryOne(alerts, channel));
  if (context.config.alerts?.desktop?.isThere === false) {
    const detail = `not used: ${noSession}`;
    channels.push({ channel: 'desktop', ok: true, detail, hint: undefined });
  }
  if (alerts.ping !== undefined) {
    const detail = `not tried: it hears of real runs only (${alerts.ping.checks.join(', ')})`;
    channels.push({ channel: 'ping', ok: true, detail, hint: undefined });
  }
  if (alerts.channels.length === 0) requireSomebody(context, alerts);
  return { result: { channels }, findings: channels.flatMap(findingOf) };
}

function findingOf({ channel, ok, detail, hint }: Trial): Finding[] {
  return ok ? [] : [{ subject: channel, severity: 'critical', message: detail, hint }];
}

function messageFor({ clock }: JobContext, alerts: Alerts, channel: string) {
  return testMessage(channel, { ...alerts, now: clock.now().getTime() });
}

async function trial(context: JobContext, alerts: Alerts, channel: Channel): Promise<Trial> {
  const { name } = channel;
  try {
    await channel.send(messageFor(context, alerts, name), context.signal);
    return { channel: name, ok: true, detail: 'has taken a message; is it there?', hint: undefined };
  } catch (error) {
    const { message: detail, hint } = setbackOf(error);
    return { channel: name, ok: false, detail, hint };
  }
}

/** Of a terminal of root's, of sudo and of each unit that is so, whoever sits before the screen. */
const noSession = 'there is no desktop session here; only what is started in it, as its user, has one';

function requireSomebody({ config }: JobContext, { ping }: Alerts): void {
  if (ping !== undefined) return;
  const why = config.alerts?.desktop === undefined ? 'no channel can be used here' : noSession;
  throw new OpsError('config', `cannot test alerts: ${why}`, {
    hint: 'set NTFY_TOPIC or SLACK_WEBHOOK_URL, or write [alerts.ntfy] or [alerts.slack]',
  });
}
