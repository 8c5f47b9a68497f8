// A Datasette of the stable line, made once and kept outside the checkout, and the explorer over a state directory.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import Database from 'better-sqlite3';
import { createHash } from 'node:crypto';

const root = resolve(import.meta.dirname, '../..');
const requirements = join(root, 'etc/datasette/0.65/requirements.txt');

/** What an explorer needs from this machine; tests that open one are visibly skipped where it is missing. */
export function missingForExplorer(): string[] {
  const lacks = (...command: [string, ...string[]]) => spawnSync(command[0], command.slice(1)).status !== 0;
  return [
    ...(lacks('python3', '-c', 'import venv, ensurepip') ? ['python3-venv'] : []),
    ...(lacks('flock', '--version') ? ['flock'] : []),
  ];
}

/** The program, in a virtual environment that is made when it is not there: a quarter of a minute. */
function datasetteProgram(): string {
  const cache = join(process.env.XDG_CACHE_HOME ?? '/var/cache', 'holdfast-test');
  const version = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const place = join(cache, `datasette-${version}`);
  mkdirSync(cache, { recursive: true });
  const make = `set -e
    [ ! -e "$1/whole" ] || exit 0
    rm -rf "$1"
    python3 -m venv "$1"
    "$1/bin/pip" install --quiet --disable-pip-version-check --requirement "$2"
    : >"$1/whole"`;
  execFileSync('flock', [`${place}.lock`, 'sh', '-c', make, 'sh', place, requirements], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return join(place, 'bin/datasette');
}

/** A database with enough pages to damage one of them. */
export function makeDatabase(path: string, journal = 'delete'): void {
  const database = new Database(path);
  database.pragma(`journal_mode = ${journal}`);
  database.exec(`CREATE TABLE t (a TEXT);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
    INSERT INTO t SELECT printf('%.900c', 'x') FROM n`);
  database.close();
}

/** units/explorer.py as its unit starts it, with a short time between two looks. */
export class Explorer implements AsyncDisposable {
  /** What it has logged. */
  log = '';
  readonly url: string;
  private readonly child: ReturnType<typeof spawn>;
  private readonly ended: Promise<unknown>;

  private constructor(url: string, child: ReturnType<typeof spawn>) {
    this.url = url;
    this.child = child;
    this.ended = once(child, 'exit');
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.log += text;
    });
  }

  static async start(state: string, settings: Record<string, string> = {}): Promise<Explorer> {
    const port = await freePort();
    const child = spawn('python3', ['-I', join(root, 'units/explorer.py')], {
      env: {
        ...{ PATH: process.env.PATH, LC_ALL: 'C.UTF-8', PYTHONDONTWRITEBYTECODE: '1' },
        ...{ EXPLORER_PROGRAM: datasetteProgram(), EXPLORER_STATE: state },
        ...{ EXPLORER_PORT: `${port}`, EXPLORER_EVERY: '0.3', ...settings },
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const explorer = new Explorer(`http://127.0.0.1:${port}`, child);
    await explorer.until(async () => (await fetch(`${explorer.url}/-/versions.json`)).ok);
    return explorer;
  }

  /** Asks again and again until it is so; while it does not answer, it is not. */
  async until(isSo: () => Promise<boolean>): Promise<void> {
    while (this.child.exitCode === null) {
      if (await isSo().catch(() => false)) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`the explorer has ended: ${this.log}`);
  }

  /** The names of the databases that it shows. */
  async shown(): Promise<string[]> {
    const answer = await fetch(`${this.url}/-/databases.json`);
    return ((await answer.json()) as { name: string }[]).map(({ name }) => name);
  }

  async stop(): Promise<unknown> {
    this.child.kill('SIGTERM');
    await this.ended;
    return this.child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null) await this.stop();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
