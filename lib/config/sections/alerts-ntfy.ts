// `[alerts.ntfy]`: push messages.
import { z } from 'zod';
import type { NtfyConfig } from '../config.ts';
import { type Environment, nonEmpty } from '../environment.ts';
import { isSecretGiven, readSecret } from '../secrets.ts';
import { absolutePath } from './values.ts';

export const ntfyTable = z.strictObject({
  server: z
    .url({ protocol: /^https?$/, error: 'must be an address such as "https://ntfy.sh"' })
    .default('https://ntfy.sh')
    .describe('the server'),
  topic_file: absolutePath.optional().describe('holds the topic, mode 600: who knows it can read along'),
  token_file: absolutePath
    .optional()
    .describe('holds an access token, mode 600, where the topic is protected'),
});

type NtfyTable = z.infer<typeof ntfyTable>;

const topic = { credential: 'ntfy-topic', variable: 'NTFY_TOPIC' };
const token = { credential: 'ntfy-token', variable: 'NTFY_TOKEN' };

/** The table that the environment stands for, where it holds a topic. */
export function ntfyFromEnvironment(environment: Environment): NtfyTable | undefined {
  if (!isSecretGiven({ ...topic, environment })) return undefined;
  const table = ntfyTable.parse({});
  // Not checked here: a mistake in it must not keep a backup from being made.
  return { ...table, server: nonEmpty(environment.NTFY_SERVER) ?? table.server };
}

export function ntfyConfig(table: NtfyTable, environment: Environment): NtfyConfig {
  const { server, topic_file: topicFile, token_file: tokenFile } = table;
  return {
    server,
    topicFile,
    tokenFile,
    readTopic: () => readSecret({ ...topic, file: topicFile, environment }),
    readToken: () => readSecret({ ...token, file: tokenFile, environment }),
  };
}
