// A machine of somebody who reads the runbook: an app with a database, a store, a configuration, below a directory in which all
// the paths of the pages lie. What is typed there is typed into our real parsers and frames in this process, and the rest into a
// real shell.
import Database from 'better-sqlite3';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { type FixedClock, fixedClock } from '../fixed-clock.ts';
import { type InProcessOptions, runInProcess } from '../in-process.ts';
import { spawnLines } from '../spawn-lines.ts';
import { jobs } from '../typed-world.ts';
import { type Ended, makeBookings, runProgram } from '../world.ts';
import { ourWords, wordsOf } from './command-lines.ts';
import { filled, placedBelow, type Value } from './filled.ts';

const project = resolve(import.meta.dirname, '../../..');
const bin = join(project, 'bin');
const [minute, hour] = [60_000, 3_600_000];

/** Programs that a test must not have done: what stands for them does what is typed behind them, or shows what it was given. */
const standIns = {
  sudo: 'while case $1 in -u) shift 2 ;; *) false ;; esac do :; done; exec "$@"',
  mail: 'cat',
};

export class RunbookWorld implements AsyncDisposable {
  readonly home = mkdtempSync(join(tmpdir(), 'holdfast-read-'));
  /** What is typed in this process happened in the hours before now, which processes have. */
  clock: FixedClock = fixedClock(new Date(Date.now() - 12 * hour).toISOString());
  readonly database = this.at('/srv/app/app.db');
  readonly store = this.at('/srv/backups');
  readonly config = this.at('/etc/holdfast/holdfast.toml');
  /** Where somebody is who types. */
  readonly directory = this.at('/home/kim');
  /** What the shell has set, beside which configuration there is. */
  environment: Record<string, string> = {};
  /** What the person at the terminal says. */
  ask: InProcessOptions['ask'];
  /** Whether it is a person who types. */
  isAttended = true;
  /** What of this world stands in the place of words such as `<file>`. */
  values: Record<string, Value> = {
    app: 'ctv',
    database: '/srv/app/app.db',
    directory: '/srv/app',
    backup: () => this.newest('.db'),
    user: 'root',
    group: 'root',
    command: 'true',
  };
  #letGo: () => unknown = () => undefined;
  readonly #kept: AsyncDisposableStack = new AsyncDisposableStack();

  constructor() {
    for (const path of [
      '/srv/app',
      '/etc/holdfast/credentials',
      '/tmp',
      '/home/kim',
      '/usr/local/bin',
      '/opt',
      '/run/holdfast',
    ])
      mkdirSync(this.at(path), { recursive: true });
    symlinkSync(project, this.at('/opt/holdfast'));
    symlinkSync(join(project, 'etc'), this.at('/home/kim/etc'));
    for (const [name, script] of Object.entries(standIns)) this.program(name, script);
    this.configure();
  }

  /** Where a path of the pages lies. */
  at(path: string): string {
    return join(this.home, path);
  }

  /** One app called `ctv`; `app` are further keys of it, `more` what stands behind, `top` before. Paths are those of the pages. */
  configure({
    app = '',
    more = '',
    top = '',
    store = 'kind = "directory"\npath = "/srv/backups"',
  } = {}): void {
    const text = `state_directory = "/var/lib/holdfast"
run_directory = "/run/holdfast"
clock = "trusted"
${top}
[store]
${store}
[apps.ctv]
database = "/srv/app/app.db"
${app}
${more}
`;
    writeFileSync(this.config, this.placed(text));
  }

  write(path: string, text: string, mode = 0o600): void {
    mkdirSync(dirname(this.at(path)), { recursive: true });
    writeFileSync(this.at(path), text, { mode });
  }

  program(name: string, script: string): void {
    this.write(`/usr/local/bin/${name}`, `#!/bin/sh\n${script}\n`);
    chmodSync(this.at(`/usr/local/bin/${name}`), 0o755);
  }

  /** The database, with `rows` bookings and whatever `sql` adds, and so many backups of it. */
  async withBackups(count = 1, { rows = 200, sql = '' } = {}): Promise<this> {
    makeBookings(this.database, { journalMode: 'delete', rows });
    this.app(`CREATE TABLE orders (id INTEGER PRIMARY KEY, what TEXT); ${sql}
      WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows}) INSERT INTO orders SELECT i, 'x' FROM n`);
    for (let made = 0; made < count; made += 1) {
      if (made > 0) this.app(`INSERT INTO orders (what) VALUES ('${made}')`);
      await this.well('db-backup run');
    }
    return this;
  }

  /** What the app writes. */
  app(sql: string): void {
    const database = new Database(this.database);
    database.exec(sql);
    database.close();
  }

  /** Keeps something until the world is over. */
  keep<Thing extends AsyncDisposable | Disposable>(thing: Thing): Thing {
    return this.#kept.use(thing);
  }

  onEnd(what: () => void): void {
    this.#kept.defer(what);
  }

  /** What keeps something from the reader until then; it is called once. */
  holds(what: () => unknown): void {
    this.#letGo = what;
    this.#kept.defer(() => this.letGo());
  }

  async letGo(): Promise<void> {
    const what = this.#letGo;
    this.#letGo = () => undefined;
    await what();
  }

  /** The newest backup of such a kind, by name. */
  newest(suffix: string): string {
    const folder = join(this.store, 'backups/ctv');
    const names = existsSync(folder) ? readdirSync(folder) : [];
    const found = names
      .filter((name) => name.endsWith(suffix))
      .sort()
      .at(-1);
    if (found === undefined) throw new Error(`there is no backup *${suffix}`);
    return found;
  }

  /** Types a line that has to end well. Returns what it printed. */
  async well(line: string): Promise<string> {
    const { exitCode, stdout, stderr } = await this.type(line);
    if (exitCode !== 0) throw new Error(`${line} ended with ${exitCode}:\n${stdout}${stderr}`);
    return stdout + stderr;
  }

  /** Types a line as a page has it, with what its placeholders stand for here. */
  async type(text: string): Promise<Ended> {
    const line = this.placed(await filled(text, this.values, (suffix) => this.newest(suffix)));
    const [job = '', ...args] = ourWords(line);
    const command = jobs[job]?.commands.find(({ name }) => name === args[0]);
    if (command?.kind === 'service') return this.#serve(line);
    const isOurs = job !== '' && !/[|<>]|&&|(^|\s)(nohup|\*)/.test(line);
    return isOurs ? this.#typeOurs(job, args, line) : this.shell(line);
  }

  /** Paths of the pages, as they are here. */
  placed(text: string): string {
    return placedBelow(this.home, text);
  }

  /** Types a line into a shell. */
  shell(line: string): Promise<Ended> {
    return runProgram('bash', ['-c', line], { cwd: this.directory, environment: this.#variables() });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#kept.disposeAsync();
    rmSync(this.home, { recursive: true, force: true });
  }

  async #typeOurs(job: string, args: readonly string[], line: string): Promise<Ended> {
    const set = wordsOf(line).flatMap((word) =>
      /^[A-Z_]+=/.test(word) ? [word.split(/=(.*)/s).slice(0, 2)] : [],
    );
    const typed = jobs[job];
    if (typed === undefined) throw new Error(`there is no job ${job}`);
    this.clock.advance(minute);
    const before = process.cwd();
    process.chdir(this.directory);
    try {
      const environment = { ...this.#variables(), ...(Object.fromEntries(set) as Record<string, string>) };
      const unquoted = args.map((word) => word.replaceAll(/['"]/g, ''));
      return await runInProcess(typed, unquoted, {
        clock: this.clock,
        attended: this.isAttended,
        confirm: async () => true,
        environment,
        ...(this.ask && { ask: this.ask, askSecret: this.ask }),
      });
    } finally {
      process.chdir(before);
    }
  }

  /** A service listens until it is stopped, and ends well then. */
  async #serve(line: string): Promise<Ended> {
    const variables = Object.entries(this.#variables()).map(([name, value]) => `${name}=${value}`);
    await using service = spawnLines('env', [
      '-i',
      ...variables,
      'bash',
      '-c',
      `exec ${line.replace(/^sudo /, '')} 2>&1`,
    ]);
    await service.line(/listening on|serving/);
    await service.kill('SIGTERM');
    const exitCode = await service.ended;
    return { exitCode: Number(exitCode), signal: null, stdout: '', stderr: '' };
  }

  #variables(): Record<string, string> {
    return {
      HOLDFAST_CONFIG: this.config,
      HOME: this.directory,
      PATH: `${this.at('/usr/local/bin')}:${bin}:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin:${project}`,
      TZ: 'UTC',
      ...this.environment,
    };
  }
}
