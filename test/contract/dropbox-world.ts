// Dropbox stores for tests, each on a stand-in of its own.
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../lib/base/clock.ts';
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

/** A store on it, as a run of a command would open it; patient enough for a loaded machine, and no more. */
export function openOn(standIn: DropboxStandIn, change: Partial<DropboxStoreOptions> = {}): Store {
  const { environment } = standIn;
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
    clock: systemClock,
    log: silentLog,
    signal: new AbortController().signal,
    wait: async (ms, signal) => void (await delay(ms, undefined, { signal })),
    ...change,
  });
}
