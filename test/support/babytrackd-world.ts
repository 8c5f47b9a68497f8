// The VM of the example of babytrackd and the machine that keeps a copy: its files with other places in them, the app as a process that
// writes all the time, a stand-in of Litestream that leaves what the real one leaves, and a systemctl that knows both.
import Database from 'better-sqlite3';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { watchAnonymousMemory } from './anonymous-memory.ts';
import { type LineProcess, spawnLines } from './spawn-lines.ts';
import { type Ended, runProgram } from './world.ts';

const project = resolve(import.meta.dirname, '../..');
const example = join(project, 'etc/examples/babytrackd');
const standIns = join(project, 'test/stand-ins/babytrackd');

/** What the app changed, and what SQLite refused it. */
export interface AppState {
  written: number;
  refused: string[];
}

/** A service has a lock for as long as it lives; what it says stands in <unit>.log, and what was asked in systemctl.log. */
const systemctl = `#!/bin/sh
verb=$1; shift; [ "$1" = -- ] && shift
for unit; do
  name=\${unit%.service}; pid=$PLACE/$name.pid
  case $verb in start|stop|restart) echo "$verb $name" >> "$PLACE/systemctl.log" ;; *) continue ;; esac
  if [ "$verb" != start ] && [ -f "$pid" ]; then
    kill "$(cat "$pid")" && flock "$pid.held" true
    rm "$pid"
  fi
  [ "$verb" = stop ] && continue
  case $name in
    babytrackd) set -- "$STAND_INS/app.ts" "$PLACE/baby.db" "$APP_PORT" "$(cat "$PLACE/version")" "$(cat "$PLACE/megabytes")" ;;
    litestream) set -- "$STAND_INS/litestream.ts" "$PLACE/baby.db" "$PLACE/volume/litestream" ;;
  esac
  : > "$PLACE/$name.log" # what the one before said is not of this one
  setsid sh -c 'exec 9> "$0"; flock 9; exec "$@"' "$pid.held" "$NODE" "$@" > "$PLACE/$name.log" 2>&1 < /dev/null &
  echo $! > "$pid"
  until grep -q serving "$PLACE/$name.log"; do kill -0 $! || exit 1; done
done
`;

export class BabytrackdWorld implements AsyncDisposable {
  /** Of several tests, so that none of them takes it away. */
  readonly home = mkdtempSync(join(tmpdir(), 'holdfast-test-'));
  readonly database = join(this.home, 'baby.db');
  readonly copy = join(this.home, 'copy', 'copy.db');
  readonly store = join(this.home, 'volume/backups');
  /** The most anonymous memory that any run of a job here held at once, in bytes. */
  readonly peaks = new Map<string, number>();
  readonly #ports: { app: number; receiver: number };
  #receiver: LineProcess | undefined;

  constructor(ports: { app: number; receiver: number }, megabytes: number) {
    this.#ports = ports;
    for (const folder of ['bin', 'copy', 'volume/backups', 'credentials'])
      mkdirSync(join(this.home, folder), { recursive: true });
    const path = join(this.home, 'bin/systemctl');
    writeFileSync(path, systemctl);
    chmodSync(path, 0o755);
    writeFileSync(join(this.home, 'megabytes'), `${megabytes}`);
    this.release('0.1.0');
    this.#configure('holdfast.toml', 'state', { pin: undefined });
    this.#configure('receiver.toml', 'copy/state', { certificate: undefined, private_key: undefined });
  }

  /** The version that the app says from its next start on. */
  release(version: string): void {
    writeFileSync(join(this.home, 'version'), version);
  }

  /** Another configuration of the VM, which names one of its services less; its path. */
  configureWithout(unit: string): string {
    const path = join(this.home, 'forgotten.toml');
    const text = readFileSync(join(this.home, 'holdfast.toml'), 'utf8');
    writeFileSync(path, text.replace(`, "${unit}"`, ''));
    return path;
  }

  /** Types a command on the VM, whose memory is looked at all the while. */
  async type(command: string, ...args: string[]): Promise<Ended> {
    let memory: ReturnType<typeof watchAnonymousMemory> | undefined;
    const own = existsSync(join(project, 'bin', command)) ? join(project, 'bin', command) : command;
    const ended = await runProgram(own, args, {
      environment: this.#environment('holdfast.toml'),
      onStart: (pid) => void (memory = watchAnonymousMemory(pid)),
    });
    const word = `${command} ${args[0] ?? ''}`;
    this.peaks.set(word, Math.max(memory?.end() ?? 0, this.peaks.get(word) ?? 0));
    return ended;
  }

  /** What it was typed for; throws what it said where it failed. */
  async typed(command: string, ...args: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.type(command, ...args);
    if (exitCode !== 0) throw new Error(`${command} ${args.join(' ')}: ${exitCode}\n${stdout}${stderr}`);
    return stdout;
  }

  /** The other machine, with the key that it gives to this one. */
  async startReceiver(): Promise<void> {
    const environment = this.#environment('receiver.toml');
    const made = await runProgram(join(project, 'bin/delta-receive'), ['key', 'add', 'babytrackd'], {
      environment,
    });
    const key = /hfd_[A-Za-z0-9]{40}/.exec(made.stdout)?.[0] ?? '';
    writeFileSync(join(this.home, 'credentials/delta-key'), `${key}\n`, { mode: 0o600 });
    const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
    const run = ['sh', '-c', 'exec "$0" run 2>&1', join(project, 'bin/delta-receive')];
    this.#receiver = spawnLines('env', [...variables, ...run]);
    await this.#receiver.line(/listening|listens/);
  }

  async state(): Promise<AppState> {
    return (await (await fetch(`http://127.0.0.1:${this.#ports.app}/state`)).json()) as AppState;
  }

  /** What a client sends to the app. */
  async client(entry: { id: string; value: string; deleted?: number; updated_at: number }): Promise<boolean> {
    const body = JSON.stringify({
      ...{ family_id: 'family-0', ts: 1, type: 'diaper', deleted: 0 },
      ...entry,
    });
    const answer = await fetch(`http://127.0.0.1:${this.#ports.app}/entries`, { method: 'POST', body });
    return ((await answer.json()) as { taken: boolean }).taken;
  }

  /** What an administrator types into the database. */
  sql(text: string): void {
    const database = new Database(this.database, { timeout: 20_000 });
    database.exec(text);
    database.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.type('systemctl', 'stop', 'babytrackd', 'litestream');
    await this.#receiver?.kill('SIGKILL');
    rmSync(this.home, { recursive: true, force: true });
  }

  #environment(file: string): Record<string, string> {
    return {
      ...{ HOLDFAST_CONFIG: join(this.home, file), PLACE: this.home, STAND_INS: standIns },
      ...{ NODE: process.execPath, APP_PORT: `${this.#ports.app}` },
      PATH: `${join(this.home, 'bin')}:${process.env['PATH'] ?? ''}`,
    };
  }

  /** The example's file with its places moved, and without the lines of these keys. */
  #configure(file: string, state: string, without: Record<string, undefined>): void {
    let text = readFileSync(join(example, file), 'utf8');
    const places = {
      'https://copy.example:8790': `http://127.0.0.1:${this.#ports.receiver}`,
      '0.0.0.0:8790': `127.0.0.1:${this.#ports.receiver}`,
      '127.0.0.1:8080': `127.0.0.1:${this.#ports.app}`,
      '/var/lib/babytrackd/baby.db': this.database,
      '/srv/baby/copy.db': this.copy,
      '/mnt/volume': join(this.home, 'volume'),
      '/etc/holdfast': this.home,
    };
    for (const [theirs, ours] of Object.entries(places)) text = text.replaceAll(theirs, ours);
    for (const key of Object.keys(without)) text = text.replace(new RegExp(`^${key} = .*\n`, 'm'), '');
    const directories = `state_directory = "${join(this.home, state)}"\nrun_directory = "${join(this.home, state)}-run"\n`;
    writeFileSync(join(this.home, file), directories + text);
  }
}

/** Rows of a database, as of one instant. */
export function rowsOf(path: string, sql: string): unknown[] {
  const database = new Database(path, { readonly: true, timeout: 20_000 });
  try {
    return database.prepare(sql).all();
  } finally {
    database.close();
  }
}
