// A network of two namespaces: in one a command is run, in the other Dropbox has its real names and an address of each
// family, of which one leads nowhere: what is sent there is dropped without a word.
import { execFileSync, type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import type { TlsProxy } from '../stand-ins/dropbox/tls-proxy.ts';
import { type Ended, runProgram } from './world.ts';

export type Family = 'IPv4' | 'IPv6';

/** Per family: here, there, and an address that the way to is dropped on. */
const addresses = {
  IPv4: { here: '10.99.0.1/24', there: '10.99.0.2', nowhere: '10.98.0.1', network: '10.98.0.0/24' },
  IPv6: { here: 'fd99::1/64', there: 'fd99::2', nowhere: 'fd98::1', network: 'fd98::/64' },
};

/** Why there cannot be one here; undefined where there can. */
export function missingForTwoFamilies(): string | undefined {
  try {
    using probe = new Namespace('probe');
    probe.ip('link', 'add', 'veth0', 'type', 'veth', 'peer', 'name', 'veth1');
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

export class Namespace implements Disposable {
  readonly name: string;

  constructor(called: string) {
    this.name = `holdfast-${process.pid}-${called}`;
    execFileSync('ip', ['netns', 'add', this.name], { stdio: ['ignore', 'ignore', 'pipe'] });
  }

  ip(...args: string[]): void {
    execFileSync('ip', ['-n', this.name, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  }

  /** A counter of TCP, of all connections that there ever were. */
  tcp(counter: string): number {
    const text = execFileSync('ip', ['netns', 'exec', this.name, 'cat', '/proc/net/snmp'], {
      encoding: 'utf8',
    });
    const [names, values] = text.split('\n').filter((line) => line.startsWith('Tcp:'));
    return Number(values?.split(' ')[names?.split(' ').indexOf(counter) ?? -1]);
  }

  [Symbol.dispose](): void {
    execFileSync('ip', ['netns', 'delete', this.name]);
  }
}

export class TwoFamilies implements AsyncDisposable {
  readonly here = new Namespace('here');
  readonly there = new Namespace('there');
  readonly #hosts: string;
  readonly #server: Server;
  #relay: ChildProcess | undefined;

  private constructor(folder: string, proxy: TlsProxy, dead: Family | undefined) {
    this.#hosts = join(folder, 'hosts');
    const names = 'api.dropboxapi.com content.dropboxapi.com';
    const of = (family: Family) => `${addresses[family][family === dead ? 'nowhere' : 'there']} ${names}\n`;
    writeFileSync(this.#hosts, `127.0.0.1 localhost\n${of('IPv6')}${of('IPv4')}`);
    this.#server = createServer((socket) => proxy.accept(socket));
  }

  /** Dropbox, as `proxy` serves it, at both families or with one of them dead. */
  static async start(folder: string, proxy: TlsProxy, dead: Family | undefined): Promise<TwoFamilies> {
    const network = new TwoFamilies(folder, proxy, dead);
    network.#connect();
    await network.#serve(join(folder, 'dropbox.sock'));
    return network;
  }

  #connect(): void {
    const { here, there } = this;
    here.ip('link', 'add', 'veth0', 'type', 'veth', 'peer', 'name', 'veth0', 'netns', there.name);
    for (const side of [here, there]) for (const link of ['lo', 'veth0']) side.ip('link', 'set', link, 'up');
    for (const [family, { here: ours, there: theirs, network }] of Object.entries(addresses)) {
      const isNew = family === 'IPv6' ? ['nodad'] : [];
      here.ip('address', 'add', ours, 'dev', 'veth0', ...isNew);
      there.ip('address', 'add', ours.replace(/^.*\//, `${theirs}/`), 'dev', 'veth0', ...isNew);
      here.ip('route', 'add', network, 'via', theirs);
      there.ip('route', 'add', 'blackhole', network);
    }
    const forwarding = ['net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1'];
    execFileSync('ip', ['netns', 'exec', there.name, 'sysctl', '-qw', ...forwarding]);
  }

  async #serve(path: string): Promise<void> {
    const listening = once(this.#server, 'listening');
    this.#server.listen(path);
    await listening;
    const relay = join(import.meta.dirname, 'machine/relay.ts');
    const command = ['netns', 'exec', this.there.name, process.execPath, relay, '443', path, '::'];
    this.#relay = spawn('ip', command, { stdio: ['ignore', 'pipe', 'inherit'] });
    if (this.#relay.stdout !== null) await once(this.#relay.stdout, 'data');
  }

  /** Runs a program in the network, with the names of Dropbox. */
  run(program: string, args: readonly string[], environment: Record<string, string>): Promise<Ended> {
    const withHosts = ['unshare', '-m', 'sh', '-c', 'mount --bind "$0" /etc/hosts && exec "$@"', this.#hosts];
    const command = ['netns', 'exec', this.here.name, ...withHosts, program, ...args];
    return runProgram('ip', command, { environment });
  }

  /** How many connections were begun to the address that leads nowhere. */
  get attemptsToNowhere(): number {
    return this.here.tcp('ActiveOpens') - this.there.tcp('PassiveOpens');
  }

  /** How many were made. */
  get connections(): number {
    return this.there.tcp('PassiveOpens');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#relay?.kill('SIGKILL');
    if (this.#relay?.exitCode === null && this.#relay.signalCode === null) await once(this.#relay, 'close');
    this.#server.close();
    this.here[Symbol.dispose]();
    this.there[Symbol.dispose]();
  }
}
