// Backups in pages beside what else keeps a large file of which little changes: restic, rclone, zstd, and our own plain files.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { watchAnonymousMemory } from '../support/anonymous-memory.ts';
import { changeNight } from './change-night.ts';
import { node, project, run } from './commands.ts';
import { inTurns, median, type Row, timeRow } from './table.ts';

export interface PagesBench {
  home: string;
  /** It is changed. */
  database: string;
  megabytes: number;
  times: number;
}

export async function benchPages(bench: PagesBench): Promise<Row[]> {
  const place = new Place(bench);
  await place.prepare();
  return [
    ...(await compareFull(place)),
    ...(await compareNight(place)),
    ...(await compareRun(place)),
    await compareRestore(place),
    ...(await measureSealed(place)),
  ];
}

/** Three apps on one database: in plain files, in pages, and in pages that are sealed; and the repositories of the peers. */
class Place {
  readonly bench: PagesBench;
  readonly store: string;
  readonly #config: string;
  readonly #home: string;
  #night = 0;

  constructor(bench: PagesBench) {
    this.bench = bench;
    this.#home = join(bench.home, 'pages');
    this.store = this.path('store');
    this.#config = this.path('holdfast.toml');
  }

  path(name: string): string {
    return join(this.#home, name);
  }

  async prepare(): Promise<void> {
    mkdirSync(this.#home);
    await run('age-keygen', ['-o', this.path('identity')]);
    const [recipient] = /age1[0-9a-z]+/.exec(readFileSync(this.path('identity'), 'utf8')) ?? [''];
    this.#configure('clear', '', ['plain', 'pages']);
    this.#configure('sealed', `[encryption]\nrecipients = ["${recipient}"]`, ['pages']);
    await this.restic('init');
  }

  #configure(name: string, top: string, formats: readonly string[]): void {
    const apps = formats.map(
      (format) =>
        `[apps.${format}]\ndatabase = "${this.bench.database}"\nformat = "${format}"\nlatest = false`,
    );
    writeFileSync(
      `${this.#config}.${name}`,
      `state_directory = "${this.path(`state-${name}`)}"
run_directory = "${this.path(`run-${name}`)}"
${top}
[store]
kind = "directory"
path = "${this.store}-${name}"
${apps.join('\n')}
`,
    );
  }

  /** Types a command; returns the most memory that it held at once, in megabytes. */
  async type(words: readonly string[], configuration: 'clear' | 'sealed' = 'clear'): Promise<number> {
    const [command = '', ...args] = words;
    const running = run(join(project, 'bin', command), [...args, '--quiet'], {
      env: { ...process.env, HOLDFAST_CONFIG: `${this.#config}.${configuration}` },
    });
    const { pid } = running.child;
    const memory = pid === undefined ? undefined : watchAnonymousMemory(pid);
    await running;
    return (memory?.end() ?? Number.NaN) / 1e6;
  }

  async restic(...args: string[]): Promise<void> {
    await run('restic', ['--repo', this.path('restic'), '--no-cache', '--quiet', ...args], {
      env: { ...process.env, RESTIC_PASSWORD: 'bench' },
    });
  }

  nextNight(): void {
    changeNight(this.bench.database, (this.#night += 1));
  }

  /** The bytes that this adds to a folder. */
  async added(folder: string, work: () => Promise<unknown>): Promise<number> {
    const before = bytesBelow(folder);
    await work();
    return bytesBelow(folder) - before;
  }

  get clearStore(): string {
    return `${this.store}-clear`;
  }
}

async function compareFull(place: Place): Promise<Row[]> {
  const { database } = place.bench;
  const ours = await place.added(place.clearStore, () =>
    place.type(['db-backup', 'backup', '--app', 'pages']),
  );
  await run('zstd', ['-3', '-q', '-f', database, '-o', place.path('file.zst')]);
  const peer = statSync(place.path('file.zst')).size;
  const restic = await place.added(place.path('restic'), () => place.restic('backup', database));
  return [
    bytesRow('first full in pages', ours, 'zstd -3 of the file', peer, 1.02),
    bytesRow('the same', ours, 'restic', restic, 1.02),
  ];
}

async function compareNight(place: Place): Promise<Row[]> {
  const { database } = place.bench;
  place.nextNight();
  const ours = await place.added(place.clearStore, () =>
    place.type(['db-backup', 'backup', '--app', 'pages']),
  );
  const restic = await place.added(place.path('restic'), () => place.restic('backup', database));
  const whole = await sentByRclone(database, place.path('rclone/file'));
  await run('zstd', ['-3', '-q', '-f', database, '-o', place.path('file.zst')]);
  const packed = await sentByRclone(place.path('file.zst'), place.path('rclone/packed'));
  const figure = 'bytes of a night with 1,600 inserts and 2,000 updates';
  const row = (peerName: string, peer: number): Row => ({
    ...bytesRow(figure, ours, peerName, peer, 1),
    ...{ limit: '1.0 MB', ok: ours <= 1e6 },
  });
  return [
    row('restic', restic),
    row('rclone sync of zstd -3', packed),
    row('rclone sync of the file', whole),
  ];
}

/** A plain run that proves the copy and gives it to the directory is what an increment costs beyond. */
async function compareRun(place: Place): Promise<Row[]> {
  await place.type(['db-backup', 'backup', '--app', 'plain']);
  const peaks: number[] = [];
  const timed = (app: string) => async () => {
    place.nextNight();
    const started = performance.now();
    const peak = await place.type(['db-backup', 'backup', '--app', app]);
    if (app === 'pages') peaks.push(peak);
    return performance.now() - started;
  };
  const [ours, plain] = await inTurns(timed('pages'), timed('plain'), place.bench);
  return [
    timeRow('a run that makes an increment', ours, 'a plain run', plain, 1.2),
    {
      ...timeRow('the increment beyond snapshot and proof', ours - plain, 'a plain run', plain, 1),
      ...limited(ours - plain, 3000),
    },
    memoryRow(`peak anonymous memory of an increment, ${place.bench.megabytes} MB`, median(peaks)),
  ];
}

async function compareRestore(place: Place): Promise<Row> {
  await place.restic('backup', place.bench.database);
  const restore = (app: string) => async () => {
    rmSync(place.path('restored.db'), { force: true });
    await place.type(['restore', 'run', 'latest', '--app', app, '--to', place.path('restored.db')]);
  };
  const [ours, plain] = await inTurns(restore('pages'), restore('plain'), place.bench);
  const [restic] = await inTurns(
    () => {
      rmSync(place.path('restic-restored'), { recursive: true, force: true });
      return place.restic('restore', 'latest', '--target', place.path('restic-restored'));
    },
    async () => undefined,
    place.bench,
  );
  const row = timeRow('restore of a full and two increments', ours, 'the plain file', plain, 1.3);
  return { ...row, peer: `${row.peer}, ${(restic / 1000).toFixed(1)} s (restic restore)` };
}

async function measureSealed(place: Place): Promise<Row[]> {
  const { database, megabytes } = place.bench;
  const full = await place.type(['db-backup', 'backup', '--app', 'pages'], 'sealed');
  place.nextNight();
  const increment = await place.type(['db-backup', 'backup', '--app', 'pages'], 'sealed');
  const [seal, age] = await inTurns(
    async () =>
      Number(
        await node(['test/bench/seal.ts', database, place.path('identity'), fresh(place.path('sealed'))]),
      ),
    () => run('age', ['-e', '-i', place.path('identity'), '-o', fresh(place.path('sealed.age')), database]),
    place.bench,
  );
  const [rate, peer] = [seal, age].map((ms) => Math.round(statSync(database).size / 1000 / ms));
  return [
    memoryRow(`peak anonymous memory of a sealed full, ${megabytes} MB`, full),
    memoryRow('the same of a sealed increment', increment),
    {
      ...{ figure: 'sealing a file', ours: `${rate} MB/s`, peer: `${peer} MB/s (age)` },
      ...{ ratio: (seal / age).toFixed(2), limit: '', ok: true },
    },
  ];
}

function fresh(path: string): string {
  rmSync(path, { force: true });
  return path;
}

async function sentByRclone(file: string, to: string): Promise<number> {
  const { stderr } = await run('rclone', ['copyto', file, to, '--stats', '1h', '-v', '--use-json-log']);
  const sent = [...stderr.matchAll(/"bytes":(\d+)/g)].map(([, bytes]) => Number(bytes));
  return Math.max(...sent);
}

function bytesBelow(folder: string): number {
  if (!existsSync(folder)) return 0;
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

function bytesRow(figure: string, ours: number, peerName: string, peer: number, limit: number): Row {
  return {
    ...{ figure, ours: inMegabytes(ours), peer: `${inMegabytes(peer)} (${peerName})` },
    ...{ ratio: (ours / peer).toFixed(2), limit: `${limit} x`, ok: ours <= peer * limit },
  };
}

function memoryRow(figure: string, megabytes: number): Row {
  return {
    ...{ figure, ours: `${Math.round(megabytes)} MB`, peer: '', ratio: '' },
    ...{ limit: '150 MB', ok: megabytes <= 150 },
  };
}

function limited(ms: number, limitMs: number): Pick<Row, 'limit' | 'ok' | 'ratio'> {
  return { limit: `${limitMs / 1000} s`, ok: ms <= limitMs, ratio: '' };
}

function inMegabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(2)} MB`;
}
