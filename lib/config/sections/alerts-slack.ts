// `[alerts.slack]`: messages in a channel of Slack.
import { z } from 'zod';
import type { SlackConfig } from '../config.ts';
import type { Environment } from '../environment.ts';
import { isSecretGiven, readSecret } from '../secrets.ts';
import { absolutePath } from './values.ts';

export const slackTable = z.strictObject({
  webhook_url_file: absolutePath.optional().describe('holds the address of the incoming webhook, mode 600'),
});

type SlackTable = z.infer<typeof slackTable>;

const webhookUrl = { credential: 'slack-webhook-url', variable: 'SLACK_WEBHOOK_URL' };

/** The table that the environment stands for, where it holds the address. */
export function slackFromEnvironment(environment: Environment): SlackTable | undefined {
  return isSecretGiven({ ...webhookUrl, environment }) ? slackTable.parse({}) : undefined;
}

export function slackConfig({ webhook_url_file: file }: SlackTable, environment: Environment): SlackConfig {
  return { webhookUrlFile: file, readWebhookUrl: () => readSecret({ ...webhookUrl, file, environment }) };
}
