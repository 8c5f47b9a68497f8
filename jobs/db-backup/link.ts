// db-backup link: connects this machine with Dropbox, over SSH and without a browser of its own.
import { dirname } from 'node:path';
import { OpsError } from '../../lib/base/errors.ts';
import { type DropboxStoreConfig, guardedApps } from '../../lib/config/config.ts';
import { writeFileAtomically } from '../../lib/files/durable.ts';
import { createDirectories } from '../../lib/files/make-directories.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Finding } from '../../lib/base/finding.ts';
import type { Outcome, View } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import type * as parameters from './parameters.ts';
import { type Trials, trialsText, tryEverything } from './steps/try-everything.ts';

/** The token where it is asked for; else where it is kept, and how everything that a backup needs went with it. */
interface Linked extends Partial<Trials> {
  refreshToken?: string;
  refreshTokenFile?: string;
}

export async function run(
  context: JobContext,
  { print }: Options<typeof parameters.link>,
): Promise<Outcome<Linked>> {
  const store = requireDropbox(context);
  const { refreshToken, missingScopes } = await link(context, store);
  const missing = missingScopes.map(missingScope);
  for (const { message, hint } of missing) context.log.warn(`${message}: ${hint}`);
  if (print) return { result: { refreshToken }, findings: missing };
  const refreshTokenFile = store.refreshTokenFile;
  await createDirectories(dirname(refreshTokenFile), 0o700);
  await writeFileAtomically(refreshTokenFile, `${refreshToken}\n`, { mode: 0o600 });
  context.noteLeft(`the refresh token is in ${refreshTokenFile}`);
  // On a new machine there may be none yet: what there was is in the store.
  const { result, findings } = await tryEverything(context, guardedApps(context.config), { dryRun: false });
  return { result: { refreshTokenFile, ...result }, findings: [...missing, ...findings] };
}

export function text({ refreshToken, refreshTokenFile = '', checks = [] }: Linked, view: View): string[] {
  if (refreshToken !== undefined) return [refreshToken];
  return [
    `linked; the refresh token is in ${refreshTokenFile}, readable by this user only`,
    ...trialsText({ checks }, view),
  ];
}

function missingScope(scope: string) {
  return {
    subject: 'dropbox',
    severity: 'warning',
    message: `the app lacks the permission ${scope}`,
    hint: 'allow it in the app console, then link again',
  } satisfies Finding;
}

function requireDropbox({ config }: JobContext): DropboxStoreConfig {
  if (config.store.kind === 'dropbox') return config.store;
  throw new OpsError('config', `cannot link with Dropbox: ${config.source} keeps copies in a directory`, {
    hint: 'set kind = "dropbox" under [store], or set DROPBOX_APP_KEY and unset HOLDFAST_STORE',
  });
}

async function link({ ask, signal }: JobContext, store: DropboxStoreConfig) {
  const { appKey } = store.readCredentials();
  if (appKey === undefined) {
    throw new OpsError('config', 'cannot link with Dropbox: the key of the app is missing', {
      hint: 'make an app with a folder of its own at https://www.dropbox.com/developers/apps, and set DROPBOX_APP_KEY',
    });
  }
  const { beginLink } = await import('../../lib/store/dropbox/link.ts');
  const { origin, timeoutMs } = store;
  const { url, finish } = beginLink({ appKey, origin, timeoutMs, signal });
  const code = await ask(
    `Open this address in any browser, allow access, and copy the code:\n\n  ${url}\n\nCode: `,
  );
  if (code !== undefined && /^[\x21-\x7e]{1,512}$/.test(code)) return finish(code);
  throw new OpsError('usage', 'cannot link with Dropbox: no code was given', {
    hint: 'run db-backup link in a terminal, and paste the code that the page shows',
  });
}
