// The network of a machine: a namespace with nothing in it but a loopback, at which services of this process answer.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { forward } from './forward.ts';

export class MachineNetwork implements AsyncDisposable {
  readonly name: string;
  /** A socket in the file system is reached from every network. */
  private readonly folder: string;
  private readonly relays: ChildProcess[] = [];
  private readonly servers: Server[] = [];

  constructor(name: string, folder: string) {
    this.name = name;
    this.folder = folder;
    ip('netns', 'add', name);
    this.plugIn();
  }

  /** Lets what listens on 127.0.0.1 at `port` here be found there as well. */
  async publish(port: number): Promise<void> {
    const path = join(this.folder, `${port}.sock`);
    const server = forward({ port, host: '127.0.0.1' });
    await new Promise<void>((listening) => server.listen(path, listening));
    this.servers.push(server);
    const relay = spawn(
      'ip',
      [
        'netns',
        'exec',
        this.name,
        process.execPath,
        join(import.meta.dirname, 'relay.ts'),
        String(port),
        path,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    this.relays.push(relay);
    await once(relay.stdout, 'data');
  }

  /** As when the cable is out: nothing is reached, and a connection attempt says so at once. */
  cut(): void {
    ip('-n', this.name, 'link', 'set', 'lo', 'down');
  }

  plugIn(): void {
    ip('-n', this.name, 'link', 'set', 'lo', 'up');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const relay of this.relays) {
      relay.kill('SIGKILL');
      if (relay.exitCode === null && relay.signalCode === null) await once(relay, 'close');
    }
    for (const server of this.servers) server.close();
    ip('netns', 'delete', this.name);
  }
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'inherit'] });
}
