// What a job is handed: everything remote, slow or random, and everything that belongs to the process.
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import type { CommandRunner } from '../base/command.ts';
import { errorMessage } from '../base/errors.ts';
import type { Log, Progress } from '../base/log.ts';
import { type Config, type FileApp, type GuardedApp, isFileApp } from '../config/config.ts';
import type { ShipConfig } from '../config/export-config.ts';
import type { Environment } from '../config/environment.ts';
import { keepSettings } from '../config/last-good.ts';
import { exposedFiles } from '../config/secrets.ts';
import { secretFiles, serviceEnding, type ServiceEnding } from '../config/service-manager.ts';
import { sweepTemporaries } from '../files/durable.ts';
import type { HeldDirectory } from '../files/held-directory.ts';
import type { LeftElsewhere } from '../files/scratch-left.ts';
import { makeScratch, type Scratch } from '../files/scratch.ts';
import type { History } from '../history/history.ts';
import { type HeldLock, requireLockFree } from '../lock/lock.ts';
import type { LockSubject } from '../lock/lock-name.ts';
import { clockState, type ClockState } from '../process/clock-check.ts';
import { createServices, type Services } from '../process/services.ts';
import { runBriefly } from '../process/run-briefly.ts';
import { runCommand } from '../process/run-command.ts';
import type { Rsync } from '../process/rsync.ts';
import type { Repository } from '../repository/repository.ts';
import type { DiffPair, DiffSession } from '../source/database-diff.ts';
import type { Engine } from '../source/facts.ts';
import type { Opening } from '../seal/seal.ts';
import type { Source } from '../source/source.ts';
import type { Loader } from '../export/loader.ts';
import type { Rows } from '../export/rows.ts';
import type { SpareProcess } from '../sqlite/started-process.ts';
import type { Store, StoreTraffic, StoreTrial } from '../store/store.ts';
import type { BrokenSettings } from './broken-settings.ts';
import { useNetwork } from './network.ts';
import type { IdentitySource } from './identity.ts';
import type { Alerts } from './open-alerts.ts';
import { type DeltaAdapters, deltaAdapters } from './delta-adapters.ts';
import { historyOf } from './open-history.ts';
import type { ConfiguredStore, StorePurpose } from './open-store.ts';
import { openSource } from './open-source.ts';
import { acquirePatiently } from './patient-lock.ts';
import { otherLock } from './other-lock.ts';
import { runScratch } from './run-scratch.ts';
import type { Wait } from './wait.ts';
import { holdfastVersion } from './version.ts';
import type { freePages, Maintained, MaintainWork } from '../sqlite/maintain.ts';

export interface JobContext extends DeltaAdapters {
  readonly config: Config;
  /** Why that is not the present one but what was kept of it; undefined where it is. */
  readonly brokenSettings: BrokenSettings | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly progress: Progress;
  /** Aborts when the process is told to stop; long work passes it on. */
  readonly signal: AbortSignal;
  /** 32 hex digits: systemd's INVOCATION_ID when there is one. */
  readonly runId: string;
  /** A person has typed it and sees how it ends. */
  readonly attended: boolean;
  readonly host: string;
  readonly version: string;
  readonly history: History;
  readonly runCommand: CommandRunner;
  /** rsync to the reader of an app's documents, in a private directory. */
  openRsync(directory: HeldDirectory, ship: ShipConfig): Promise<Rsync>;
  /**
   * The database of an app, as what can be backed up; nothing is opened yet. A copy of another engine than its own, by which the app
   * was kept before, can be measured. Throws OpsError `config` where nothing here can.
   */
  source(app: GuardedApp, engine?: Engine): Source;
  /** One instant of an app's database, to read rows of. */
  openRows(app: Pick<FileApp, 'database'>): Promise<Rows>;
  /** Two databases in files that nobody writes, to be compared. */
  openDiff(pair: DiffPair): Promise<DiffSession>;
  /** Works on the database of an app, as its owner asked for. Throws what `maintainSource` does. */
  maintain(app: Pick<FileApp, 'database'>, work: MaintainWork): Promise<Maintained>;
  /** How many pages the database of an app has, and how many of them hold nothing. */
  freePages(app: Pick<FileApp, 'database'>): ReturnType<typeof freePages>;
  /** Begins to fill a database of ours, or a copy of it at `tryIn`, as a dry run has to. */
  openLoader(path: string, options?: { called?: string; tryIn?: string }): Promise<Loader>;
  /** The configured store, opened once. */
  openStore(): Promise<Store>;
  /** What can be looked at of it beside writing and reading, also where it cannot be opened. */
  examineStore(): Promise<StoreTrial[]>;
  /** The backups of an app in that store. */
  openRepository(app: GuardedApp): Promise<Repository>;
  /** The public keys of the identity that was given so far; none without. */
  identityRecipients(): Promise<readonly string[]>;
  /** What the store has cost on the network so far; undefined when it was not opened, or none is involved. */
  traffic(): StoreTraffic | undefined;
  /**
   * Takes the lock of an app, or of a scope of its work, or throws OpsError `busy` naming the holder: at once, but for an
   * hourly run, which is waited for a little.
   */
  lock(subject: LockSubject, purpose: string): Promise<HeldLock>;
  /** The alerts. Throws OpsError `config` where nobody is to be told. */
  openAlerts(): Promise<Alerts>;
  /** Keeps what alerts need of the present settings for the day on which they cannot be read. Never throws. */
  keepSettings(): Promise<void>;
  /** What systemd says of a unit that ended, to the command that it starts then. */
  serviceEnding(): ServiceEnding;
  /** Files with secrets that others may read, of those that the units load. */
  exposedSecrets(): readonly string[];
  /** A private directory under `parent` (the state directory unless given), after sweeping what dead runs left. */
  scratch(parent?: string): Promise<Scratch>;
  /** Remembers what this run leaves elsewhere if it is killed, for the next one to remove, until it is disposed of. */
  noteElsewhere(left: LeftElsewhere): Promise<AsyncDisposable>;
  /** Whether the time of day can be believed. */
  clockState(): Promise<ClockState>;
  services(app: GuardedApp): Services;
  /** Asks the person at the terminal; undefined without asking when nobody is there. See `requireYes`. */
  confirm(question: string): Promise<boolean | undefined>;
  /** Asks for a line of text, from the terminal or what is piped in; undefined when nothing comes. */
  ask(question: string): Promise<string | undefined>;
  /** All that is piped in, or typed until Ctrl-D. Throws OpsError `damaged` for more than that, `io`. */
  readInput(sizeBytesMax: number): Promise<Buffer>;
  readonly wait: Wait;
  /** Records what stands now, so that an interrupted run can say what was left. */
  noteLeft(what: string): void;
  /** Records what is finished first if the run is told to stop now, as who tells it is answered; undefined for nothing. */
  noteUnderWay(what: string | undefined): void;
  /** At the end of the process's work. Never throws. */
  close(): Promise<void>;
}

/** What the process contributes; see start. */
export interface ContextParts {
  config: Config;
  brokenSettings: BrokenSettings | undefined;
  clock: Clock;
  log: Log;
  progress: Progress;
  signal: AbortSignal;
  /** Then whatever is done to the store or the history stays within this run. */
  dryRun: boolean;
  /** For what the store is opened. */
  purpose: StorePurpose;
  /** Whether this run may leave anything on the machine that is not what it was asked for. */
  leavesTraces: boolean;
  runId: string;
  confirm(question: string): Promise<boolean | undefined>;
  ask(question: string): Promise<string | undefined>;
  readInput(sizeBytesMax: number): Promise<Buffer>;
  /** Where the identity is that opens sealed backups, for a command that may need one. */
  identity: IdentitySource | undefined;
  noteLeft(what: string): void;
  noteUnderWay(what: string | undefined): void;
  wait: Wait;
  attended: boolean;
  /** The variables of the process; its own unless given. */
  environment: Environment | undefined;
  /** To read rows of the first database. */
  spare: SpareProcess | undefined;
  /** Stops the run from within: a lock was lost. */
  abort(reason: unknown): void;
}

/** Builds the context; the only place that names every adapter. What only some commands use is loaded where it is. */
export function createContext(parts: ContextParts): JobContext {
  const { config, clock, log, dryRun } = parts;
  const leaveNetwork = useNetwork(config.proxy, log);
  const history = historyOf(parts);
  let store: Promise<Store> | undefined;
  let opened: Store | undefined;
  let dryScratch: Scratch | undefined;
  const keep = async (found: Store) => {
    opened = found;
    if (!dryRun) return found;
    const { dryRunStore } = await import('../store/dry-run.ts');
    return dryRunStore(found, { scratch: async () => (dryScratch = await tried()), clock, log });
  };
  const ownScratch = runScratch({ ...parts, openStore: () => openStoreOnce() });
  const tried = () => makeScratch(tmpdir(), { clock }); // not in the state directory, which need not be there
  let configured: Promise<ConfiguredStore> | undefined;
  const configuredOnce = () =>
    (configured ??= import('./open-store.ts').then(({ configuredStore }) => configuredStore(config, parts)));
  const openStoreOnce = () => (store ??= configuredOnce().then(async (found) => keep(await found.open())));
  // A directory that was given is there, or its disk is gone: it is not made. A dry run makes nothing there at all.
  const scratch = (parent?: string) => (dryRun ? tried() : ownScratch.make(parent));
  let identity: Promise<Opening | undefined> | undefined;
  const opening = () => (identity ??= import('./identity.ts').then(({ openingFrom }) => openingFrom(parts)));
  let state: Promise<ClockState> | undefined;
  return {
    ...parts,
    host: hostname(),
    version: holdfastVersion(),
    history,
    runCommand,
    ...deltaAdapters(parts),
    openRsync: async (directory, ship) =>
      (await import('./open-reader.ts')).openReader(directory, ship, parts),
    openStore: openStoreOnce,
    examineStore: async () => (await configuredOnce()).examine(),
    async openRepository(app) {
      const { openRepository } = await import('./open-repository.ts');
      return openRepository(await openStoreOnce(), app, { ...parts, history, scratch, opening });
    },
    source: (app, engine) => openSource(app, engine, runCommand),
    openDiff: async (pair) => (await import('../sqlite/diff/session.ts')).openDiff(pair, parts.signal),
    openRows: async ({ database }) => (await import('../sqlite/rows/session.ts')).openRows(database, parts),
    maintain: async ({ database }, work) =>
      (await import('../sqlite/maintain.ts')).maintainSource(database, work, parts.signal),
    freePages: async ({ database }) => (await import('../sqlite/maintain.ts')).freePages(database),
    openLoader: async (path, { called = path, tryIn } = {}) =>
      (await import('../sqlite/rows/load.ts')).openLoader({ path, called, tryIn }),
    identityRecipients: async () => (await identity)?.recipients ?? [],
    traffic: () => opened?.traffic(),
    async lock({ name, scope }, purpose) {
      const directory = join(config.runDirectory, 'locks');
      const { signal, runId } = parts;
      const other = scope === undefined ? otherLock(config, name) : undefined;
      const request = { directory, name, scope, other, purpose, run: runBriefly, signal, clock, log, runId };
      if (dryRun) return requireLockFree(request);
      const held = await acquirePatiently(request, parts);
      await sweepTemporaries(directory, clock.now());
      if (name !== undefined) await ownScratch.sweep();
      held.signal.addEventListener('abort', () => parts.abort(held.signal.reason), { once: true });
      return held;
    },
    openAlerts: async () => (await import('./open-alerts.ts')).openAlerts(config, log),
    async keepSettings() {
      if (dryRun || parts.brokenSettings !== undefined) return;
      await keepSettings(config, clock.now()).catch((error: unknown) =>
        log.warn('the settings of alerts could not be kept for the day on which they cannot be read', {
          reason: errorMessage(error),
        }),
      );
    },
    serviceEnding: () => serviceEnding(parts.environment),
    exposedSecrets: () => exposedFiles(secretFiles(parts.environment)),
    scratch,
    noteElsewhere: (left) => ownScratch.note(left),
    clockState: () =>
      (state ??=
        config.clock === 'trusted' ? Promise.resolve('synchronised') : clockState(runCommand, parts.signal)),
    services: (app) => {
      const own = isFileApp(app) && app.serve ? `delta-serve@${app.name}.service` : undefined;
      return createServices({ ...app.services, own, run: runCommand, log });
    },
    async close() {
      history.close();
      leaveNetwork();
      // What cannot be removed now is left for the next run's sweep.
      await dryScratch?.remove().catch(() => undefined);
    },
  };
}
