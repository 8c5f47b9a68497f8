// One upload or download: transfer.ts put|get FILE STATE, against $HOLDFAST_DROPBOX_URL. Prints its milliseconds: from the
// first request to the last byte on the disk, with the file's hashes known, as they are when a backup has been proven.
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../lib/base/clock.ts';
import { silentLog } from '../../lib/base/log.ts';
import { digestFile } from '../../lib/files/hash-file.ts';
import { openDropboxStore } from '../../lib/store/dropbox/open.ts';

const [direction, path = '', notesDirectory = ''] = process.argv.slice(2);
const { HOLDFAST_DROPBOX_URL, DROPBOX_APP_KEY, DROPBOX_APP_SECRET, DROPBOX_REFRESH_TOKEN } = process.env;
const store = openDropboxStore({
  credentials: {
    appKey: DROPBOX_APP_KEY,
    appSecret: DROPBOX_APP_SECRET,
    refreshToken: DROPBOX_REFRESH_TOKEN,
    accessToken: undefined,
  },
  origin: HOLDFAST_DROPBOX_URL,
  folder: '',
  timeoutMs: 60_000,
  deadlineMs: 3_600_000,
  retriesMax: 0,
  limitBytesPerSecond: undefined,
  notesDirectory: join(notesDirectory, 'uploads'),
  clock: systemClock,
  log: silentLog,
  signal: new AbortController().signal,
  wait: async (ms, signal) => void (await delay(ms, undefined, { signal })),
});

const file = direction === 'put' ? await digestFile(path) : undefined;
const started = performance.now();
if (file === undefined) await store.get('ours/file', path);
else await store.put('ours/file', file, { replace: true });
console.log(performance.now() - started);
