// An app whose database is watched: another process writes it (delta-writer.py), out of a seed. Here is also what happens to
// its files: copies that are put back, and a power loss that takes the last commits.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

const program = join(import.meta.dirname, 'delta-writer.py');

/** What a request of the writer came to. */
export interface Written {
  /** The statements, each with what the app was told where that was an error. */
  readonly log: readonly string[];
  /** What the app would have seen otherwise without us: never anything. */
  readonly differences: readonly string[];
}

/** The process that writes: one for many databases, one after the other. */
export class DeltaWriter implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #answers: AsyncIterator<string>;

  constructor() {
    this.#child = spawn('python3', [program], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** One request at a time. Throws what the writer could not do. */
  async ask(request: Readonly<Record<string, unknown>>): Promise<Written> {
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.#answers.next();
    if (done === true) throw new Error('the writer has ended');
    const answer = JSON.parse(value) as Partial<Written> & { error?: string };
    if (answer.error !== undefined) throw new Error(`the writer: ${answer.error}`);
    return { log: answer.log ?? [], differences: answer.differences ?? [] };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.stdin.end();
    await ended;
  }
}

/** The files of a database, each where it is there. */
const sideFiles = ['', '-wal', '-journal'];

/** Copies the database with its log, while nobody writes. */
export function copyDatabase(from: string, to: string): void {
  for (const side of [...sideFiles, '-shm']) rmSync(to + side, { force: true });
  for (const side of sideFiles) if (existsSync(from + side)) copyFileSync(from + side, to + side);
}

/** Copies a directory of files, which takes the place of what is there. */
export function copyDirectory(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to, { recursive: true });
  for (const name of existsSync(from) ? readdirSync(from, { withFileTypes: true }) : []) {
    if (name.isDirectory()) copyDirectory(join(from, name.name), join(to, name.name));
    else if (name.isFile()) copyFileSync(join(from, name.name), join(to, name.name));
  }
}

/**
 * Takes frames off the end of the log of a copy, as a power loss does with `synchronous = NORMAL`: none that a checkpoint of
 * the live database (`live`) has read. `share` of those that are left, from 0 to 1.
 */
export function losePower(live: string, copy: string, share: number): void {
  if (!existsSync(`${live}-shm`) || !existsSync(`${copy}-wal`)) return;
  const index = readFileSync(`${live}-shm`);
  if (index.length < 100 || statSync(`${copy}-wal`).size < 32) return;
  // https://sqlite.org/walformat.html#the_wal_index_header: mxFrame and nBackfill, in the order of this machine's bytes.
  const [last, kept] = [index.readUInt32LE(16), index.readUInt32LE(96)];
  const pageBytes = readFileSync(`${copy}-wal`).readUInt32BE(8);
  const frames = kept + Math.floor((last - kept) * share);
  truncateSync(`${copy}-wal`, frames === 0 ? 0 : 32 + frames * (24 + pageBytes));
}
