// Which variables of the environment hold secrets: the one table. A test reads every secret of the configuration
// and finds its variable here; other programs are started without them.

/** Their names. */
export const secretVariables = [
  'DROPBOX_APP_KEY',
  'DROPBOX_APP_SECRET',
  'DROPBOX_REFRESH_TOKEN',
  'DROPBOX_ACCESS_TOKEN',
  'NTFY_TOKEN',
  'NTFY_TOPIC',
  'SLACK_WEBHOOK_URL',
  'HEALTHCHECKS_PING_URL',
  'RSYNC_PASSWORD',
  'DATABASE_URL',
  'HOLDFAST_DELTA_KEY',
  'PI_API_KEY',
] as const;

/** The environment as another program may see it. */
export function withoutSecrets(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  const hidden = Object.fromEntries(secretVariables.map((name) => [name, undefined]));
  return { ...environment, ...hidden };
}
