// A download as one stream, taken up again where it broke, and hashed on its way.
import { OpsError } from '../../base/errors.ts';
import type { FileDigest } from '../../files/digest.ts';
import { createDigester } from '../../files/digester.ts';
import { quoteName } from '../name.ts';
import type { GetOptions, StoreName } from '../store.ts';
import type { DropboxAccess } from './access.ts';
import { downloadUrl, headerJson } from './endpoint.ts';
import { DropboxFailure, failureOfReply, parseBody, strangerFailure } from './failure.ts';
import { lookUpObject, waitAgain } from './look.ts';
import { NoObject, type RemoteFile } from './metadata.ts';
import { readReply } from './replies.ts';
import { bytesOf } from './transport.ts';

/** How often bytes may arrive that are not what Dropbox says they are. */
const corruptMax = 3;

/** What has to come between two breaks, or the second counts as one more of the same series. */
const progressBytes = 256 * 1024;

/** Where the bytes go. `restart` throws away what came so far. */
export interface Sink {
  restart(): Promise<void>;
  take(piece: Uint8Array): Promise<void>;
}

/**
 * Streams the whole file into `sink` and returns its digest; anew when its bytes turn out to be others than Dropbox says,
 * and gives up at the third time. Throws OpsError `damaged`, or DropboxFailure.
 */
export async function fetchProven(
  access: DropboxAccess,
  name: StoreName,
  file: RemoteFile,
  options: GetOptions,
  sink: Sink,
): Promise<Omit<FileDigest, 'path' | 'identity'>> {
  let expected = file;
  for (let corrupt = 1; ; corrupt += 1) {
    const digest = await fetchOnce(access, expected, options, sink);
    if (digest.contentHash === expected.contentHash) return digest;
    if (corrupt === corruptMax) {
      throw new OpsError(
        'damaged',
        `cannot get ${quoteName(name)}: what arrives is not what Dropbox says it is, ${corruptMax} times in a row`,
        { hint: 'something between here and Dropbox alters it; try another network' },
      );
    }
    access.log.warn('what arrived is damaged; it is fetched again', { name });
    await sink.restart();
    // The bytes may be right, and what was said of them wrong.
    const again = await lookUpObject(access, name, options.signal);
    if (again !== undefined && !(again instanceof NoObject) && again.rev === file.rev) expected = again;
  }
}

async function fetchOnce(access: DropboxAccess, file: RemoteFile, options: GetOptions, sink: Sink) {
  let digester = createDigester();
  let doneBytes = 0;
  const state = {
    doneBytes: () => doneBytes,
    async restart() {
      digester = createDigester();
      doneBytes = 0;
      await sink.restart();
    },
    async take(piece: Uint8Array) {
      digester.update(piece);
      await sink.take(piece);
      doneBytes += piece.length;
      options.onProgress?.(doneBytes);
    },
  };
  // Every break that brought enough starts a new series of tries: only standing still, or nearly, gives up.
  for (let [markBytes, lookups] = [0, 0]; doneBytes < file.sizeBytes;) {
    try {
      await access.client.persist(
        async (token) => {
          if (doneBytes >= markBytes + progressBytes) throw new Progress();
          await streamRest(access, token, file, options.signal, state);
        },
        { signal: options.signal },
      );
    } catch (error) {
      if (error instanceof Progress) markBytes = doneBytes;
      // It was just looked at: that it is not there may be as old as the file is young.
      else if (!isNotThere(error) || !(await waitAgain(access, lookups++, options.signal))) throw error;
    }
  }
  return digester.finish();
}

function isNotThere(error: unknown): boolean {
  return error instanceof DropboxFailure && error.has('not_found');
}

/** Not a failure: enough came before the break, so the count of failures begins anew. */
class Progress extends Error {}

interface StreamState {
  doneBytes(): number;
  restart(): Promise<void>;
  take(piece: Uint8Array): Promise<void>;
}

/** One request, from where the bytes so far end. Pinned to one revision: a file that is replaced meanwhile stays whole. */
async function streamRest(
  { client }: DropboxAccess,
  token: string,
  file: RemoteFile,
  callerSignal: AbortSignal | undefined,
  state: StreamState,
): Promise<void> {
  const { transport } = client;
  const from = state.doneBytes();
  const signal = client.signalFor(callerSignal);
  const { response, touch, end } = await transport.open({
    url: downloadUrl,
    headers: {
      authorization: `Bearer ${token}`,
      'dropbox-api-arg': headerJson({ path: `rev:${file.rev}` }),
      ...(from === 0 ? {} : { range: `bytes=${from}-` }),
    },
    signal,
  });
  try {
    if (!response.ok) throw await refusal(response, await transport.readText(response, touch), state);
    requireSameFile(response, file);
    await takeUp(response, from, state);
    for await (const piece of bytesOf(response)) {
      touch();
      transport.options.traffic.receivedBytes += piece.length;
      if (state.doneBytes() + piece.length > file.sizeBytes)
        throw strangerFailure('more bytes than the file has');
      await transport.options.pace(piece.length, signal);
      await state.take(piece);
    }
    if (state.doneBytes() < file.sizeBytes)
      throw new DropboxFailure('unreachable', 'the download was cut off');
  } catch (error) {
    throw signal.aborted ? signal.reason : asBreak(error);
  } finally {
    end();
  }
}

/** A reply that refuses; where it refuses to go on, the next one begins anew. */
async function refusal(response: Response, text: string, state: StreamState): Promise<DropboxFailure> {
  if (response.status !== 416) return failureOfReply(response, text);
  await state.restart();
  return new DropboxFailure('unreachable', 'HTTP 416: the download could not go on where it stopped');
}

/** A server that knows no ranges begins at the beginning, and so do we; one that begins anywhere else is not understood. */
async function takeUp({ status, headers }: Response, from: number, state: StreamState): Promise<void> {
  if (from > 0 && status !== 206) return state.restart();
  const range = headers.get('content-range');
  if (status === 206 && range !== null && Number(/^bytes (\d+)-/.exec(range)?.[1]) !== from)
    throw strangerFailure('another part of the file');
}

/** Where the reply says which file it is, it must be the one that was asked for. */
function requireSameFile(response: Response, file: RemoteFile): void {
  const text = response.headers.get('dropbox-api-result');
  if (text === null) {
    const type = response.headers.get('content-type') ?? '';
    if (type.startsWith('text/html')) throw strangerFailure(`HTTP ${response.status}, a web page`);
    return; // the hash at the end decides
  }
  const { rev, size } = readReply(parseBody(text), (fields) => ({
    rev: fields.text('rev'),
    size: fields.count('size'),
  }));
  if (rev !== file.rev || size !== file.sizeBytes) throw strangerFailure('a download of another file');
}

function asBreak(error: unknown): unknown {
  if (error instanceof DropboxFailure || error instanceof OpsError) return error;
  if (error instanceof TypeError) {
    return new DropboxFailure('unreachable', 'the download was cut off', { cause: error });
  }
  return error;
}
