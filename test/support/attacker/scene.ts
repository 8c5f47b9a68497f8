// A world with an app whose user is hostile, and what that user must never reach. Root types the real commands.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { TestReader } from '../reader.ts';
import { makeBookings, World } from '../world.ts';
import { appGroup, appUser, asUser } from './accounts.ts';
import { makeCanaries } from './canaries.ts';

const layouts = {
  /** As docs/operations.md has it: `2770 app:group`. */
  documented: { folder: 'app', uid: appUser, mode: 0o2770 },
  /** The directory above is the app's as well, so that the directory itself can be exchanged. */
  'own parent': { folder: 'app/data', uid: appUser, mode: 0o2770 },
  'of root': { folder: 'app', uid: 0, mode: 0o2770 },
  sticky: { folder: 'app', uid: 0, mode: 0o3770 },
};

/** The day of the one document, `$DOCS/2026-11-26.json`. */
const shippedDay = '2026-11-26';

const swapProgram = resolve(import.meta.dirname, '../../fixtures/swap-names.pl');

export interface SceneOptions {
  /** Where the database lies, and what of it belongs to whom; as documented unless given. */
  layout?: keyof typeof layouts;
  /** Whose the store is; root's unless given. */
  storeUid?: number;
  /** Whose the state directory is; root's unless given. */
  stateUid?: number;
  /** What the app's user does while it is stopped, started, or asked whether it is well: a shell script each. */
  stop?: string;
  start?: string;
  health?: string;
  /** Of the database; `delete` unless given. */
  journalMode?: 'wal' | 'delete';
}

/** Made with a copy of the store at `store`; removed by `await using`. */
export class Scene extends World {
  override readonly database: string;
  /** Of the app's user. */
  readonly den = join(this.home, 'den');
  /** Root's: all may enter it. */
  readonly etc = join(this.home, 'etc');
  /** Root's alone. */
  readonly secret = join(this.home, 'secret');
  /** The other user's, with a database in it. */
  readonly other = join(this.home, 'other');

  constructor(store: string, options: SceneOptions) {
    super();
    const { folder, uid, mode } = layouts[options.layout ?? 'documented'];
    this.database = join(this.home, folder, 'bookings.db');
    chmodSync(this.home, 0o755);
    makeCanaries(this);
    this.give(this.den, appUser, 0o755);
    copyFileSync(swapProgram, join(this.den, 'swap.pl'));
    if (folder !== 'app') this.give(join(this.home, 'app'), appUser, 0o755);
    this.give(this.directory, uid, mode);
    this.makeDatabase(this.database, options.journalMode ?? 'delete', 'live');
    cpSync(store, this.store, { recursive: true, preserveTimestamps: true });
    if (options.storeUid !== undefined)
      spawnSync('chown', ['-hR', `${options.storeUid}:${options.storeUid}`, this.store]);
    if (options.stateUid !== undefined) this.give(this.state, options.stateUid, 0o750);
    this.configure({ app: this.appLines(options) });
  }

  /** Where its documents lie, which root ships. */
  get documents(): string {
    return join(this.home, 'app/days');
  }

  /** Has them made, and shipped to that reader. */
  ship(reader: TestReader, phase: string): void {
    this.give(this.documents, appUser, 0o2770);
    const keys = Object.entries(reader.keys).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
    this.configure({
      app: `[apps.bookings.export]
directory = ${JSON.stringify(this.documents)}
phase = "${phase}"
days = "SELECT '${shippedDay}'"
document = "SELECT json_object('date', :day, 'bookings', count(*)) FROM booking"
[apps.bookings.export.ship]
${keys.join('\n')}`,
    });
  }

  /** Where the database lies. */
  get directory(): string {
    return dirname(this.database);
  }

  /** Makes a directory of that user. */
  give(path: string, uid: number, mode: number): void {
    mkdirSync(path, { recursive: true });
    chownSync(path, uid, appGroup);
    chmodSync(path, mode);
  }

  /** Writes a file of that user. */
  write(path: string, content: string, { uid = appUser, mode = 0o660 } = {}): void {
    writeFileSync(path, content);
    chownSync(path, uid, appGroup);
    chmodSync(path, mode);
  }

  /** Makes a database of the app's user. */
  makeDatabase(path: string, journalMode: 'wal' | 'delete' = 'delete', label = 'forged'): void {
    makeBookings(path, { rows: 5, label, journalMode });
    chownSync(path, appUser, appGroup);
    chmodSync(path, 0o660);
  }

  /** The inode, as records have it. */
  inode(path: string): string {
    return String(lstatSync(path).ino);
  }

  /** Runs a shell script with the rights of that user; one that fails fails the test. */
  as(uid: number, script: string): void {
    const [program = '', ...args] = [...asUser(uid), 'sh', '-euc', this.variables() + script];
    const { status, stderr } = spawnSync(program, args, { encoding: 'utf8', cwd: '/' });
    if (status !== 0) throw new Error(`the attack could not be prepared: ${stderr}`);
  }

  /** The names that scripts know. */
  variables(): string {
    const { directory: D, den: A, etc: E, secret: S, other: O, store: STORE, state: STATE } = this;
    const { documents: DOCS } = this;
    const known = {
      D,
      N: basename(this.database),
      A,
      E,
      S,
      O,
      DOCS,
      STORE,
      STATE,
      SWAP: `perl ${A}/swap.pl`,
    };
    return Object.entries(known)
      .map(([name, value]) => `${name}='${value}'\n`)
      .join('');
  }

  private appLines({ stop, start, health }: SceneOptions): string {
    const quoted = (script: string) => JSON.stringify(this.hook(script));
    const asked = health === undefined ? '' : `health = { command = ${quoted(health)}, timeout_seconds = 1 }`;
    if (stop === undefined && start === undefined) return asked;
    return `stop = ${quoted(stop ?? ':')}\nstart = ${quoted(start ?? ':')}\n${asked}`;
  }

  /** What root's shell runs: a program of the app's, with the app's rights, as systemd would. */
  private hook(script: string): string {
    const path = join(mkdtempSync(join(this.den, 'hook-')), 'script.sh');
    chmodSync(dirname(path), 0o755);
    this.write(path, `${this.variables()}${script}\n`, { mode: 0o755 });
    return [...asUser(appUser), 'sh', path].join(' ');
  }
}
