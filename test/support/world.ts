// A whole installation in a temporary directory: a database, a state directory, a store, and our real commands.
import { spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { createHash } from 'node:crypto';
import Database from 'better-sqlite3';

const project = resolve(import.meta.dirname, '../..');

/** How a command of ours ended. */
export interface Ended {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  /** A person at a terminal types it; of use where it runs in this process. */
  attended?: boolean;
  environment?: Record<string, string>;
  /** What is piped in; of use where it runs in this process. */
  input?: string | Buffer;
  cwd?: string;
  /** Called with the process as soon as it runs. */
  onStart?: (pid: number) => void;
  onOutput?: (text: string, pid: number) => void;
}

/** A world in which `db-backup` and `restore` run as an operator runs them. Removed by `await using`. */
export class World implements AsyncDisposable {
  readonly home = mkdtempSync(join(tmpdir(), 'holdfast-test-'));
  readonly database = join(this.home, 'app', 'bookings.db');
  readonly state = join(this.home, 'state');
  readonly store = join(this.home, 'store');
  readonly config = join(this.home, 'holdfast.toml');

  constructor() {
    mkdirSync(join(this.home, 'app'));
  }

  /** A configuration with one app called `bookings`; `app` and `top` are further lines of TOML. */
  configure(options: { app?: string; top?: string; apps?: string } = {}): void {
    writeFileSync(
      this.config,
      `state_directory = ${JSON.stringify(this.state)}
run_directory = ${JSON.stringify(join(this.home, 'run'))}
${options.top ?? ''}
[store]
kind = "directory"
path = ${JSON.stringify(this.store)}
[apps.bookings]
database = ${JSON.stringify(this.database)}
${options.app ?? ''}
${options.apps ?? ''}
`,
    );
  }

  /** The variables that are enough without a configuration file. */
  environmentAlone(more: Record<string, string> = {}): Record<string, string> {
    return {
      HOLDFAST_CONFIG: '',
      DATABASE_PATH: this.database,
      HOLDFAST_STORE: this.store,
      HOLDFAST_STATE: this.state,
      HOLDFAST_RUN: join(this.home, 'run'),
      ...more,
    };
  }

  /** Runs `bin/<command>` from an unrelated directory and waits for its end. Never throws for a bad exit. */
  async run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
    return runProgram(join(project, 'bin', command), args, {
      ...options,
      environment: { HOLDFAST_CONFIG: this.config, ...options.environment },
    });
  }

  /** Runs a command with `--json` and parses what it prints. */
  async runJson(
    command: string,
    args: readonly string[],
    options: RunOptions = {},
  ): Promise<Ended & { json: Json }> {
    const ended = await this.run(command, [...args, '--json'], options);
    return { ...ended, json: JSON.parse(ended.stdout) };
  }

  /** The data files in the store, without manifests and markers. */
  stored(): string[] {
    return filesBelow(this.store).filter((name) => !name.includes('.holdfast-'));
  }

  /** Every file of the world with a hash of its bytes: two of them are equal when nothing changed. */
  fingerprint(folder = this.home, except: (name: string) => boolean = () => false): Record<string, string> {
    const names = filesBelow(folder).filter((name) => !except(name));
    return Object.fromEntries(
      names.map((name) => [
        name,
        createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex'),
      ]),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    rmSync(this.home, { recursive: true, force: true });
  }
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into what was printed
export type Json = any;

/** Runs a program with a clean environment: nothing of the developer's machine leaks in. */
export function runProgram(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Ended> {
  const { promise, resolve: done, reject } = Promise.withResolvers<Ended>();
  const child = spawn(program, args, {
    cwd: options.cwd ?? '/',
    env: { PATH: process.env.PATH, HOME: tmpdir(), TZ: 'UTC', ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
      if (child.pid !== undefined) options.onOutput?.(text, child.pid);
    });
  }
  child.on('spawn', () => child.pid !== undefined && options.onStart?.(child.pid));
  child.on('error', reject);
  child.on('close', (exitCode, signal) => done({ exitCode, signal, ...output }));
  return promise;
}

/** Regular files below a folder, as relative paths, sorted. */
export function filesBelow(folder: string): string[] {
  try {
    statSync(folder);
  } catch {
    return []; // a folder that is not there has no files
  }
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

export interface BookingsOptions {
  rows?: number;
  journalMode?: 'wal' | 'delete';
  pageSize?: number;
  /** Makes rows of different databases differ. */
  label?: string;
}

/** Makes a database with `rows` bookings and as many payments, closed cleanly. */
export function makeBookings(
  path: string,
  { rows = 200, journalMode = 'wal', pageSize = 4096, label = 'a' }: BookingsOptions = {},
): void {
  const database = new Database(path);
  database.pragma(`page_size = ${pageSize}`);
  database.pragma(`journal_mode = ${journalMode}`);
  database.exec(`CREATE TABLE IF NOT EXISTS booking (id INTEGER PRIMARY KEY, guest TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS payment (booking_id INTEGER PRIMARY KEY REFERENCES booking(id), amount INTEGER NOT NULL);
    CREATE INDEX IF NOT EXISTS booking_guest ON booking (guest)`);
  const book = database.prepare('INSERT INTO booking (guest) VALUES (?)');
  const pay = database.prepare('INSERT INTO payment VALUES (?, ?)');
  database.transaction(() => {
    for (let i = 0; i < rows; i += 1) {
      const { lastInsertRowid } = book.run(`${label} guest ${i} ${'x'.repeat(60)}`);
      pay.run(lastInsertRowid, i);
    }
  })();
  database.close();
}

export interface Booking {
  id: number;
  guest: string;
  amount: number | null;
}

/** Every booking with its payment, as SQLite reads the set; read from a copy, so that no side file is left. */
export function readBookings(path: string): Booking[] {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-read-'));
  try {
    const copy = join(folder, 'copy.db');
    for (const suffix of ['', '-wal', '-journal']) {
      if (existsSync(path + suffix)) copyFileSync(path + suffix, copy + suffix);
    }
    const database = new Database(copy, { fileMustExist: true });
    try {
      return database
        .prepare('SELECT id, guest, amount FROM booking LEFT JOIN payment ON booking_id = id ORDER BY id')
        .all() as Booking[];
    } finally {
      database.close();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}
