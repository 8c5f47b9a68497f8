// The two machines of the example of HerdLinx, a Pi and an office, in a network of their own: its files with other places in them, what
// is typed on either side, a systemctl that knows our services, and who reads the replica all the time.
import Database from 'better-sqlite3';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { join, resolve } from 'node:path';
import { DeltaNetwork, there } from './delta-network.ts';
import { type Ended, runProgram } from './world.ts';

/** Pages are opened some hundred times a second, and leave the machine to those who work. */
const readingPauseMs = 4;

export type HerdMachine = 'pi' | 'office';

const project = resolve(import.meta.dirname, '../..');
const files = { pi: 'master.toml', office: 'replica.toml' };
const travelling = ['batches', 'cattle', 'pens', 'weight_records'];

/** What the app has, as SQLAlchemy declares it, and without a write-ahead log as SQLite begins. */
const schema = `
  CREATE TABLE batches (id INTEGER NOT NULL, batch_number VARCHAR(50) NOT NULL, induction_date DATE, updated_at DATETIME NOT NULL,
    PRIMARY KEY (id), UNIQUE (batch_number));
  CREATE TABLE cattle (id INTEGER NOT NULL, batch_id INTEGER NOT NULL, cattle_id VARCHAR(100) NOT NULL, weight FLOAT, notes TEXT,
    updated_at DATETIME NOT NULL, PRIMARY KEY (id), FOREIGN KEY(batch_id) REFERENCES batches (id), UNIQUE (cattle_id));
  CREATE TABLE pens (id INTEGER NOT NULL, pen_number VARCHAR(20), capacity INTEGER, PRIMARY KEY (id));
  CREATE TABLE weight_records (id INTEGER NOT NULL, cattle_id INTEGER NOT NULL, weight FLOAT, recorded_at DATETIME, PRIMARY KEY (id));
  CREATE TABLE users (id INTEGER NOT NULL, password_hash TEXT, PRIMARY KEY (id));
  CREATE TABLE lora_payload_buffer (id INTEGER NOT NULL, raw BLOB, PRIMARY KEY (id));
  INSERT INTO batches VALUES (1, 'B1', '2024-01-15', '2024-01-15 10:30:00.000000');
  INSERT INTO users VALUES (1, 'a hash');
  WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
    INSERT INTO cattle SELECT i, 1, 'C' || i, 180 + i / 8.0, NULL, '2024-01-15 10:30:00.123456' FROM n;`;

/** What it was told stands in systemctl.log; what a service says, in <unit>.log. A service has a lock for as long as it lives. */
const systemctl = `#!/bin/sh
verb=$1; shift; [ "$1" = -- ] && shift
for unit; do
  unit=\${unit%.service}; pid=$PLACE/$unit.pid
  echo "$verb $unit" >> "$PLACE/systemctl.log"
  case $unit in
    delta-serve@*) set -- delta-serve run --app "\${unit#*@}" ;;
    delta-pull@*) set -- delta-pull run "\${unit#*@}" ;;
    *) continue ;;
  esac
  if [ "$verb" != start ] && [ -f "$pid" ]; then
    kill "$(cat "$pid")" && flock "$pid.held" true
    rm "$pid"
  fi
  [ "$verb" = stop ] && continue
  job=$1; shift
  setsid sh -c 'exec 9> "$0"; flock 9; exec "$@"' "$pid.held" "$PROJECT/bin/$job" "$@" >> "$PLACE/$unit.log" 2>&1 < /dev/null &
  echo $! > "$pid"
done
`;

/** A Pi without a clock of its own starts in 1970, and knows no better until it finds somebody to ask. */
const clockOf1970 = `const Real = Date, shift = Real.now() - 42000;
globalThis.Date = class extends Real {
  constructor(...given) { if (given.length === 0) super(Real.now() - shift); else super(...given); }
  static now() { return Real.now() - shift; }
};`;

export class HerdlinxWorld implements AsyncDisposable {
  readonly network = new DeltaNetwork();
  /** Of several tests, so that none of them takes it away. */
  readonly home = mkdtempSync(join(tmpdir(), 'holdfast-test-'));
  /** How many cattle a reader of the replica has found, each time it looked. */
  readonly found = new Set<number>();
  isIn1970 = false;
  readonly #changes: Record<HerdMachine, Record<string, string>> = { pi: {}, office: {} };
  #reader: Database.Database | undefined;

  constructor() {
    for (const machine of ['pi', 'office'] as const) {
      mkdirSync(join(this.place(machine), 'bin'), { recursive: true });
      const path = join(this.place(machine), 'bin/systemctl');
      writeFileSync(path, systemctl);
      chmodSync(path, 0o755);
    }
    this.app(schema);
    this.configure('pi', {});
    this.configure('office', { from: `"https://${there}:5001"` });
  }

  place(machine: HerdMachine): string {
    return join(this.home, machine);
  }

  get replica(): string {
    return join(this.place('office'), 'replica.db');
  }

  /** What the app writes: a transaction. */
  app(sql: string): void {
    const database = new Database(join(this.place('pi'), 'herd.db'), { timeout: 20_000 });
    database.transaction(() => database.exec(sql))();
    database.close();
  }

  /** The example's file of that machine, with its places moved, and with every change that was ever made. */
  configure(machine: HerdMachine, changes: Record<string, string>): void {
    const place = this.place(machine);
    Object.assign(this.#changes[machine], changes);
    let text = readFileSync(join(project, 'etc/examples/herdlinx', files[machine]), 'utf8');
    const places = {
      '/opt/herdlinx/instance/herdlinx.db': join(place, 'herd.db'),
      '/mnt/usb/holdfast': join(place, 'store'),
      '/srv/herdlinx/replica.db': this.replica,
      '/etc/holdfast/': `${place}/`,
    };
    for (const [theirs, ours] of Object.entries(places)) text = text.replaceAll(theirs, ours);
    for (const [key, value] of Object.entries(this.#changes[machine])) {
      const line = new RegExp(`^${key} = .*$`, 'm');
      if (!line.test(text)) throw new Error(`${files[machine]} has no ${key}`);
      text = text.replace(line, () => `${key} = ${value}`);
    }
    const directories = `state_directory = "${place}/state"\nrun_directory = "${place}/run"\n`;
    writeFileSync(join(place, 'holdfast.toml'), directories + text);
  }

  type(machine: HerdMachine, ...words: string[]): Promise<Ended> {
    const [command = '', ...rest] = words;
    const place = this.place(machine);
    const own = command.startsWith('delta-') || existsSync(join(project, 'bin', command));
    const program = command === 'node' ? process.execPath : own ? join(project, 'bin', command) : command;
    const variables = [
      `HOLDFAST_CONFIG=${join(place, 'holdfast.toml')}`,
      ...[`PLACE=${place}`, `PROJECT=${project}`, `PATH=${join(place, 'bin')}:${process.env['PATH'] ?? ''}`],
      ...(machine === 'pi' && this.isIn1970 ? [`HOLDFAST_NODE_OPTIONS=--import=${asUrl(clockOf1970)}`] : []),
    ];
    const [ip = '', ...namespace] = this.network.on(machine === 'pi' ? 'server' : 'laptop');
    return runProgram(ip, [...namespace, 'env', ...variables, program, ...rest]);
  }

  /** What it was typed for; throws what it said where it failed. */
  async typed(machine: HerdMachine, ...words: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.type(machine, ...words);
    if (exitCode !== 0)
      throw new Error(`${words.join(' ')} on the ${machine}: ${exitCode}\n${stdout}${stderr}`);
    return stdout;
  }

  log(machine: HerdMachine, unit: string): string {
    const path = join(this.place(machine), `${unit}.log`);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  writeKey(key: string): void {
    writeFileSync(join(this.place('office'), 'pull.key'), `${key}\n`, { mode: 0o600 });
  }

  /** What the pages of the office are told; nothing while the service starts. */
  async status(): Promise<Record<string, unknown>> {
    const script = `fetch('http://127.0.0.1:5002/office/api/sync-status').then((answer) => answer.text()).then(console.log)`;
    const { exitCode, stdout } = await this.type('office', 'node', '-e', script);
    return exitCode === 0 ? (JSON.parse(stdout) as Record<string, unknown>) : {};
  }

  /** Reads the replica as the pages do, all the time, until it is so. */
  async readUntil(isSo: () => boolean | Promise<boolean>): Promise<void> {
    for (let isOver = false; !isOver;) {
      let hasAnswer = false;
      const asking = Promise.resolve(isSo()).finally(() => (hasAnswer = true));
      do {
        this.#reader ??= new Database(this.replica, { readonly: true });
        this.found.add(Number(this.#reader.prepare('SELECT count(*) FROM cattle').pluck().get()));
        await setTimeout(readingPauseMs);
      } while (!hasAnswer);
      isOver = await asking;
    }
  }

  /** Its readers open the replica anew, after its file was lost. */
  closeReader(): void {
    this.#reader?.close();
    this.#reader = undefined;
  }

  isAsTheMaster(path = this.replica): boolean {
    const rows = rowsOf(path);
    return rows !== undefined && rows === rowsOf(join(this.place('pi'), 'herd.db'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.closeReader();
    for (const machine of ['pi', 'office'] as const)
      await this.type(machine, 'systemctl', 'stop', 'delta-serve@herd', 'delta-pull@herd');
    this.network[Symbol.dispose]();
    rmSync(this.home, { recursive: true });
  }
}

function asUrl(script: string): string {
  return `data:text/javascript,${encodeURIComponent(script)}`;
}

/** Of all tables that travel; undefined where they are not there yet. */
function rowsOf(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  const database = new Database(path, { readonly: true, timeout: 20_000 });
  try {
    const has = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'cattle'").get() !== undefined;
    const all = (table: string) => database.prepare(`SELECT * FROM ${table} ORDER BY id`).raw().all();
    return has ? JSON.stringify(travelling.map(all)) : undefined;
  } finally {
    database.close();
  }
}
