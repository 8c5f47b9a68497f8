// Row changes on their way: what noting them costs an app, how long all rows and a thousand of them take, and in how many bytes.
import Database from 'better-sqlite3';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { watchAnonymousMemory } from '../support/anonymous-memory.ts';
import { copyDatabase } from '../support/delta-app.ts';
import { openCapture } from '../support/delta-openers.ts';
import { DeltaPair } from '../support/delta-processes.ts';
import { PostgresServer, postgresPrograms } from '../support/postgres.ts';
import { plainRow, type Row, untakenRow } from './table.ts';

const rowCount = 1_800_000;
const changed = 1000;

/** As a herd's weights are: an integer key, references, a REAL, a time and some words. */
const schema = `CREATE TABLE weight (id INTEGER PRIMARY KEY, animal_id INTEGER NOT NULL, pen INTEGER, kg REAL, at TEXT NOT NULL, note TEXT,
  updated_at TEXT NOT NULL)`;
const values = `i, i % 9973, i % 40, 200 + (i * 7919 % 30011) / 100.0, datetime(1700000000 + i * 11, 'unixepoch'),
  CASE i % 5 WHEN 0 THEN 'limps, left hind leg ' || i % 17 END, datetime(1700000000 + i * 13, 'unixepoch')`;

export async function benchDelta({ home, times }: { home: string; times: number }): Promise<Row[]> {
  const place = join(home, 'delta');
  mkdirSync(place);
  const large = join(place, 'large.db');
  makeHerd(large, rowCount);
  return [
    ...(await overhead(place, times)),
    ...(await compareWith(place, 'sqlite', large, 30_000)),
    ...(await compareWith(place, 'postgres', large, 60_000)),
  ];
}

function makeHerd(path: string, rows: number, mode = 'wal', indexes = ''): void {
  const database = new Database(path);
  database.exec(`PRAGMA journal_mode = ${mode}; ${schema};
    WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < ${rows}) INSERT INTO weight SELECT ${values} FROM c; ${indexes}`);
  database.close();
}

/** As most tables have them, with values in an order that has nothing to do with that of the rows. */
const indexes =
  'CREATE UNIQUE INDEX weight_of ON weight (animal_id, at); CREATE INDEX weight_in ON weight (pen, kg)';

/** The more an insert does by itself, and the longer a commit waits for the disk, the less a trigger is beside it. */
const apps = [
  { name: 'with two indexes', indexes, mode: 'delete', synchronous: 'FULL', limit: 1.3 },
  {
    name: 'with two indexes in WAL, no commit waits for the disk',
    indexes,
    mode: 'wal',
    synchronous: 'NORMAL',
    limit: 1.3,
  },
  {
    name: 'with none in WAL, no commit waits: the barest there is',
    indexes: '',
    mode: 'wal',
    synchronous: 'NORMAL',
    limit: 1.6, // a trigger that does nothing costs 1.24 there
  },
];

/** Transactions of a hundred rows, in turns with and without capture. */
async function overhead(place: string, times: number): Promise<Row[]> {
  const rows: Row[] = [];
  let idle = Number.NaN;
  for (const [index, { name, indexes, mode, synchronous, limit }] of apps.entries()) {
    const paths = ['plain', 'noted'].map((kind) => join(place, `${kind}-${index}.db`)) as [string, string];
    for (const path of paths) makeHerd(path, 200_000, mode, indexes);
    const capture = await openCapture(paths[1], join(place, `overhead-state-${index}`));
    const [without, withIt] = inTurns(
      paths.map((path) => writerOf(path, synchronous)),
      300 * times,
    );
    rows.push(
      ratioRow(
        `an insert, 100 a transaction, ${name}`,
        withIt / 100,
        without / 100,
        'without capture',
        limit,
      ),
    );
    idle = medianMs(() => {
      capture.check();
      capture.isIdle();
    });
    capture.close();
  }
  return [...rows, plainRow('database time of an idle cycle', idle, 5, 'ms')];
}

function writerOf(path: string, synchronous: string): (first: number) => number {
  const database = new Database(path);
  database.pragma(`synchronous = ${synchronous}`);
  const insert = database.prepare(
    "INSERT INTO weight (animal_id, pen, kg, at, note, updated_at) VALUES (?, ?, ?, '2026-06-20 12:00:00', ?, '2026-06-20 12:00:00')",
  );
  return (first) => {
    const started = performance.now();
    database.transaction(() => {
      for (let row = 0; row < 100; row += 1)
        insert.run(BigInt(((first + row) * 7919) % 1_000_003), 7n, row * 1.1, 'a note of some words');
    })();
    return performance.now() - started;
  };
}

/** The middle of what each takes. */
function inTurns(works: readonly ((first: number) => number)[], turns: number): [number, number] {
  const taken = works.map((): number[] => []);
  for (let turn = 0; turn < turns; turn += 1)
    for (const [index, work] of works.entries()) taken[index]?.push(work(turn * 100));
  return taken.map((list) => middle(list)) as [number, number];
}

function medianMs(work: () => void): number {
  return middle(
    Array.from({ length: 20 }, () => {
      const started = performance.now();
      work();
      return performance.now() - started;
    }),
  );
}

/** All rows through both commands, then a thousand of them. */
async function compareWith(
  place: string,
  target: 'sqlite' | 'postgres',
  large: string,
  limitMs: number,
): Promise<Row[]> {
  if (target === 'postgres' && postgresPrograms() === undefined)
    return [untakenRow('all rows to PostgreSQL', 'PostgreSQL is not installed')];
  const home = join(place, target);
  mkdirSync(home);
  await using server = target === 'postgres' ? await PostgresServer.make() : undefined;
  await using pair = await DeltaPair.start(home, {
    host: '127.0.0.1',
    port: 18_790,
    ...(server && { target: await reports(server, home) }),
  });
  copyDatabase(large, pair.database);
  await pair.laptop('install');
  const receiver = watchAnonymousMemory(pair.receiverPid);
  let sender: ReturnType<typeof watchAnonymousMemory> | undefined;
  const all = await timed(() => pair.push(['run', '--json'], (pid) => (sender = watchAnonymousMemory(pid))));
  const [sentPeak, receivedPeak] = [sender?.end() ?? Number.NaN, receiver.end()];
  const database = new Database(pair.database);
  const some = `id % ${rowCount / changed} = 0`;
  const cycles: { ms: number; stdout: string }[] = [];
  for (let turn = 0; turn < 5; turn += 1) {
    const idle = await timed(() => pair.push(['run', '--json']));
    database.exec(`UPDATE weight SET kg = kg + 1.25, updated_at = '2026-06-20 12:00:00' WHERE ${some}`);
    const few = await timed(() => pair.push(['run', '--json']));
    cycles.push({ ms: few.ms - idle.ms, stdout: few.stdout });
  }
  const rows = database.prepare(`SELECT * FROM weight WHERE ${some}`).all();
  database.close();
  const peer = gzipSync(rows.map((row) => `${JSON.stringify(row)}\n`).join('')).length;
  const sent = /"sent_?bytes": ?(\d+)/i.exec(cycles.at(-1)?.stdout ?? '')?.[1];
  const name = target === 'sqlite' ? 'SQLite' : 'PostgreSQL';
  const figures = [
    plainRow(`${rowCount / 1e6} million rows to ${name}`, all.ms, limitMs, 'ms'),
    plainRow(
      `a cycle of ${changed} changes to ${name}, less an idle one`,
      middle(cycles.map(({ ms }) => ms)),
      250,
      'ms',
    ),
    plainRow(`peak anonymous memory of delta-push (${name})`, sentPeak / 1e6, 150, 'MB'),
    plainRow(`peak anonymous memory of delta-receive (${name})`, receivedPeak / 1e6, 150, 'MB'),
  ];
  const bytes = ratioRow(`bytes of ${changed} changed rows`, Number(sent), peer, 'gzip NDJSON', 1.3, 'bytes');
  return target === 'sqlite' ? [...figures, bytes] : figures;
}

/** A database for the replica, and what the configuration says of it. */
async function reports(server: PostgresServer, home: string): Promise<string> {
  await server.sql("CREATE ROLE holdfast LOGIN PASSWORD 'herd'");
  await server.sql('CREATE DATABASE reports OWNER holdfast');
  const file = join(home, 'postgres-url');
  writeFileSync(file, `postgresql://holdfast:herd@127.0.0.1:${server.port}/reports\n`, { mode: 0o600 });
  return `postgres_url_file = "${file}"`;
}

async function timed(work: () => Promise<{ stdout: string; stderr: string; exitCode: number | null }>) {
  const started = performance.now();
  const ended = await work();
  if (ended.exitCode !== 0 && ended.exitCode !== 1)
    throw new Error(`a cycle failed: ${ended.stdout}${ended.stderr}`);
  return { ...ended, ms: performance.now() - started };
}

function ratioRow(
  figure: string,
  ours: number,
  peer: number,
  peerName: string,
  limit: number,
  unit = 'ms',
): Row {
  const shown = (value: number) =>
    unit === 'ms' ? `${(value * 1000).toFixed(1)} µs` : `${Math.round(value)} ${unit}`;
  const ratio = ours / peer;
  return {
    figure,
    ours: shown(ours),
    peer: `${shown(peer)} (${peerName})`,
    ratio: ratio.toFixed(2),
    limit: `${limit} x`,
    ok: ratio <= limit,
  };
}

function middle(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}
