// A master on this machine, without the process and the unit around it: the herd of logged-database.ts behind its real server.
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { silentLog } from '../../lib/base/log.ts';
import type { Clock } from '../../lib/base/clock.ts';
import type { Serving } from '../../lib/delta/serving.ts';
import { type Announcer, announcerOn } from '../../lib/http/announcements.ts';
import { makeCertificate } from '../../lib/http/certificate.ts';
import { requireReader, syncRoutes, type SyncRoute } from '../../lib/http/sync-routes.ts';
import { createStrangers } from '../../lib/http/strangers.ts';
import { startSyncServer, type SyncServer } from '../../lib/http/sync-server.ts';
import { createTokens } from '../../lib/http/token.ts';
import { openServing } from '../../lib/sqlite/serving/serving.ts';
import { writeFileSync } from 'node:fs';
import { fixedClock } from './fixed-clock.ts';
import { herdDatabase, type LoggedDatabase } from './logged-database.ts';

export const readerKey = `hxb_${'k'.repeat(40)}`;

export interface SyncMaster extends AsyncDisposable {
  readonly url: string;
  readonly herd: LoggedDatabase;
  readonly serving: Serving;
  readonly announcer: Announcer;
  /** SHA-256 of its certificate; undefined for plain HTTP. */
  readonly fingerprint: string | undefined;
  readonly asked: string[];
  /** What is known of keys from now on. */
  readonly names: Map<string, string>;
  run(sql: string): void;
  stop(): Promise<void>;
  /** At the same address, as after a restart: with another secret for its tokens. */
  start(): Promise<void>;
}

export interface SyncMasterOptions {
  clock?: Clock;
  tls?: boolean;
  rowsMax?: number;
  /** Between what is asked and the answer. */
  before?: (path: string) => Promise<void> | void;
}

/** In a directory that the caller made. */
export async function startMaster(directory: string, options: SyncMasterOptions = {}): Promise<SyncMaster> {
  const { clock = fixedClock(), tls = false, rowsMax = 1_000_000, before } = options;
  const herd = herdDatabase(directory);
  const spools = join(directory, 'spools');
  mkdirSync(spools);
  const serving = openServing({
    path: herd.path,
    openCapture: herd.openCapture,
    hasSender: false,
    tables: undefined,
    without: [],
    keptMs: 7 * 86_400_000,
    rowsMax,
    busyMs: 1000,
    clock,
  });
  const own = tls ? await makeCertificate(['127.0.0.1'], new Date()) : undefined;
  const certificate = join(directory, 'certificate.pem');
  const privateKey = join(directory, 'key.pem');
  if (own !== undefined) {
    writeFileSync(certificate, own.certificate);
    writeFileSync(privateKey, own.privateKey);
  }
  const names = new Map([[createHash('sha256').update(readerKey).digest('hex'), 'office']]);
  const asked: string[] = [];
  let server: SyncServer | undefined;
  let announcer: Announcer | undefined;
  let port = 0;
  const start = async () => {
    const tokens = createTokens(randomBytes(32), 'herd', clock);
    const nameOf = (hash: string) => names.get(hash);
    const log = silentLog;
    const listeners = () => announcer?.listeners() ?? 0;
    const parts = { app: 'herd', version: '1.2.3', serving, nameOf, tokens, directory: spools, listeners };
    const strangers = createStrangers({ connectionsMax: 50, clock, log });
    const routes = syncRoutes({ ...parts, clock, log }).map((route): SyncRoute => ({
      ...route,
      async handle(request) {
        asked.push(route.path);
        await before?.(route.path);
        return route.handle(request);
      },
    }));
    server = await startSyncServer({
      host: '127.0.0.1',
      port,
      tls: own && { certificate, keyPath: () => privateKey },
      routes,
      attach: (http) =>
        (announcer = announcerOn(
          http,
          (headers) => requireReader({ nameOf, tokens }, { headers }),
          strangers,
        )),
      strangers,
      log,
    });
    ({ port } = server);
  };
  const stop = async () => {
    announcer?.close();
    await server?.close();
  };
  await start();
  return {
    get url() {
      return `${tls ? 'https' : 'http'}://127.0.0.1:${port}`;
    },
    herd,
    serving,
    get announcer() {
      if (announcer === undefined) throw new Error('the master has not started');
      return announcer;
    },
    fingerprint: own?.fingerprint,
    asked,
    names,
    run: (sql) => void herd.database.exec(sql),
    stop,
    start,
    async [Symbol.asyncDispose]() {
      await stop();
      serving.close();
      herd.database.close();
    },
  };
}
