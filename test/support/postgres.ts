// A PostgreSQL server of a test's own: a cluster made for it, on a socket in its directory and a port of loopback, run by a
// user who is not root, as it insists.
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { PostgresTarget } from '../../lib/health/postgres-target.ts';

const versions = '/usr/lib/postgresql';

/** Where the programs of the newest version are; undefined where there are none. */
export function postgresPrograms(): string | undefined {
  if (!existsSync(versions)) return undefined;
  const found = readdirSync(versions)
    .filter((name) => existsSync(join(versions, name, 'bin/initdb')))
    .sort((a, b) => Number(b) - Number(a))[0];
  return found === undefined ? undefined : join(versions, found, 'bin');
}

/** How many connections are there for who has no special rights. */
export const places = 20;

export class PostgresServer implements AsyncDisposable {
  readonly directory: string;
  readonly port: number;
  readonly #programs: string;
  readonly #clients = new Set<pg.Client>();
  #isRunning = false;

  private constructor(programs: string, directory: string, port: number) {
    this.#programs = programs;
    this.directory = directory;
    this.port = port;
  }

  /** Makes and starts it. Everybody on the socket is let in as whom they say, with a password over the network. */
  static async make(): Promise<PostgresServer> {
    const programs = postgresPrograms();
    if (programs === undefined) throw new Error('there is no PostgreSQL here');
    const directory = mkdtempSync(join(tmpdir(), 'holdfast-pg-'));
    own(directory);
    const server = new PostgresServer(programs, directory, await freePort());
    server.#run('initdb', [
      '-D',
      server.data,
      '-U',
      'postgres',
      '-A',
      'trust',
      '-E',
      'UTF8',
      '--locale=C',
      '--no-sync',
      '--data-checksums',
    ]);
    server.configure({
      max_connections: String(places + 3),
      superuser_reserved_connections: '3',
      listen_addresses: "'127.0.0.1'",
      port: String(server.port),
      unix_socket_directories: `'${directory}'`,
      fsync: 'off',
      shared_buffers: "'8MB'",
      deadlock_timeout: "'10ms'",
      log_line_prefix: "'%u@%d %a '",
      password_encryption: "'scram-sha-256'",
    });
    server.access(['local all all trust', 'host all all 127.0.0.1/32 scram-sha-256']);
    server.start();
    return server;
  }

  get data(): string {
    return join(this.directory, 'data');
  }

  /** One of its databases, over the socket, as its superuser unless said. */
  target(database: string, given: Partial<PostgresTarget> = {}): PostgresTarget {
    return {
      ...{ host: this.directory, port: this.port, user: 'postgres', database, sslmode: 'prefer' },
      ...{ rootCertificate: undefined, readPassword: () => undefined },
      ...given,
    };
  }

  /** Settings that go before those that are there. */
  configure(settings: Readonly<Record<string, string>>): void {
    const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`);
    appendFileSync(join(this.data, 'postgresql.conf'), lines.join(''));
  }

  /** Who may come, as in pg_hba.conf. */
  access(lines: readonly string[]): void {
    writeFileSync(join(this.data, 'pg_hba.conf'), `${lines.join('\n')}\n`);
  }

  /** A key and a certificate for `localhost` by itself; its path. */
  certify(): string {
    const certificate = join(this.data, 'server.crt');
    const key = join(this.data, 'server.key');
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    const kind = [
      '-x509',
      '-nodes',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-days',
      '2',
    ];
    execFileSync('openssl', ['req', ...kind, ...subject, '-keyout', key, '-out', certificate], {
      stdio: 'ignore',
    });
    own(key);
    chmodSync(key, 0o600);
    return certificate;
  }

  /** Takes a file out of its data. */
  forget(name: string): void {
    rmSync(join(this.data, name), { force: true });
  }

  start(): void {
    this.#control('-w', '-l', join(this.directory, 'log'), 'start');
    this.#isRunning = true;
  }

  /** `immediate` as a crash would. */
  stop(mode: 'fast' | 'immediate' = 'fast'): void {
    this.#control('-w', '-m', mode, 'stop');
    this.#isRunning = false;
  }

  reload(): void {
    this.#control('reload');
  }

  /** The first process of the server. */
  get pid(): number {
    return Number(readFileSync(join(this.data, 'postmaster.pid'), 'utf8').split('\n', 1)[0]);
  }

  get log(): string {
    return readFileSync(join(this.directory, 'log'), 'utf8');
  }

  /** A connection that stays until it is let go; the superuser's, unless said. */
  async connect(
    as: { user?: string; database?: string; application_name?: string } = {},
  ): Promise<pg.Client> {
    const { user = 'postgres', database = 'postgres' } = as;
    const client = new pg.Client({ ...as, host: this.directory, port: this.port, user, database });
    client.on('error', () => undefined);
    await client.connect();
    this.#clients.add(client);
    client.once('end', () => this.#clients.delete(client));
    return client;
  }

  /** What the superuser is answered. */
  async sql(text: string, database = 'postgres'): Promise<Record<string, unknown>[]> {
    const client = await this.connect({ database });
    const { rows } = (await client.query(text)) as { rows: Record<string, unknown>[] };
    await this.#letGo(client);
    return rows;
  }

  /** Lets go of all connections, and returns when the server has noticed. */
  async disconnect(): Promise<void> {
    await Promise.all([...this.#clients].map((client) => this.#letGo(client)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.disconnect().catch(() => undefined);
    if (this.#isRunning) this.stop('immediate');
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** A server takes a moment to notice that somebody has gone: an exclusive lock of its session is free only then. */
  async #letGo(client: pg.Client): Promise<void> {
    const { processID } = client as unknown as { processID: number };
    await client.end();
    while (existsSync(`/proc/${processID}`)) await new Promise((done) => setImmediate(done));
  }

  #control(...args: string[]): void {
    this.#run('pg_ctl', ['-D', this.data, ...args]);
  }

  #run(program: string, args: readonly string[]): void {
    const env = { PATH: process.env.PATH, TZ: 'UTC' };
    execFileSync(join(this.#programs, program), args, {
      ...identity(),
      env,
      cwd: this.directory,
      stdio: 'ignore',
    });
  }
}

/** Of whom the server is, where we are root. */
function identity(): { uid?: number; gid?: number } {
  if (process.geteuid?.() !== 0) return {};
  const [, , uid, gid] =
    readFileSync('/etc/passwd', 'utf8')
      .match(/^postgres:(\w*):(\d+):(\d+):/m)
      ?.slice(0) ?? [];
  return { uid: Number(uid ?? 65_534), gid: Number(gid ?? 65_534) };
}

function own(path: string): void {
  const { uid, gid } = identity();
  if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid);
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}
