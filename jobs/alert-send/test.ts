// alert-send test: one message through each channel, and how each of them took it.
import { OpsError } from '../../lib/base/errors.ts';
import { formatTable } from '../../lib/base/format.ts';
import type { Channel } from '../../lib/notify/channel.ts';
import { testMessage } from '../../lib/notify/compose.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { CommandRun } from '../../lib/run/job.ts';
import type { Alerts } from '../../lib/run/open-alerts.ts';
import { setbackOf } from './steps/send-due.ts';

interface Trial {
  channel: string;
  ok: boolean;
  detail: string;
  hint: string | undefined;
}

export const run: CommandRun = async (context, input) => {
  const alerts = await context.openAlerts();
  const trials: Trial[] = [];
  for (const channel of alerts.channels) trials.push(await trial(context, alerts, channel, input.dryRun));
  if (context.config.alerts?.desktop?.isThere === false)
    trials.push({
      channel: 'desktop',
      ok: true,
      detail: 'not used: there is no desktop session here',
      hint: undefined,
    });
  if (alerts.ping !== undefined) {
    const detail = `not tried: it hears of real runs only (${alerts.ping.checks.join(', ')})`;
    trials.push({ channel: 'ping', ok: true, detail, hint: undefined });
  }
  if (alerts.channels.length === 0) requireSomebody(alerts);
  return {
    result: { channels: trials },
    lines: [
      ...formatTable(trials.map(({ channel, ok, detail }) => [ok ? 'ok' : 'FAILED', channel, detail])),
      ...trials.flatMap(({ channel, hint }) => (hint === undefined ? [] : [`hint for ${channel}: ${hint}`])),
    ],
    badNews: trials.some(({ ok }) => !ok),
  };
};

async function trial(context: JobContext, alerts: Alerts, channel: Channel, dryRun: boolean): Promise<Trial> {
  const { host, link, configOption } = alerts;
  const now = context.clock.now().getTime();
  const message = testMessage(channel.name, { host, link, configOption, now });
  const done = { channel: channel.name, ok: true, hint: undefined };
  if (dryRun) return { ...done, detail: `would send: ${message.title}` };
  try {
    await channel.send(message, context.signal);
    return { ...done, detail: 'has taken a message; is it there?' };
  } catch (error) {
    const { message: detail, hint } = setbackOf(error);
    return { channel: channel.name, ok: false, detail, hint };
  }
}

function requireSomebody({ ping }: Alerts): void {
  if (ping !== undefined) return;
  throw new OpsError('config', 'cannot test alerts: no channel can be used here', {
    hint: 'set NTFY_TOPIC or SLACK_WEBHOOK_URL, or write [alerts.ntfy] or [alerts.slack]',
  });
}
