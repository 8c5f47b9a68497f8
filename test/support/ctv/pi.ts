// CTV's machine: /etc, /opt, /srv, /tmp, /run and /var/lib of its own, in which commands are typed with the paths that the
// examples have, an app runs behind a stand-in of docker, and copies go to a stand-in of Dropbox.
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { DropboxStandIn } from '../../stand-ins/dropbox/stand-in.ts';
import { DropboxWorld } from '../dropbox-world.ts';
import { spawnLines, type LineProcess } from '../spawn-lines.ts';
import { type Ended, type RunOptions, runProgram } from '../world.ts';
import { makeSpots } from './database.ts';

const project = join(import.meta.dirname, '../../..');
const examples = join(project, 'etc/examples/ctv');

/** The user and the group of the app. */
export const app = { uid: 1500, gid: 1600 };

/** Why there is no such machine here; undefined where there can be. */
export const missingForPi =
  process.geteuid?.() === 0 && spawnSync('unshare', ['-m', 'true']).status === 0 ? undefined : 'root';

export class CtvPi implements AsyncDisposable {
  readonly dropbox: DropboxStandIn;
  readonly #world: DropboxWorld;
  readonly #port: number;

  private constructor(world: DropboxWorld, port: number) {
    this.#world = world;
    this.dropbox = world.standIn;
    this.#port = port;
  }

  static async start(): Promise<CtvPi> {
    const pi = new CtvPi(await DropboxWorld.start(), await freePort());
    for (const name of ['etc', 'opt/spotops/bin', 'srv/spotops/db', 'srv/spotops/log', 'tmp', 'run', 'lib'])
      mkdirSync(pi.path(name), { recursive: true });
    cpSync('/etc', pi.path('etc'), { recursive: true, verbatimSymlinks: true });
    for (const name of ['', 'opt', 'srv']) chmodSync(pi.path(name), 0o755);
    chmodSync(pi.path('tmp'), 0o1777);
    for (const name of ['srv/spotops', 'srv/spotops/db', 'srv/spotops/log']) pi.giveToApp(name, 0o2770);
    makeSpots(pi.database);
    pi.giveToApp('srv/spotops/db/production.db', 0o660);
    copyFileSync(join(import.meta.dirname, 'docker'), pi.path('opt/spotops/bin/docker'));
    chmodSync(pi.path('opt/spotops/bin/docker'), 0o755);
    pi.write('opt/spotops/compose.yml', 'services: { spotops: { image: spotops } }\n');
    return pi;
  }

  /** Where something of the machine lies for the test, by its path there without the first slash. */
  path(name: string): string {
    return join(this.#world.home, 'pi', name);
  }

  get database(): string {
    return this.path('srv/spotops/db/production.db');
  }

  write(name: string, text: string, mode = 0o644): void {
    writeFileSync(this.path(name), text);
    chmodSync(this.path(name), mode);
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  giveToApp(name: string, mode: number): void {
    chownSync(this.path(name), app.uid, app.gid);
    chmodSync(this.path(name), mode);
  }

  /** An example as it stands in etc/examples, with what an operator puts in its place. */
  example(name: string, changes: readonly (readonly [from: string, to: string])[]): string {
    const text = readFileSync(join(examples, name), 'utf8');
    return changes.reduce((sum, [from, to]) => {
      if (!sum.includes(from)) throw new Error(`${name} has no ${from}`);
      return sum.replace(from, to);
    }, text);
  }

  /** Holdfast's own command, typed there. */
  type(line: string, options: RunOptions = {}): Promise<Ended> {
    return this.run(`${join(project, 'bin')}/${line}`, options);
  }

  /** A line of a shell, typed there by root. */
  run(line: string, options: RunOptions = {}): Promise<Ended> {
    this.#world.comeToNow();
    return runProgram('unshare', this.#inside(line), {
      ...options,
      environment: { ...this.#variables, ...options.environment },
    });
  }

  /** The same, going on until the test is done with it. */
  spawn(line: string): LineProcess {
    const set = Object.entries(this.#variables).map(([name, value]) => `${name}=${value}`);
    return spawnLines('env', ['-i', ...set, 'unshare', ...this.#inside(line)]);
  }

  /** What the older script does. */
  script(rest: string): Promise<Ended> {
    return this.run(`python3 ${join(import.meta.dirname, 'older-script.py')} ${rest}`);
  }

  /** The older script, holding its lock. */
  async scriptThatHolds(): Promise<LineProcess> {
    const script = this.spawn(`exec python3 ${join(import.meta.dirname, 'older-script.py')} hold - -`);
    await script.line('held');
    return script;
  }

  /** What the app answers; undefined where it does not run. */
  async ask(path: string): Promise<Record<string, unknown> | undefined> {
    try {
      const reply = await fetch(`http://127.0.0.1:${this.#port}${path}`);
      return (await reply.json()) as Record<string, unknown>;
    } catch {
      return undefined;
    }
  }

  /** The address of its /health, as the configuration has it. */
  get health(): string {
    return `http://127.0.0.1:${this.#port}/health`;
  }

  /** The files in Dropbox by path, each as its content hash. */
  remote(): Record<string, string> {
    return this.#world.remote();
  }

  get #variables(): Record<string, string> {
    return {
      PATH: `/opt/spotops/bin:${process.env.PATH}`,
      HOME: '/root',
      TZ: 'UTC',
      HOLDFAST_DROPBOX_URL: this.dropbox.url,
      APP: join(import.meta.dirname, 'app.mjs'),
      APP_NODE: process.execPath,
      APP_PORT: `${this.#port}`,
    };
  }

  #inside(line: string): string[] {
    const places = ['etc', 'opt', 'srv', 'run', 'lib', 'tmp'].map((name) => ({
      from: this.path(name),
      to: `/${name === 'lib' ? 'var/lib' : name}`,
    }));
    // A checkout below one of them is there as well, at its own path.
    const ours = places.flatMap(({ from, to }) => {
      if (!project.startsWith(`${to}/`)) return [];
      const place = `${from}${project.slice(to.length)}`;
      return [`mkdir -p ${place}`, `mount --bind ${project} ${place}`];
    });
    const mounts = places.map(({ from, to }) => `mount --rbind ${from} ${to}`);
    return ['-m', 'sh', '-c', `${[...ours, ...mounts].join(' && ')} && ${line}`];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.run('docker compose -f /opt/spotops/compose.yml stop spotops');
    await this.#world[Symbol.asyncDispose]();
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
