// What a job is handed of row changes: what notes them in a database, and who receives them. Each is loaded where it is used.
import type { Clock } from '../base/clock.ts';
import type { Config, FileApp } from '../config/config.ts';
import type { DeltaConfig } from '../config/delta-config.ts';
import type { LiveRows } from '../delta/live-rows.ts';
import type { Peer } from '../delta/peer.ts';
import type { PulledReplica } from '../delta/pulled.ts';
import type { ExaminedCapture } from '../delta/examined-capture.ts';
import type { Installed } from '../sqlite/capture/install.ts';
import type { OpenCapture } from '../sqlite/capture/open.ts';
import type { DeltaApp } from './open-capture.ts';
import type { ServedApp, ServedDatabase } from './open-serving.ts';
import type { Wait } from './wait.ts';

export interface DeltaAdapters {
  /** What knows of the changes in the database of an app; with `look` nothing is made for it. */
  openCapture(app: DeltaApp, how?: { look: boolean }): Promise<OpenCapture>;
  /** Puts there what notes changes, says what that would be, and takes it away. Each throws what opening the database does. */
  installCapture(app: DeltaApp): Promise<Installed>;
  planCapture(app: DeltaApp): Promise<Installed>;
  uninstallCapture(app: DeltaApp): Promise<{ readonly dropped: readonly string[] }>;
  /** Whether it is whole. Changes nothing. */
  examineCapture(app: DeltaApp): Promise<ExaminedCapture>;
  /** The rows of an app's database, for comparing them. Throws what opening it does. */
  openLiveRows(app: Pick<FileApp, 'database'>): Promise<LiveRows>;
  /** The receiver of row changes. Throws OpsError `config` where no key is given. */
  openPeer(delta: DeltaConfig): Promise<Peer & Disposable>;
  /** The database of an app as its readers are served from it. Throws OpsError `config` where it cannot be. */
  servedDatabase(app: ServedApp): Promise<ServedDatabase>;
  /** A replica that follows a master, opened or made. */
  openPulled(path: string): Promise<PulledReplica>;
}

export function deltaAdapters(parts: {
  config: Config;
  clock: Clock;
  wait: Wait;
  signal: AbortSignal;
}): DeltaAdapters {
  const { stateDirectory } = parts.config;
  return {
    openCapture: async (app, { look } = { look: false }) =>
      (await import('./open-capture.ts')).openAppCapture(app, {
        stateDirectory,
        look,
      }),
    installCapture: async ({ database, delta }) =>
      (await import('../sqlite/capture/install.ts')).installCapture(database, delta),
    planCapture: async ({ database, delta }) =>
      (await import('../sqlite/capture/install.ts')).planCapture(database, delta),
    uninstallCapture: async ({ database }) =>
      (await import('../sqlite/capture/install.ts')).uninstallCapture(database),
    examineCapture: async ({ database, delta }) =>
      (await import('../sqlite/capture/examine.ts')).examineCapture(database, delta),
    openLiveRows: async ({ database }) =>
      (await import('../sqlite/delta-rows/live-rows.ts')).openLiveRows(database),
    openPeer: async (delta) => (await import('./open-peer.ts')).openPeer(delta, parts),
    servedDatabase: async (app) =>
      (await import('./open-serving.ts')).servedDatabase(app, { ...parts, stateDirectory }),
    openPulled: async (path) => (await import('../sqlite/pulled/replica-file.ts')).openReplicaFile(path),
  };
}
