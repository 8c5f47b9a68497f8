// Which variables of the environment hold secrets. Other programs are started without them.

/** Their names. */
export const secretVariables = [
  'DROPBOX_APP_SECRET',
  'DROPBOX_REFRESH_TOKEN',
  'DROPBOX_ACCESS_TOKEN',
  'NTFY_TOKEN',
  'NTFY_TOPIC',
  'SLACK_WEBHOOK_URL',
] as const;
