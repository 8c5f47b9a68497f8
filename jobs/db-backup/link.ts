// db-backup link: connects this machine with Dropbox, over SSH and without a browser of its own.
import { dirname } from 'node:path';
import { OpsError } from '../../lib/base/errors.ts';
import type { DropboxStoreConfig } from '../../lib/config/config.ts';
import { createDirectories, writeFileAtomically } from '../../lib/files/durable.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { CommandRun } from '../../lib/run/job.ts';
import { run as test } from './test.ts';

export const run: CommandRun = async (context, input) => {
  const store = requireDropbox(context);
  const { refreshToken, missingScopes } = await link(context, store);
  for (const scope of missingScopes) {
    context.log.warn(`the app lacks the permission ${scope}: allow it in the app console, then link again`);
  }
  if (input.flag('print')) {
    return { result: { refreshToken }, lines: [refreshToken], badNews: missingScopes.length > 0 };
  }
  const path = store.refreshTokenFile;
  await createDirectories(dirname(path), 0o700);
  await writeFileAtomically(path, `${refreshToken}\n`, { mode: 0o600 });
  context.noteLeft(`the refresh token is in ${path}`);
  const tested = await test(context, input);
  return {
    ...tested,
    lines: [`linked; the refresh token is in ${path}, readable by this user only`, ...tested.lines],
  };
};

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
