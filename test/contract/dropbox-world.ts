// Dropbox stores for tests, each on a stand-in of its own.
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Clock, systemClock } from '../../lib/base/clock.ts';
import { silentLog } from '../../lib/base/log.ts';
import { type DropboxStoreOptions, openDropboxStore } from '../../lib/store/dropbox/open.ts';
import type { Store } from '../../lib/store/store.ts';
import { DropboxStandIn, type StandInOptions } from '../stand-ins/dropbox/stand-in.ts';
import { scratch } from '../support/scratch.ts';

/** A stand-in for one test, stopped when it is over. */
export async function startStandIn(options: StandInOptions = {}): Promise<DropboxStandIn> {
  const standIn = await DropboxStandIn.start(options);
  onTestFinished(() => standIn[Symbol.asyncDispose]());
  return standIn;
}

/**
 * A store on it, as a run of a command would open it; patient enough for a loaded machine, and no more. Where it waits, that
 * time passes at once, for it and for the stand-in, which notes what comes early.
 */
export function openOn(standIn: DropboxStandIn, change: Partial<DropboxStoreOptions> = {}): Store {
  const { environment } = standIn;
  let waitedMs = 0;
  const clock: Clock = {
    now: () => new Date(systemClock.now().getTime() + waitedMs),
    monotonicMs: () => systemClock.monotonicMs() + waitedMs,
  };
  return openDropboxStore({
    credentials: {
      appKey: environment.DROPBOX_APP_KEY,
      appSecret: environment.DROPBOX_APP_SECRET,
      refreshToken: environment.DROPBOX_REFRESH_TOKEN,
      accessToken: undefined,
    },
    origin: standIn.url,
    folder: '',
    timeoutMs: 30_000,
    deadlineMs: 300_000,
    retriesMax: 3,
    limitBytesPerSecond: undefined,
    notesDirectory: join(scratch(), 'uploads'),
    clock,
    log: silentLog,
    signal: new AbortController().signal,
    wait: async (ms, waitSignal) => {
      waitSignal.throwIfAborted();
      waitedMs += ms;
      standIn.clock.advance(ms / 1000);
    },
    ...change,
  });
}
