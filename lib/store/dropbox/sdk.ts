// The only importer of the dropbox package: its generated calls, sent through our own transport, with failures as ours.
import { Dropbox, DropboxResponseError } from 'dropbox';
import { failureOf, strangerFailure } from './failure.ts';
import type { SentBody, Transport } from './transport.ts';

export type { files } from 'dropbox';

/** The generated calls. */
export type SdkCalls = Dropbox;

interface SdkRequest {
  headers: Record<string, string>;
  body?: SentBody | string | null;
}

/**
 * Makes one generated call, picked by `send`, and returns its result, of which nothing is known but that it was JSON.
 * Throws DropboxFailure.
 *
 * The SDK's conveniences are not used: its refresh puts the secrets into the address, and its plain calls neither
 * hash, retry nor time out (version 10.47.0).
 */
export async function callSdk(
  transport: Transport,
  accessToken: string,
  signal: AbortSignal,
  send: (calls: SdkCalls) => Promise<{ result: unknown }>,
): Promise<unknown> {
  // A new one for each call, so that token and signal belong to this call alone.
  const calls = new Dropbox({
    accessToken,
    fetch: (url: string, { headers, body }: SdkRequest) =>
      transport.exchange({ url, headers, body: body ?? undefined, signal }),
  });
  try {
    const { result } = await send(calls);
    // The SDK resolves with the text when a reply is not JSON: a captive portal's page, or JSON cut in half.
    if (typeof result !== 'object') throw strangerFailure('a reply that is not JSON');
    return result;
  } catch (error) {
    throw asFailure(error);
  }
}

function asFailure(error: unknown): unknown {
  if (!(error instanceof DropboxResponseError)) return error;
  const { status, error: body } = error as DropboxResponseError<unknown>;
  const headers = error.headers as Headers;
  return failureOf({ status, header: (name) => headers.get(name), body });
}
