// An installation whose store is a Dropbox on 127.0.0.1, and whose commands run in this process, at its time.
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DropboxStandIn, type StandInOptions } from '../stand-ins/dropbox/stand-in.ts';
import type { FixedClock } from './fixed-clock.ts';
import { type InProcessOptions, runInProcess } from './in-process.ts';
import { jobs } from './typed-world.ts';
import { type Ended, filesBelow, makeBookings, type RunOptions, World } from './world.ts';

/** Where the latest copy of the app of every world lies. */
export const latestPath = '/latest/bookings.db';

export interface DropboxSettings {
  /** Lines under [store]. */
  store?: string;
  /** Lines under [apps.bookings]. */
  app?: string;
}

/** What a world left behind: other worlds begin where it ended. */
export interface Remains {
  home: string;
  account: string;
  endedAtMs: number;
  remove(): void;
}

/**
 * A world whose commands talk to a stand-in of their own. They run in this process and have the stand-in's time: a wait
 * moves it on for both, and takes none. It begins an hour ago, so that a real process comes after them.
 */
export class DropboxWorld extends World {
  readonly standIn: DropboxStandIn;
  /** What every command gets beside the configuration; a test may change it. */
  environment: Record<string, string>;
  /** Where the stand-in keeps the account. */
  readonly #account: string;
  /** The stand-in's time, as the commands have it. */
  readonly clock: FixedClock;

  private constructor(standIn: DropboxStandIn, account: string, beginsAtMs: number) {
    super();
    this.standIn = standIn;
    this.environment = standIn.environment;
    this.#account = account;
    const { clock } = standIn;
    clock.advance((beginsAtMs - clock.now()) / 1000);
    this.clock = {
      now: () => new Date(clock.now()),
      monotonicMs: () => clock.now(),
      advance: (ms) => clock.advance(ms / 1000),
    };
  }

  /** A world with two backups, of which the next night lets one go. */
  static async afterTwoNights(): Promise<DropboxWorld> {
    const world = await DropboxWorld.start();
    makeBookings(world.database, { journalMode: 'delete' });
    world.configureDropbox({ store: 'retries = 1', app: 'keep = { last = 2 }' });
    for (let night = 0; night < 2; night += 1) {
      const { exitCode, stderr } = await world.run('db-backup', ['run']);
      if (exitCode !== 0) throw new Error(stderr);
    }
    return world;
  }

  /** A world with nothing in it, or one that goes on with what another left. */
  static async start(options: StandInOptions = {}, left?: Remains): Promise<DropboxWorld> {
    const account = mkdtempSync(join(tmpdir(), 'holdfast-account-'));
    if (left !== undefined) cpSync(left.account, account, { recursive: true });
    const standIn = await DropboxStandIn.start({ ...options, directory: account });
    const world = new DropboxWorld(standIn, account, left?.endedAtMs ?? Date.now() - 3_600_000);
    if (left !== undefined) cpSync(left.home, world.home, { recursive: true });
    return world;
  }

  /** Ends this world, and leaves everything for others until it is removed. */
  async leave(): Promise<Remains> {
    const { home } = this;
    const [account, endedAtMs] = [this.#account, this.standIn.clock.now()];
    await this.standIn.stop();
    return { home, account, endedAtMs, remove: () => [home, account].forEach(removeAll) };
  }

  /** One app called `bookings`, with its copies in Dropbox. */
  configureDropbox({ store = '', app = '' }: DropboxSettings = {}): void {
    writeFileSync(
      this.config,
      `state_directory = ${JSON.stringify(this.state)}
run_directory = ${JSON.stringify(join(this.home, 'run'))}
clock = "trusted"
[store]
kind = "dropbox"
${store}
[apps.bookings]
database = ${JSON.stringify(this.database)}
${app}
`,
    );
  }

  /** Types the command in this process, a minute after the one before. */
  override async run(
    command: string,
    args: readonly string[],
    options: InProcessOptions = {},
  ): Promise<Ended> {
    const job = jobs[command];
    if (job === undefined) throw new Error(`there is no job ${command}`);
    this.standIn.clock.advance(60);
    const environment = { HOLDFAST_CONFIG: this.config, ...this.environment, ...options.environment };
    return runInProcess(job, args, { clock: this.clock, ...options, environment });
  }

  /** Runs the command as a process. */
  async runProcess(command: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
    this.comeToNow();
    return super.run(command, args, {
      ...options,
      environment: { ...this.environment, ...options.environment },
    });
  }

  /** Gives the stand-in the machine's time, which processes have. */
  comeToNow(): void {
    const { clock } = this.standIn;
    clock.advance(Math.max(0, Date.now() - clock.now()) / 1000);
  }

  /** What lies in the Dropbox beside the marker, by path, as the content hash of each file. */
  remote(): Record<string, string> {
    const files = this.standIn.files.list().filter(({ path }) => !path.endsWith('/.holdfast-store'));
    return Object.fromEntries(files.map(({ path, contentHash }) => [path, contentHash]));
  }

  /** The names of the notes of unfinished uploads. */
  notes(): string[] {
    return filesBelow(join(this.state, 'uploads'));
  }

  /** How often a route was called since the request of this number. */
  calls(route: string, after = 0): number {
    return this.standIn.requests.filter((request) => request.number > after && request.route === route)
      .length;
  }

  /** The secrets of this account that must never be shown or written. */
  get secrets(): string[] {
    const { DROPBOX_APP_SECRET = '', DROPBOX_REFRESH_TOKEN = '' } = this.standIn.environment;
    return [DROPBOX_APP_SECRET, DROPBOX_REFRESH_TOKEN];
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    this.standIn.clearFaults();
    await this.standIn[Symbol.asyncDispose]();
    removeAll(this.#account);
    await super[Symbol.asyncDispose]();
  }
}

function removeAll(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}
