// A store in Dropbox. An object is a file under its own name, so that a person can take it without Holdfast.
import type { Clock } from '../../base/clock.ts';
import { OpsError } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { removeQuietly } from '../../files/publish-file.ts';
import type { StoreMark } from '../mark.ts';
import { quoteName } from '../name.ts';
import type { Store, StoreName, StoreSpace } from '../store.ts';
import { examine, readSpace } from './account.ts';
import { DropboxClient } from './client.ts';
import { copyFile } from './copy.ts';
import { downloadBytes, downloadFile } from './download.ts';
import { endpointAt } from './endpoint.ts';
import { explainFailure } from './explain.ts';
import { DropboxFailure } from './failure.ts';
import { listFiles, namesAtTop } from './listing.ts';
import { lookUpObject } from './look.ts';
import { makeDropboxMark, readDropboxMark } from './mark.ts';
import { NoObject, storedAs } from './metadata.ts';
import { createPace } from '../../base/pace.ts';
import { requireDropboxName } from './paths.ts';
import type { DropboxAccess } from './access.ts';
import { RateGate, type Waiting } from './rate-gate.ts';
import { RecentWrites } from './recent.ts';
import { removeFile } from './remove.ts';
import { createTokens, type DropboxCredentials } from './tokens.ts';
import { noTraffic, Transport } from './transport.ts';
import { createUploadNotes } from './upload-notes.ts';
import { uploadFile } from './upload.ts';

export interface DropboxStoreOptions {
  credentials: DropboxCredentials;
  /** Where all of Dropbox's hosts are, instead of its own. */
  origin: string | undefined;
  /** The folder everything lies below, as `/backups of the pi`; '' for the root the app sees. */
  folder: string;
  /** Without a byte for so long, a request has failed. */
  timeoutMs: number;
  /** After so long the whole run gives up. */
  deadlineMs: number;
  /** How often a request is made again after a failure that may pass. */
  retriesMax: number;
  /** Bytes per second in both directions together; undefined for no limit. */
  limitBytesPerSecond: number | undefined;
  /** Where unfinished uploads are remembered. */
  notesDirectory: string;
  clock: Clock;
  log: Log;
  /** Aborts with the job. */
  signal: AbortSignal;
  /** Returns after `ms`, or throws the signal's reason. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

/** A store in Dropbox, of which it is not known yet whether it is one, and which. */
export interface DropboxStore extends Store {
  /** Undefined where none is. `expected` are the ids that are likely: one of them costs one request. */
  readMark(expected: readonly string[]): Promise<StoreMark | undefined>;
  /** Makes the folder a store, unless somebody does so at the same time. */
  makeMark(): Promise<StoreMark>;
  /** What lies directly in its folder. */
  namesAtTop(): Promise<string[]>;
}

/** Opens the store; nothing is asked of Dropbox yet. Throws OpsError `denied` when there are no credentials. */
export function openDropboxStore(options: DropboxStoreOptions): DropboxStore {
  return dropboxStore(openAccess(options));
}

function openAccess(options: DropboxStoreOptions): DropboxAccess {
  const { clock, log, wait, timeoutMs, retriesMax, deadlineMs } = options;
  const traffic = noTraffic();
  const waiting: Waiting = { clock, log, traffic, wait, deadlineAtMs: clock.monotonicMs() + deadlineMs };
  const transport = new Transport({
    endpoint: endpointAt(options.origin),
    timeoutMs,
    pace: createPace(options.limitBytesPerSecond, clock, wait),
    traffic,
  });
  const tokens = createTokens(options.credentials, transport, clock);
  const signal = AbortSignal.any([options.signal, deadlineSignal(deadlineMs)]);
  const gate = new RateGate(waiting);
  const client = new DropboxClient({ transport, tokens, gate, waiting, retriesMax, signal });
  const notes = createUploadNotes(options.notesDirectory, clock, log);
  return { client, folder: options.folder, notes, recent: new RecentWrites(), clock, log };
}

function dropboxStore(access: DropboxAccess): DropboxStore {
  const description = access.folder === '' ? 'Dropbox' : `Dropbox ${access.folder}`;
  const space = () => readSpace(access);
  const during = async <T>(act: string, operation: () => Promise<T>): Promise<T> => {
    try {
      return await operation();
    } catch (error) {
      throw await explainFailure(act, error, space);
    }
  };
  const inDropbox = (doing: string, name: StoreName) => `${doing} ${quoteName(name)} in ${description}`;
  return {
    description,
    id: undefined,
    stagingDirectory: undefined,
    isRemote: true,
    async put(name, file, options = {}) {
      const object = requireDropboxName(name);
      const stored = await during(inDropbox('store', object), () =>
        uploadFile(access, object, file, options),
      );
      if (options.consume === true) await removeQuietly(file.path);
      return stored;
    },
    async get(name, target, options = {}) {
      const object = requireDropboxName(name);
      return during(`get ${quoteName(object)} from ${description}`, () =>
        downloadFile(access, object, target, options),
      );
    },
    async read(name) {
      const object = requireDropboxName(name);
      return during(`read ${quoteName(object)} from ${description}`, () => downloadBytes(access, object));
    },
    async list(prefix) {
      return during(`list ${description}`, () => listFiles(access, prefix.replace(/^\/+/, '')));
    },
    async stat(name) {
      const object = requireDropboxName(name);
      const found = await during(inDropbox('look for', object), () => lookUpObject(access, object));
      return found === undefined || found instanceof NoObject ? undefined : storedAs(object, found);
    },
    async copy(from, to, options = {}) {
      const [source, object] = [requireDropboxName(from), requireDropboxName(to)];
      return during(inDropbox('create', object), () => copyFile(access, source, object, options));
    },
    async remove(name, options = {}) {
      const object = requireDropboxName(name);
      await during(inDropbox('remove', object), () => removeFile(access, object, options));
    },
    async space() {
      return during(`ask ${description} for its space`, () => spaceIfSaid(access));
    },
    async readMark(expected) {
      return during(`look for the store in ${description}`, () =>
        readDropboxMark(access, description, expected),
      );
    },
    async makeMark() {
      return during(`make ${description} a store`, () => makeDropboxMark(access, description));
    },
    async namesAtTop() {
      return during(`list ${description}`, () => namesAtTop(access));
    },
    examine: () => examine(access),
    traffic: () => ({ ...access.client.transport.options.traffic }),
    remoteTime: () => access.client.transport.remoteTime,
  };
}

/** How full it is is good to know; a Dropbox that says everything but this is no reason to store nothing. */
async function spaceIfSaid(access: DropboxAccess): Promise<StoreSpace> {
  try {
    return await readSpace(access);
  } catch (error) {
    if (!(error instanceof DropboxFailure) || !['stranger', 'server'].includes(error.kind)) throw error;
    access.log.warn('Dropbox does not say how much is free', { cause: error.message });
    return { freeBytes: undefined, totalBytes: undefined };
  }
}

/** Aborts when the whole run has taken too long: a failure that is told, instead of a run that never ends. */
function deadlineSignal(ms: number): AbortSignal {
  const deadline = new AbortController();
  const timer = setTimeout(
    () => {
      deadline.abort(
        new OpsError('unavailable', 'cannot finish with Dropbox: the deadline of this run is over', {
          hint: 'run it again: an upload goes on where it stopped; or raise deadline_minutes under [store]',
        }),
      );
    },
    Math.min(ms, 2 ** 31 - 1),
  );
  timer.unref();
  return deadline.signal;
}
