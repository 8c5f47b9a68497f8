// A receiver of a replica that listens on 127.0.0.1 in this process, and an app's database that is configured to be pushed to it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openReceiver } from '../../jobs/delta-receive/steps/open-receiver.ts';
import { receivePlaces } from '../../jobs/delta-receive/steps/places.ts';
import { receiverRoutes } from '../../jobs/delta-receive/steps/routes.ts';
import { nullHistory } from '../../lib/history/history.ts';
import type { ReplicaConfig } from '../../lib/config/delta-config.ts';
import { KeyRing, makeKey, writeKeys } from '../../lib/http/keys.ts';
import { hashOfKey } from '../../lib/http/proof.ts';
import { startServer } from '../../lib/http/server.ts';
import { type Database, openOwn } from '../../lib/sqlite/open.ts';
import { fixedClock } from './fixed-clock.ts';
import { receiveConfig } from './receiver-world.ts';
import { openServer, type Server, tagTracker, tagTrackerSchema } from './parity-world.ts';
import { recordingLog } from './recording-log.ts';
import { scratch } from './scratch.ts';
import type { World } from './world.ts';

export interface DeltaSite {
  readonly server: Server;
  readonly port: number;
  /** As the app has it open. */
  readonly app: Database;
}

/** Until the test is over. Nothing is installed and nothing was sent yet; `to` as it is configured, that port unless given. */
export async function deltaSite(
  world: World,
  { to, top }: { to?: string; top?: string } = {},
): Promise<DeltaSite> {
  const server = await openServer();
  const key = makeKey();
  const port = await listen(server, key);
  const [path, keyFile] = [join(world.home, 'tagtracker.db'), join(world.home, 'key')];
  writeFileSync(keyFile, key, { mode: 0o600 });
  const app = openOwn(path, { create: true });
  onTestFinished(() => void app.close());
  app.exec(tagTrackerSchema);
  pointTo(world, to ?? `http://127.0.0.1:${port}`, top);
  return { server, port, app };
}

/** Configures another address of the receiver. */
export function pointTo(world: World, to: string, top?: string): void {
  const [path, keyFile] = [join(world.home, 'tagtracker.db'), join(world.home, 'key')].map((one) =>
    JSON.stringify(one),
  );
  world.configure({
    ...(top === undefined ? {} : { top }),
    apps: `[apps.tagtracker]\ndatabase = ${path}\n[apps.tagtracker.delta]\nto = "${to}"\nsource = "laptop-1"\nkey_file = ${keyFile}\n`,
  });
}

async function listen({ replica }: Server, key: string): Promise<number> {
  const [state, clock, log, stop] = [scratch(), fixedClock(), recordingLog(), new AbortController()];
  const { keys } = receivePlaces(state);
  const replicas = [
    { name: 'tt', target: { kind: 'sqlite', path: '/nowhere' }, policy: tagTracker } as ReplicaConfig,
  ];
  const parts = {
    clock,
    log,
    version: '1.0.0',
    openReplica: () => Promise.resolve(replica),
    openHistory: () => nullHistory,
  };
  const receiver = await openReceiver({ stateDirectory: state, receive: receiveConfig, replicas }, parts);
  await writeKeys(keys, [
    { name: 'laptop-1', sha256: hashOfKey(key), addedAt: '2026-11-20T02:05:13Z', revokedAt: undefined },
  ]);
  const ring = new KeyRing(keys);
  const nameOf = (given: string) => ring.nameOf(given);
  const routes = receiverRoutes(receiver);
  const signal = stop.signal;
  const server = await startServer({
    config: receiveConfig,
    routes,
    nameOf,
    version: '1.0.0',
    clock,
    log,
    signal,
  });
  onTestFinished(() => stop.abort());
  return server.port;
}
