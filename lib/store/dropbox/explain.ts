// A failed call as the error of an operation on the store: what could not be done, why, and what helps.
import { OpsError } from '../../base/errors.ts';
import { formatBytes } from '../../base/format.ts';
import type { StoreSpace } from '../store.ts';
import { DropboxFailure } from './failure.ts';
import { linkHint } from './tokens.ts';

/**
 * `act` completes "cannot …"; `space` asks how full Dropbox is, for the one failure where that is the news. Whatever is
 * not a DropboxFailure comes back as it is.
 */
export async function explainFailure(
  act: string,
  error: unknown,
  space: () => Promise<StoreSpace>,
): Promise<unknown> {
  if (!(error instanceof DropboxFailure)) return error;
  const cannot = (kind: ConstructorParameters<typeof OpsError>[0], why: string, hint: string) =>
    new OpsError(kind, `cannot ${act}: ${why}`, { hint, cause: error });
  const { kind, message } = error;
  if (kind === 'scope') {
    return cannot('denied', `the app lacks the permission ${error.requiredScope ?? ''}`, scopeHint);
  }
  if (kind === 'token') return cannot('denied', message, linkHint);
  if (kind === 'unreachable') {
    const hint = message.includes('the proxy answers')
      ? 'compare HTTPS_PROXY with what the proxy wants, such as http://user:password@proxy.example:3128'
      : 'check the network; an upload goes on where it stopped';
    return cannot('unavailable', message, hint);
  }
  if (kind === 'stranger') {
    return cannot(
      'unavailable',
      message,
      'a login page of this network, or a proxy? open any web page and look',
    );
  }
  if (kind === 'throttled' || kind === 'contended' || kind === 'server') {
    return cannot(
      'unavailable',
      `Dropbox is busy or unwell (${message})`,
      'run it again later; an upload goes on where it stopped',
    );
  }
  if (error.has('insufficient_space') || error.has('insufficient_quota')) {
    return cannot(
      'unavailable',
      `Dropbox is full: ${await howFull(space)}`,
      'free some space there; db-backup prune still works',
    );
  }
  if (error.has('not_found'))
    return cannot('missing', 'it is not there', 'db-backup list-backups shows the names there are');
  if (error.has('conflict'))
    return cannot('refused', `something else has that name (${message})`, 'what is there was not touched');
  if (error.has('malformed_path') || error.has('disallowed_name')) {
    return cannot(
      'usage',
      `Dropbox does not take the name (${message})`,
      'use letters, digits, "." "_" and "-"',
    );
  }
  if (error.has('no_write_permission') || error.has('access_restricted') || error.has('restricted_content')) {
    return cannot('denied', `Dropbox does not allow it (${message})`, 'look at the folder on dropbox.com');
  }
  if (error.status === 401 || error.status === 403) return cannot('denied', message, linkHint);
  return cannot('unavailable', message, 'run it again with --verbose; report it if it stays');
}

const scopeHint =
  'allow it under Permissions in the app console (https://www.dropbox.com/developers/apps), then: db-backup link';

async function howFull(space: () => Promise<StoreSpace>): Promise<string> {
  try {
    const { freeBytes, totalBytes } = await space();
    if (freeBytes === undefined || totalBytes === undefined) return 'it says no more';
    return `${formatBytes(freeBytes)} of ${formatBytes(totalBytes)} are free`;
  } catch {
    return 'it does not say how much is free';
  }
}
