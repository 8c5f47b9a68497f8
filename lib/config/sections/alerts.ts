// `[alerts]`: who is told when something went wrong, and of what. The environment alone is enough.
import { z } from 'zod';
import type { AlertsConfig } from '../config.ts';
import type { Environment } from '../environment.ts';
import { desktopConfig, desktopKey } from './alerts-desktop.ts';
import { ntfyConfig, ntfyFromEnvironment, ntfyTable } from './alerts-ntfy.ts';
import { pingConfig, pingFromEnvironment, pingTable } from './alerts-ping.ts';
import { policyConfig, policyKeys } from './alerts-policy.ts';
import { slackConfig, slackFromEnvironment, slackTable } from './alerts-slack.ts';

export const alertsTable = z.strictObject({
  ntfy: ntfyTable.optional().describe('push messages'),
  slack: slackTable.optional().describe('messages in a channel of Slack'),
  desktop: desktopKey,
  ping: pingTable.optional().describe("a dead-man's switch outside, in the way of healthchecks.io"),
  ...policyKeys,
  link: z
    .url({ protocol: /^https?$/, error: 'must be an address such as "https://pi.example.ts.net/ops/"' })
    .optional()
    .describe('a page that a tap on a message opens'),
});

type AlertsTable = z.infer<typeof alertsTable>;

/**
 * Of a file without `[alerts]`, and of one whose `[alerts]` names no channel, the environment, or systemd's credentials,
 * name the channels. Undefined where there is no table either: nobody is told.
 */
export function alertsConfig(
  table: AlertsTable | undefined,
  environment: Environment,
  timeZone: string,
): AlertsConfig | undefined {
  if (table !== undefined && namesChannel(table)) return complete(table, environment, timeZone);
  const channels = {
    ntfy: ntfyFromEnvironment(environment),
    slack: slackFromEnvironment(environment),
    ping: pingFromEnvironment(environment),
  };
  const isAny = Object.values(channels).some((channel) => channel !== undefined);
  if (table === undefined && !isAny) return undefined;
  return complete({ ...(table ?? alertsTable.parse({})), ...channels }, environment, timeZone);
}

function namesChannel({ ntfy, slack, ping, desktop }: AlertsTable): boolean {
  return desktop || (ntfy ?? slack ?? ping) !== undefined;
}

function complete(table: AlertsTable, environment: Environment, timeZone: string): AlertsConfig {
  const { ntfy, slack, desktop, ping } = table;
  return {
    policy: policyConfig(table, timeZone),
    link: table.link,
    ntfy: ntfy && ntfyConfig(ntfy, environment),
    slack: slack && slackConfig(slack, environment),
    desktop: desktop ? desktopConfig(environment) : undefined,
    ping: ping && pingConfig(ping, environment),
  };
}
