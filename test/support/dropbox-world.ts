// An installation whose store is a Dropbox on 127.0.0.1, with one good backup and a latest copy in it: what a fault meets.
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { noise } from './bad-input.ts';
import type { Fault } from '../stand-ins/dropbox/faults.ts';
import { DropboxStandIn, type StandInOptions } from '../stand-ins/dropbox/stand-in.ts';
import { type Ended, filesBelow, makeBookings, type RunOptions, World } from './world.ts';

/** Where the latest copy of the app of every world lies. */
export const latestPath = '/latest/bookings.db';

const mebibyte = 1024 * 1024;

export interface DropboxSettings {
  /** Lines under [store]. */
  store?: string;
  /** Lines under [apps.bookings]. */
  app?: string;
}

/** A world whose commands talk to a stand-in of their own. */
export class DropboxWorld extends World {
  readonly standIn: DropboxStandIn;
  /** What every command gets beside the configuration; a test may change it. */
  environment: Record<string, string>;

  private constructor(standIn: DropboxStandIn) {
    super();
    this.standIn = standIn;
    this.environment = standIn.environment;
  }

  static async start(options: StandInOptions = {}): Promise<DropboxWorld> {
    return new DropboxWorld(await DropboxStandIn.start(options));
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

  override run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
    return super.run(command, args, {
      ...options,
      environment: { ...this.environment, ...options.environment },
    });
  }

  /** What lies in the Dropbox, by path, as the content hash of each file. */
  remote(): Record<string, string> {
    return Object.fromEntries(this.standIn.files.list().map(({ path, contentHash }) => [path, contentHash]));
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
    await super[Symbol.asyncDispose]();
  }
}

/** Makes the database larger by so many MiB that no two blocks are alike in. */
export function addBallast(path: string, mebibytes: number, label = 'ballast'): void {
  const database = new Database(path);
  try {
    database.exec('CREATE TABLE IF NOT EXISTS ballast (label TEXT, bytes BLOB)');
    const insert = database.prepare('INSERT INTO ballast VALUES (?, ?)');
    const bytes = Buffer.from(noise(mebibyte));
    for (let i = 0; i < mebibytes; i += 1) {
      createHash('sha256').update(`${label} ${i}`).digest().copy(bytes, 0);
      insert.run(`${label} ${i}`, rolled(bytes, i));
    }
  } finally {
    database.close();
  }
}

/** The same bytes, each exclusive-ored with a number: cheap, and different everywhere. */
function rolled(bytes: Buffer, by: number): Buffer {
  return Buffer.from(bytes.map((byte) => byte ^ ((by + 1) % 256)));
}

/** A digest of every row of a database of a world. */
export function rowsDigest(path: string): string {
  const database = new Database(path, { readonly: true, fileMustExist: true });
  try {
    const hash = createHash('sha256');
    for (const table of ['booking', 'payment', 'ballast']) {
      const isThere = database.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(table) !== undefined;
      if (!isThere) continue;
      for (const row of database.prepare(`SELECT * FROM ${table} ORDER BY rowid`).raw().iterate()) {
        for (const value of row as unknown[])
          hash.update(value instanceof Buffer ? value : `${String(value)}\n`);
      }
    }
    return hash.digest('hex');
  } finally {
    database.close();
  }
}

/** A digest of every row of a database that was taken out of the Dropbox. */
export function rowsDigestOf(bytes: Buffer): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-remote-'));
  try {
    writeFileSync(join(folder, 'remote.db'), bytes);
    return rowsDigest(join(folder, 'remote.db'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * A world whose small database was backed up once; then it grew to `mebibytes` and more, so that the next run sends it
 * in several appends.
 */
export async function grownWorld(
  settings: DropboxSettings & { mebibytes?: number; standIn?: StandInOptions } = {},
): Promise<DropboxWorld> {
  const world = await DropboxWorld.start(settings.standIn);
  // A rollback journal: a fresh WAL database is looked at for two seconds before it is copied.
  makeBookings(world.database, { journalMode: 'delete' });
  world.configureDropbox(settings);
  const { exitCode, stderr } = await world.run('db-backup', ['run']);
  if (exitCode !== 0) throw new Error(`the first backup failed: ${stderr}`);
  addBallast(world.database, settings.mebibytes ?? 12);
  return world;
}

/** Every file of ours on this machine that holds a secret of the account, or an access token. */
export function filesWithSecrets(world: DropboxWorld): string[] {
  return filesBelow(world.home)
    .map((name) => join(world.home, name))
    .filter((path) => existsSync(path) && tellsSecret(world, readFileSync(path, 'latin1')));
}

/** Whether a text holds a secret of the account, or anything that looks like an access token. */
export function tellsSecret(world: DropboxWorld, text: string): boolean {
  return world.secrets.some((secret) => text.includes(secret)) || /\bsl\.[\w-]{40,}/.test(text);
}

/** The first look at the latest copy after the first commit still sees the old one. */
export function staleLook({ standIn }: DropboxWorld): Fault {
  return {
    route: 'files/get_metadata',
    matches: ({ argument }) =>
      (argument as { path: string }).path === latestPath &&
      standIn.requests.some(
        ({ route, faults }) => route === 'files/upload_session/finish' && faults.length > 0,
      ),
    action: { kind: 'staleRead' },
  };
}
