// A reader on another machine, which is this one: a real sshd or rsync daemon on loopback, that hands each connection to a
// process of its own.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, watch, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { userInfo } from 'node:os';
import { scratch } from './scratch.ts';

const sshd = '/usr/sbin/sshd';

/** What of it this machine lacks. */
export function missingForReaders(): string[] {
  const programs = [sshd, '/usr/bin/ssh', '/usr/bin/ssh-keygen', '/usr/bin/rsync', '/usr/bin/rrsync'];
  return programs.filter((program) => !existsSync(program));
}

export class TestReader implements AsyncDisposable {
  readonly home: string;
  /** Where the documents arrive; with a space in its name, as a path may have. */
  readonly directory: string;
  /** What `[apps.<name>.export.ship]` says of it. */
  readonly keys: Record<string, string | number> = {};
  readonly #sessions = new Set<number>();
  #server: Server | undefined;
  connections = 0;
  /** Called with the number of each connection before anybody answers it, who waits until it is done. */
  onConnection: (count: number) => void | Promise<void> = () => undefined;

  private constructor(home: string) {
    [this.home, this.directory] = [home, join(home, 'our days')];
    mkdirSync(this.directory);
  }

  /** Over ssh. `command` is what our key may run there, else a shell; `home` is the caller's to remove. */
  static async ssh({
    command,
    home = scratch(),
  }: { command?: string; home?: string } = {}): Promise<TestReader> {
    const reader = new TestReader(home);
    for (const key of ['host', 'other', 'id']) makeKey(join(home, key));
    reader.allow(command);
    // Where it drops what root may.
    if (process.geteuid?.() === 0) mkdirSync('/run/sshd', { recursive: true });
    const settings = `HostKey ${join(home, 'host')}
AuthorizedKeysFile ${join(home, 'authorized_keys')}
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin yes
`;
    writeFileSync(join(home, 'sshd_config'), settings);
    const port = await reader.#listen(sshd, ['-i', '-f', join(home, 'sshd_config'), '-E', join(home, 'log')]);
    Object.assign(reader.keys, {
      to: `${userInfo().username}@127.0.0.1:${reader.directory}`,
      port,
      host_key: publicHalf(join(home, 'host')),
      identity: join(home, 'id'),
    });
    return reader;
  }

  /** A daemon with the module `days`; `lines` are further ones of the module, `top` stands before it. */
  static async daemon({ lines = '', top = '' } = {}): Promise<TestReader> {
    const reader = new TestReader(scratch());
    const { home } = reader;
    const secrets = join(home, 'secrets');
    writeFileSync(secrets, 'tt:open-sesame\n', { mode: 0o600 });
    writeFileSync(join(home, 'password'), 'open-sesame\n', { mode: 0o600 });
    const ids = process.geteuid?.() === 0 ? 'uid = root\ngid = root\n' : '';
    const module = `[days]\npath = ${reader.directory}\nread only = no\n${ids}auth users = tt\nsecrets file = ${secrets}\n`;
    writeFileSync(join(home, 'rsyncd.conf'), `use chroot = no\n${top}\n${module}${lines}\n`);
    const port = await reader.#listen('rsync', ['--daemon', `--config=${join(home, 'rsyncd.conf')}`]);
    Object.assign(reader.keys, {
      to: `rsync://tt@127.0.0.1:${port}/days`,
      password_file: join(home, 'password'),
    });
    return reader;
  }

  /** What our key may run from now on. */
  allow(command?: string): void {
    const options = command === undefined ? 'restrict' : `restrict,command=${JSON.stringify(command)}`;
    writeFileSync(join(this.home, 'authorized_keys'), `${options} ${publicHalf(join(this.home, 'id'))}\n`);
  }

  /** Takes no connection any more. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    await new Promise<void>((done) => (server === undefined ? done() : server.close(() => done())));
  }

  /** Ends what a connection is served by, and all below it, as a power cut would. */
  killSessions(): void {
    for (const pid of [...this.#sessions].flatMap(descendants)) kill(pid);
  }

  /** The documents that anybody can see there, with their content. */
  visible(): Record<string, string> {
    const names = readdirSync(this.directory, { withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
      .map(({ name }) => name);
    return Object.fromEntries(names.map((name) => [name, readFileSync(join(this.directory, name), 'utf8')]));
  }

  /** Calls `onArriving` once, when so many bytes of a document are there under a name that nobody looks for; none is its beginning. */
  onArriving(onArriving: () => void, bytesMin = 0): void {
    const watcher = watch(this.directory, (_, name) => {
      if (name?.startsWith('.') !== true) return;
      const size = statSync(join(this.directory, name), { throwIfNoEntry: false })?.size ?? 0;
      if (size < bytesMin) return;
      watcher.close();
      onArriving();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.killSessions();
    await this.close();
  }

  async #listen(program: string, args: readonly string[]): Promise<number> {
    const serve = (socket: Socket) => {
      const child = spawn(program, args, { stdio: [socket, socket, 'ignore'] });
      // The process has it now; as long as we held it as well, the other side would not see it end.
      socket.destroy();
      const { pid } = child;
      if (pid === undefined) return;
      this.#sessions.add(pid);
      child.on('exit', () => this.#sessions.delete(pid));
    };
    const server = createServer({ pauseOnConnect: true }, (socket) => {
      this.connections += 1;
      void Promise.resolve(this.onConnection(this.connections)).then(() => serve(socket));
    });
    this.#server = server;
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }
}

function makeKey(path: string): void {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path]);
}

export function publicHalf(path: string): string {
  return readFileSync(`${path}.pub`, 'utf8').split(' ').slice(0, 2).join(' ').trim();
}

function descendants(pid: number): number[] {
  const children = readFileOrNothing(`/proc/${pid}/task/${pid}/children`)
    .split(' ')
    .filter(Boolean)
    .map(Number);
  return [pid, ...children.flatMap(descendants)];
}

function readFileOrNothing(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has just ended.
  }
}
