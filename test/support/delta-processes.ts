// A machine that pushes and one that receives, with our real commands on both: processes that can be killed at any instant.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Ending, type Fault, type FaultKind, runWithFault } from './faults/run-with-faults.ts';
import { type LineProcess, spawnLines } from './spawn-lines.ts';
import { type Ended, runProgram } from './world.ts';

const bin = resolve(import.meta.dirname, '../../bin');

export interface PairOptions {
  /** The address that the receiver listens on, as the sender reaches it. */
  readonly host: string;
  readonly port: number;
  /** Further lines of `[apps.app.delta]`, and of `[replicas.app]`, and where its rows lie unless in a SQLite file. */
  readonly delta?: string;
  readonly target?: string;
  readonly replica?: string;
  /** What is typed before a command so that it runs on that machine. */
  readonly on?: (machine: 'laptop' | 'server') => readonly string[];
}

export class DeltaPair implements AsyncDisposable {
  readonly database: string;
  readonly mirror: string;
  readonly laptopConfig: string;
  readonly serverConfig: string;
  readonly laptopState: string;
  readonly serverState: string;
  readonly #on: (machine: 'laptop' | 'server') => readonly string[];
  #receiver: LineProcess | undefined;

  private constructor(
    home: string,
    { host, port, delta = '', target, replica = '', on = () => [] }: PairOptions,
  ) {
    const [laptop, server] = [join(home, 'laptop'), join(home, 'server')];
    for (const place of [laptop, server]) mkdirSync(place);
    [this.database, this.mirror] = [join(laptop, 'app.db'), join(server, 'mirror.db')];
    [this.laptopConfig, this.serverConfig] = [join(laptop, 'laptop.toml'), join(server, 'server.toml')];
    [this.laptopState, this.serverState] = [join(laptop, 'state'), join(server, 'state')];
    this.#on = on;
    const directories = (place: string) =>
      `state_directory = "${join(place, 'state')}"\nrun_directory = "${join(place, 'run')}"\n`;
    writeFileSync(
      this.laptopConfig,
      `${directories(laptop)}[apps.app]\ndatabase = "${this.database}"\n[apps.app.delta]\nto = "http://${host}:${port}"
source = "laptop-1"\nkey_file = "${join(laptop, 'key')}"\n${delta}\n`,
    );
    const tunnel = host === '127.0.0.1' ? '' : 'tunnel = true\n';
    writeFileSync(
      this.serverConfig,
      `${directories(server)}[receive]\nlisten = "${host}:${port}"\n${tunnel}[replicas.app]\n${target ?? `database = "${this.mirror}"`}
sources = ["laptop-1"]\n${replica}\n`,
    );
  }

  /** With a key, and a receiver that runs; the app's database is the caller's to make. */
  static async start(home: string, options: PairOptions): Promise<DeltaPair> {
    const pair = new DeltaPair(home, options);
    const made = await pair.server('key', 'add', 'laptop-1');
    const [key] = /hfd_[A-Za-z0-9]{40}/.exec(made.stdout) ?? [];
    if (key === undefined) throw new Error(`no key was made: ${made.stdout}${made.stderr}`);
    writeFileSync(join(home, 'laptop', 'key'), `${key}\n`, { mode: 0o600 });
    await pair.receive();
    return pair;
  }

  /** Types `delta-push` there. */
  laptop(...args: string[]): Promise<Ended> {
    return this.push(args);
  }

  push(args: readonly string[], onStart?: (pid: number) => void): Promise<Ended> {
    return this.#type('laptop', 'delta-push', args, this.laptopConfig, onStart);
  }

  /** A cycle that is killed at one of its operations, where it has so many. */
  pushUntil(fault: Fault): Promise<Ending> {
    return runWithFault(
      join(bin, 'delta-push'),
      ['run', '--now'],
      { HOLDFAST_CONFIG: this.laptopConfig },
      fault,
    );
  }

  /** Types `delta-receive` there. */
  server(...args: string[]): Promise<Ended> {
    return this.#type('server', 'delta-receive', args, this.serverConfig);
  }

  #type(
    machine: 'laptop' | 'server',
    command: string,
    args: readonly string[],
    config: string,
    onStart?: (pid: number) => void,
  ): Promise<Ended> {
    const [program = '', ...rest] = [...this.#on(machine), join(bin, command), ...args];
    return runProgram(program, rest, {
      environment: { HOLDFAST_CONFIG: config },
      ...(onStart && { onStart }),
    });
  }

  /** Starts the receiver; returns when it listens. With a fault it dies at one of its operations. */
  async receive(fault?: { at: number; kind: FaultKind }): Promise<void> {
    const preload = `--import=${new URL('faults/fault-preload.mjs', import.meta.url).href}`;
    const faults =
      fault === undefined
        ? []
        : [`FAULT_AT=${fault.at}`, `FAULT_KIND=${fault.kind}`, `HOLDFAST_NODE_OPTIONS=${preload}`];
    const words = [
      ...this.#on('server'),
      'env',
      `HOLDFAST_CONFIG=${this.serverConfig}`,
      ...faults,
      join(bin, 'delta-receive'),
      'run',
    ];
    this.#receiver = spawnLines('sh', ['-c', 'exec "$@" 2>&1', 'sh', ...words]);
    await this.#receiver.line(/listening|listens/);
  }

  get receiverPid(): number {
    if (this.#receiver === undefined) throw new Error('no receiver runs');
    return this.#receiver.pid;
  }

  /** Ends it at once. */
  async killReceiver(): Promise<void> {
    const receiver = this.#receiver;
    this.#receiver = undefined;
    await receiver?.kill('SIGKILL');
  }

  /** What the sender has written down of itself. */
  senderNote(): string {
    return readFileSync(join(this.laptopState, 'delta/app/note.json'), 'utf8');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.killReceiver();
  }
}
