// Alerts, from the file and the environment. The environment alone is enough.
import type { AlertPolicy } from '../incident/policy.ts';
import { alertsSchema } from './alerts-schema.ts';
import type { AlertsConfig } from './config.ts';
import { type Environment, nonEmpty } from './environment.ts';
import type { ConfigFile } from './schema.ts';
import { isSecretGiven, readSecret, type SecretPlace } from './secrets.ts';

type AlertsTable = NonNullable<ConfigFile['alerts']>;

const hourMs = 60 * 60_000;
const dayMs = 24 * hourMs;

/** Where the channels' secrets may be; `file` is what the configuration names. */
const places = {
  topic: { credential: 'ntfy-topic', variable: 'NTFY_TOPIC' },
  token: { credential: 'ntfy-token', variable: 'NTFY_TOKEN' },
  webhookUrl: { credential: 'slack-webhook-url', variable: 'SLACK_WEBHOOK_URL' },
  pingUrl: { credential: 'ping-url', variable: 'HEALTHCHECKS_PING_URL' },
};

/** Of a file without `[alerts]`, and of one whose `[alerts]` names no channel, the environment names the channels. */
export function alertsFromFile(
  table: ConfigFile['alerts'],
  environment: Environment,
  timeZone: string,
): AlertsConfig | undefined {
  if (table === undefined) return alertsFromEnvironment(environment, timeZone);
  const isNamed = table.ntfy ?? table.slack ?? table.ping ?? (table.desktop ? {} : undefined);
  return alertsConfig(
    isNamed === undefined ? { ...table, ...given(environment) } : table,
    environment,
    timeZone,
  );
}

/** Alerts where the environment, or systemd's credentials, hold what a channel needs; else undefined: nobody is told. */
export function alertsFromEnvironment(environment: Environment, timeZone: string): AlertsConfig | undefined {
  const channels = given(environment);
  const isAny = Object.values(channels).some((channel) => channel !== undefined);
  return isAny ? alertsConfig({ ...alertsSchema.parse({}), ...channels }, environment, timeZone) : undefined;
}

function given(environment: Environment): Pick<AlertsTable, 'ntfy' | 'slack' | 'ping'> {
  const has = (place: Omit<SecretPlace, 'environment'>) => isSecretGiven({ ...place, environment });
  const table = alertsSchema.parse({ ntfy: {}, slack: {}, ping: {} });
  return {
    // Not checked here: a mistake in it must not keep a backup from being made.
    ntfy: has(places.topic)
      ? { server: nonEmpty(environment.NTFY_SERVER) ?? table.ntfy?.server ?? '' }
      : undefined,
    slack: has(places.webhookUrl) ? {} : undefined,
    ping: has(places.pingUrl) ? table.ping : undefined,
  };
}

function alertsConfig(table: AlertsTable, environment: Environment, timeZone: string): AlertsConfig {
  const secret = (place: Omit<SecretPlace, 'environment'>) => readSecret({ ...place, environment });
  const { ntfy, slack, ping } = table;
  return {
    policy: policyOf(table, timeZone),
    link: table.link,
    ntfy: ntfy && {
      server: ntfy.server,
      topicFile: ntfy.topic_file,
      tokenFile: ntfy.token_file,
      readTopic: () => secret({ ...places.topic, file: ntfy.topic_file }),
      readToken: () => secret({ ...places.token, file: ntfy.token_file }),
    },
    slack: slack && {
      webhookUrlFile: slack.webhook_url_file,
      readWebhookUrl: () => secret({ ...places.webhookUrl, file: slack.webhook_url_file }),
    },
    desktop: table.desktop ? { isThere: hasDesktopSession(environment) } : undefined,
    ping: ping && {
      urlFile: ping.url_file,
      readUrl: () => secret({ ...places.pingUrl, file: ping.url_file }),
      checks: ping.jobs,
      create: ping.create,
    },
  };
}

function policyOf(table: AlertsTable, timeZone: string): AlertPolicy {
  const { failures, recoveries, skips, interruptions, jobs, quiet } = table;
  return {
    failures,
    recoveries,
    skips,
    interruptions,
    jobs,
    reminders: table.reminder_hours.map((hours) => hours * hourMs),
    escalateAfter: table.escalate_hours * hourMs,
    quiet: quiet && { ...quiet, timeZone },
    canaryEvery: table.canary_days === 0 ? undefined : table.canary_days * dayMs,
  };
}

/** Without all of it a message would be lost in silence. */
function hasDesktopSession({ DISPLAY, WAYLAND_DISPLAY, DBUS_SESSION_BUS_ADDRESS }: Environment): boolean {
  const hasScreen = (nonEmpty(DISPLAY) ?? nonEmpty(WAYLAND_DISPLAY)) !== undefined;
  return hasScreen && nonEmpty(DBUS_SESSION_BUS_ADDRESS) !== undefined;
}
