// Opens the backups of one app in the configured store, in the format they have.
import type { Clock } from '../base/clock.ts';
import type { Log, Progress } from '../base/log.ts';
import type { Config, GuardedApp } from '../config/config.ts';
import type { Scratch } from '../files/scratch.ts';
import type { History } from '../history/history.ts';
import { openRepository as openIn } from '../repository/open.ts';
import type { Repository } from '../repository/repository.ts';
import type { Opening } from '../seal/seal.ts';
import type { Store } from '../store/store.ts';

/** What a repository needs of the process. */
export interface RepositorySurroundings {
  config: Config;
  clock: Clock;
  history: History;
  log: Log;
  progress: Progress;
  signal: AbortSignal;
  /** What opens sealed backups; undefined where nothing does. */
  opening(): Promise<Opening | undefined>;
  scratch(parent?: string): Promise<Scratch>;
  noteLeft(what: string): void;
}

/** The backups of `app` in `store`. */
export async function openRepository(
  store: Store,
  app: GuardedApp,
  around: RepositorySurroundings,
): Promise<Repository> {
  const { config, clock, history, log, progress, signal, noteLeft, opening } = around;
  const { stateDirectory, timeZone, encryption } = config;
  const seal = encryption && (await import('../seal/age.ts')).sealTo(encryption.recipients);
  return openIn({
    store,
    naming: { layout: app.layout, app: app.name, timeZone, latestName: app.latest ?? '' },
    clock,
    remembered: () => history.foundBad(app.name),
    stateDirectory,
    pages: app.pages,
    seal,
    opening: await opening(),
    scratch: () => around.scratch(store.stagingDirectory),
    log,
    progress,
    signal,
    noteLeft,
  });
}
