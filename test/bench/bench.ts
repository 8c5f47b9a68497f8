// npm run bench [-- --megabytes 1000] [--write]: our figures, side by side with sqlite3 and sha256sum in one run.
//
// Every pair is run in turns (A B A B …) so that a machine that slows down slows both, and the medians are compared.
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { formatTable } from '../../lib/base/format.ts';
import { makeLargeDatabase } from './make-database.ts';

const run = promisify(execFile);
const project = resolve(import.meta.dirname, '../..');
const { values } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '1000' },
    runs: { type: 'string', default: '3' },
    write: { type: 'boolean', default: false },
  },
});
const megabytes = Number(values.megabytes);
const runs = Number(values.runs);
const home = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
const rows: Row[] = [];

interface Row {
  figure: string;
  ours: string;
  peer: string;
  ratio: string;
  limit: string;
  ok: boolean;
}

try {
  await bench();
} finally {
  rmSync(home, { recursive: true, force: true });
}

async function bench(): Promise<void> {
  const [small, large] = [join(home, 'small.db'), join(home, 'large.db')];
  console.error(`making databases of ${megabytes / 10} and ${megabytes} MB …`);
  makeLargeDatabase(small, megabytes / 10);
  makeLargeDatabase(large, megabytes);

  await compareSnapshot(large);
  await compareWhole(large);
  await measureMemory(small, large);
  await measureUnderLoad(large);
  await compareHelp();

  const table = formatTable([
    ['| figure', '| ours', '| beside it', '| ratio', '| limit', '| |'],
    ['|---', '|---', '|---', '|---', '|---', '|---|'],
    ...rows.map(({ figure, ours, peer, ratio, limit, ok }) =>
      [figure, ours, peer, ratio, limit, `${ok ? 'ok' : 'MISSED'} |`].map((cell) => `| ${cell}`),
    ),
  ]).join('\n');
  console.log(table);
  if (values.write) writeFileSync(join(project, 'docs/benchmarks.md'), await page(table));
  if (rows.some(({ ok }) => !ok)) process.exitCode = 1;
}

async function compareSnapshot(database: string): Promise<void> {
  const [ours, peer] = await inTurns(
    () => node(['test/bench/snapshot.ts', database, fresh('snapshot.db')]),
    () => run('sqlite3', [database, `.backup ${fresh('peer.db')}`]),
  );
  add('snapshot alone', ours, 'sqlite3 .backup', peer, 1.5);
}

async function compareWhole(database: string): Promise<void> {
  const [ours, peer] = await inTurns(
    () => backup(database),
    async () => {
      const copy = fresh('peer.db');
      await run('sqlite3', [database, `.backup ${copy}`]);
      await run('sqlite3', [copy, 'pragma integrity_check']);
      await run('sha256sum', [copy]);
    },
  );
  add('whole db-backup backup', ours, '.backup + integrity_check + sha256sum', peer, 1);
}

async function measureMemory(small: string, large: string): Promise<void> {
  for (const database of [small, large]) {
    const peakFile = join(home, 'peak');
    await backup(database, {
      NODE_OPTIONS: `--import=${join(import.meta.dirname, 'report-peak.mjs')}`,
      PEAK_FILE: peakFile,
    });
    const peakMegabytes = (Number(readFileSync(peakFile, 'utf8')) * 1024) / 1e6;
    rows.push({
      figure: `peak memory, ${database === small ? megabytes / 10 : megabytes} MB`,
      ours: `${peakMegabytes.toFixed(0)} MB`,
      peer: '',
      ratio: '',
      limit: '150 MB',
      ok: peakMegabytes <= 150,
    });
  }
}

async function measureUnderLoad(database: string): Promise<void> {
  const snapshotOnce = async () => {
    const started = performance.now();
    await node(['test/bench/snapshot.ts', database, fresh('snapshot.db')]);
    return performance.now() - started;
  };
  const idle = median([await snapshotOnce(), await snapshotOnce(), await snapshotOnce()]);
  const writer = spawn(process.execPath, [join(import.meta.dirname, 'writer.ts'), database], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const output = collect(writer.stdout);
  await output.first;
  const busy = median([await snapshotOnce(), await snapshotOnce(), await snapshotOnce()]);
  writer.kill('SIGTERM');
  const report = JSON.parse((await output.all).trim().split('\n').at(-1) ?? '') as {
    commits: number;
    longestMs: number;
  };
  add('snapshot beside a writer at full speed', busy, 'the same, idle', idle, 3);
  rows.push({
    figure: `longest commit of that writer (${report.commits} commits)`,
    ours: `${report.longestMs.toFixed(0)} ms`,
    peer: '',
    ratio: '',
    limit: '1000 ms',
    ok: report.longestMs <= 1000,
  });
}

async function compareHelp(): Promise<void> {
  const [ours, peer] = await inTurns(
    () => run(join(project, 'bin/db-backup'), ['--help']),
    () => run(process.execPath, ['-e', '0']),
    15,
  );
  add('db-backup --help', ours, 'node -e 0', peer, 4);
}

/** Times both in turns after one uncounted round, and returns the median of each in milliseconds. */
async function inTurns(
  a: () => Promise<unknown>,
  b: () => Promise<unknown>,
  times = runs,
): Promise<[number, number]> {
  const [first, second]: [number[], number[]] = [[], []];
  for (let i = -1; i < times; i += 1) {
    for (const [work, into] of [
      [a, first],
      [b, second],
    ] as const) {
      const started = performance.now();
      await work();
      if (i >= 0) into.push(performance.now() - started);
    }
  }
  return [median(first), median(second)];
}

function add(figure: string, ours: number, peerName: string, peer: number, limit: number): void {
  const ratio = ours / peer;
  rows.push({
    figure,
    ours: seconds(ours),
    peer: `${seconds(peer)} (${peerName})`,
    ratio: ratio.toFixed(2),
    limit: `${limit} x`,
    ok: ratio <= limit,
  });
}

async function backup(database: string, environment: Record<string, string> = {}): Promise<void> {
  const state = join(home, 'state');
  rmSync(state, { recursive: true, force: true });
  mkdirSync(state);
  await run(join(project, 'bin/db-backup'), ['backup', '--quiet'], {
    env: {
      ...process.env,
      ...environment,
      DATABASE_PATH: database,
      HOLDFAST_STATE: state,
      HOLDFAST_RUN: join(home, 'run'),
    },
  });
}

function node(args: string[]): Promise<unknown> {
  return run(process.execPath, args, { cwd: project });
}

function fresh(name: string): string {
  const path = join(home, name);
  rmSync(path, { force: true });
  return path;
}

function collect(stream: NodeJS.ReadableStream): { first: Promise<void>; all: Promise<string> } {
  const [first, all] = [Promise.withResolvers<void>(), Promise.withResolvers<string>()];
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (part: string) => {
    text += part;
    first.resolve();
  });
  stream.on('end', () => all.resolve(text));
  return { first: first.promise, all: all.promise };
}

function median(numbers: number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function seconds(ms: number): string {
  return ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

async function page(table: string): Promise<string> {
  const sqlite = (await run('sqlite3', ['--version'])).stdout.split(' ')[0];
  const os = existsSync('/etc/os-release')
    ? (/PRETTY_NAME="(.*)"/.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? '')
    : '';
  const { version } = JSON.parse(
    readFileSync(join(project, 'node_modules/better-sqlite3/package.json'), 'utf8'),
  ) as { version: string };
  return `# Benchmarks

\`npm run bench -- --write\` writes this page. Each pair ran in turns in one run, after an uncounted round; the figures
are medians of ${runs}. The database is generated: ${megabytes} MB, three tables with two indexes, in WAL mode.

Machine: ${cpus().length} x ${cpus()[0]?.model ?? 'unknown processor'}, ${os}. Node ${process.versions.node}, better-sqlite3 ${version}, sqlite3 ${sqlite}.

${table}

Times are of whole processes, start included. "Whole \`db-backup backup\`" is configuration, lock, snapshot, SHA-256 and
Dropbox hash, integrity check, rows per table, schema hash, foreign keys, publishing into a directory store, manifest
and history; beside it stand the three commands one after the other.
`;
}
