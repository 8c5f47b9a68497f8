// One GET, of which only the status matters.
import { errorCode, errorMessage, OpsError } from '../base/errors.ts';
import { formatDuration } from '../base/format.ts';

const redirectsMax = 5;
const drainedBytesMax = 64 * 1024;

/**
 * Asks `url` and returns in words that it answered 2xx. Redirects are followed on the same host only: a login page
 * elsewhere says nothing about the app. Throws OpsError `unavailable` for any other answer and for none within
 * `timeoutMs`, `config` for what is no URL or holds a password, and the signal's reason when it aborts.
 */
export async function getUrl(
  url: string,
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
): Promise<string> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  let target = requireUrl(url);
  try {
    for (let redirects = 0; redirects <= redirectsMax; redirects += 1) {
      const response = await fetch(target, { redirect: 'manual', signal: limit });
      await drain(response);
      if (response.ok) return `${plain(target)} answers ${response.status}`;
      target = redirection(response, target);
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof OpsError) throw error;
    const why = limit.aborted ? `no answer within ${formatDuration(timeoutMs)}` : networkCause(error);
    throw new OpsError('unavailable', `cannot get ${plain(target)}: ${why}`, { cause: error });
  }
  throw new OpsError('unavailable', `cannot get ${plain(target)}: too many redirects`);
}

function requireUrl(text: string): URL {
  const url = URL.parse(text);
  if (url === null) throw new OpsError('config', `cannot get ${JSON.stringify(text)}: it is not a URL`);
  if (url.username === '' && url.password === '') return url;
  // fetch would refuse it with a message that shows the password.
  throw new OpsError('config', `cannot get ${plain(url)}: the URL holds a user name or password`, {
    hint: 'use a command instead, for example curl with --netrc',
  });
}

function redirection(response: Response, from: URL): URL {
  const location = response.headers.get('location');
  if (response.status < 300 || response.status > 399 || location === null) {
    throw new OpsError('unavailable', `cannot get ${plain(from)}: it answers ${response.status}`);
  }
  const to = URL.parse(location, from);
  if (to?.hostname === from.hostname) return to;
  throw new OpsError(
    'unavailable',
    `cannot get ${plain(from)}: it redirects to ${to === null ? 'no valid address' : `another host, ${to.host}`}`,
  );
}

/** Reads the body to its end, so that the connection closes well, but not for ever. */
async function drain(response: Response): Promise<void> {
  let bytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > drainedBytesMax) break; // leaving the loop cancels the rest
  }
}

function plain({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname}`;
}

/** fetch says only "fetch failed"; what happened is in its cause. */
function networkCause(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  if (errorCode(cause) === 'ECONNREFUSED') return 'connection refused';
  return errorMessage(cause) || (errorCode(cause) ?? 'no connection');
}
