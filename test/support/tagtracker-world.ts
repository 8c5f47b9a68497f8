// The laptop and the server of TagTracker's example: its files with other places in them, what is typed on either machine, a link
// between them, a reader over ssh, and the server's own loader. The laptop's clock shows what the test says.
import Database from 'better-sqlite3';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Link } from './link.ts';
import { TestReader } from './reader.ts';
import { type LineProcess, spawnLines } from './spawn-lines.ts';
import { TheirLoader, type Load } from '../stand-ins/tagtracker/loader.ts';
import { asSaved, example, insertDay, savedDay } from './tagtracker.ts';
import { type Ended, runProgram } from './world.ts';

/** Of the server: nobody else has this one, and its port is that of the example. */
const ownAddress = `127.79.${(process.pid >> 8) & 255}.${process.pid & 255}`;

const bin = resolve(import.meta.dirname, '../../bin');

export class TagtrackerWorld implements AsyncDisposable {
  /** Of several tests, so that none of them takes it away. */
  readonly home = mkdtempSync(join(tmpdir(), 'holdfast-test-'));
  readonly database = join(this.home, 'laptop/data/tagtracker.db');
  readonly days = join(this.home, 'laptop/data/days');
  readonly replica = join(this.home, 'server/reports.db');
  readonly loader = new TheirLoader(join(this.home, 'loaded.db'));
  #clock = new Date('2026-04-01T23:00:00Z');
  reader!: TestReader;
  link!: Link;
  #receiver: LineProcess | undefined;
  #phase = 'database';
  #pin = '';

  constructor() {
    for (const place of ['laptop/data/days', 'laptop/usb', 'server', 'reader'])
      mkdirSync(join(this.home, place), { recursive: true });
  }

  /** What the README has typed on both machines. */
  async setUp(): Promise<void> {
    this.reader = await TestReader.ssh({ home: join(this.home, 'reader') });
    this.#write('server', 'server.toml', {
      '/etc/holdfast/credentials/': `${this.home}/server/`,
      '/etc/holdfast/': `${this.home}/server/`,
      '/srv/tagtracker/reports.db': this.replica,
      '0.0.0.0:8790': `${ownAddress}:8790`,
    });
    this.#pin =
      /sha256:\w{64}/.exec(
        await this.typed('server', 'delta-receive', 'cert', '--name', 'reports.example'),
      )?.[0] ?? '';
    const made = await this.typed('server', 'delta-receive', 'key', 'add', 'laptop-1');
    writeFileSync(join(this.home, 'laptop/delta-key'), /hfd_\w+/.exec(made)?.[0] ?? '', { mode: 0o600 });
    const config = `HOLDFAST_CONFIG=${this.home}/server/holdfast.toml`;
    this.#receiver = spawnLines('sh', [
      '-c',
      'exec "$@" 2>&1',
      'sh',
      'env',
      config,
      join(bin, 'delta-receive'),
      'run',
    ]);
    await this.#receiver.line(/listening on/);
    this.link = await Link.open({ host: ownAddress, port: 8790 });
    this.configure('json');
  }

  /** The laptop's file; `phase` is what the documents are, which stands there for as long as the app does not write the database. */
  configure(phase: string): void {
    this.#phase = phase;
    const { to, port, host_key: hostKey } = this.reader.keys;
    this.#write('laptop', 'laptop.toml', {
      '/home/tagtracker/data/': `${this.home}/laptop/data/`,
      '/media/usb/': `${this.home}/laptop/usb/`,
      '/opt/holdfast/etc/examples/tagtracker': example,
      'tagtracker@reports.example:/srv/tagtracker/days': String(to),
      'identity = "/etc/holdfast/ship-key"': `identity = "${this.reader.home}/id"\nport = ${port}`,
      'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHK6lB5jLxq4JzWQXo5mXhJkT3GgAa9q0Yy6b8h0n6pE': String(hostKey),
      'https://reports.example:8790': `https://127.0.0.1:${this.link.port}`,
      '/etc/holdfast/credentials/': `${this.home}/laptop/`,
      'sha256:3f0c6f0bfa3cf7f3a2f7de0f6a6b1d1cbb6e5f0f1e4fb3d1a5c8e1b0d9a7c641': this.#pin,
      'ascii = true': `ascii = true\nphase = "${this.#phase}"`,
    });
  }

  /** The evening of a day of the season, each a little later than the one before. */
  evening(index: number): void {
    this.#clock = new Date(`${savedDay(index).date}T22:00:00Z`);
    this.pass(index);
  }

  /** On the laptop's clock, which stands while nothing is typed. */
  pass(minutes: number): void {
    this.#clock = new Date(this.#clock.getTime() + minutes * 60_000);
  }

  type(machine: 'laptop' | 'server', command: string, ...words: string[]): Promise<Ended> {
    if (machine === 'laptop') this.pass(1);
    const shift = machine === 'laptop' ? { HOLDFAST_NODE_OPTIONS: `--import=${clockAt(this.#clock)}` } : {};
    return runProgram(join(bin, command), words, {
      environment: { HOLDFAST_CONFIG: join(this.home, machine, 'holdfast.toml'), ...shift },
    });
  }

  /** What it printed; throws what it said where it failed. */
  async typed(machine: 'laptop' | 'server', command: string, ...words: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.type(machine, command, ...words);
    if (exitCode !== 0) throw new Error(`${command} ${words.join(' ')}: ${exitCode}\n${stdout}${stderr}`);
    return stdout + stderr;
  }

  /** What the app writes: a transaction. */
  app(write: string | ((database: Database.Database) => void)): void {
    const database = new Database(this.database, { timeout: 20_000 });
    database.transaction(() => (typeof write === 'string' ? database.exec(write) : write(database)))();
    database.close();
  }

  /** What the app saves of a day: its file, as before, or rows. */
  save(index: number, how: 'file' | 'rows'): void {
    const day = savedDay(index);
    if (how === 'file') writeFileSync(join(this.days, `bike_rack_${day.date}.json`), asSaved(day));
    else this.app((database) => insertDay(database, day));
  }

  /** The loader's glob over what was shipped. */
  load(): Load {
    const names = readdirSync(this.reader.directory).filter((name) => /^bike_rack_.*\.json$/.test(name));
    return this.loader.load(names.sort().map((name) => join(this.reader.directory, name)));
  }

  /** MD5 of each document here, by day. */
  fingerprints(): Map<string, string> {
    const names = readdirSync(this.days).filter((name) => name.endsWith('.json'));
    const md5 = (name: string) =>
      createHash('md5')
        .update(readFileSync(join(this.days, name)))
        .digest('hex');
    return new Map(names.sort().map((name) => [name.slice('bike_rack_'.length, -'.json'.length), md5(name)]));
  }

  /** Ends it as a service manager would; its history is on the disk then. */
  async stopReceiver(): Promise<void> {
    const receiver = this.#receiver;
    this.#receiver = undefined;
    await receiver?.kill('SIGTERM');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopReceiver();
    await this.link[Symbol.asyncDispose]();
    await this.reader[Symbol.asyncDispose]();
    this.loader[Symbol.dispose]();
    rmSync(this.home, { recursive: true });
  }

  #write(machine: 'laptop' | 'server', file: string, places: Record<string, string>): void {
    let text = readFileSync(join(example, file), 'utf8');
    for (const [theirs, ours] of Object.entries(places)) {
      if (!text.includes(theirs)) throw new Error(`${file} has no ${theirs}`);
      text = text.replaceAll(theirs, ours);
    }
    const place = join(this.home, machine);
    const top = `state_directory = "${place}/state"\nrun_directory = "${place}/run"\nclock = "trusted"\n`;
    writeFileSync(join(place, 'holdfast.toml'), top + text);
  }
}

function clockAt(time: Date): string {
  const script = `const Real = Date, shift = Real.now() - ${time.getTime()};
    globalThis.Date = class extends Real {
      constructor(...given) { if (given.length === 0) super(Real.now() - shift); else super(...given); }
      static now() { return Real.now() - shift; }
    };`;
  return `data:text/javascript,${encodeURIComponent(script)}`;
}
