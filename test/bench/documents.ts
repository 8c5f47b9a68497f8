// Documents of a database, beside sqlite3, sqlite-utils and the bare queries.
import Database from 'better-sqlite3';
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { watchAnonymousMemory } from '../support/anonymous-memory.ts';
import { exampleSettings, fillSeason, savedDay } from '../support/tagtracker.ts';
import { node, project, run } from './commands.ts';
import { inTurns, plainRow, type Row, timeRow, untakenRow } from './table.ts';

const rowCount = 1_000_000;
const dayCount = 1500;

export async function benchDocuments({ home, times }: { home: string; times: number }): Promise<Row[]> {
  const place = join(home, 'documents');
  mkdirSync(place);
  const table = join(place, 'table.db');
  makeTable(table);
  return [...(await compareTable(place, table, times)), ...(await compareSeason(place, times))];
}

/** Eight columns of each kind, most of them as short as they are in life. */
function makeTable(path: string): void {
  const database = new Database(path);
  database.exec(`CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, city TEXT, n INTEGER, price REAL, weight REAL, created TEXT, note TEXT);
    WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < ${rowCount}) INSERT INTO t
    SELECT i, 'customer ' || i, CASE i % 3 WHEN 0 THEN 'Zürich' WHEN 1 THEN 'Victoria' END, i * 7919 % 100003, (i % 100000) / 100.0,
      i * 1.1 / 7, datetime(1700000000 + i * 60, 'unixepoch'), 'some note ' || (i % 977) FROM c`);
  database.close();
}

async function compareTable(place: string, database: string, times: number): Promise<Row[]> {
  const rows: Row[] = [];
  for (const format of ['ndjson', 'json']) {
    const config = configure(place, database, `format = "${format}"`);
    const peer = join(place, 'peer');
    const [ours, theirs] = await inTurns(
      () => exportAnew(place, config),
      () => printTo(peer, 'sqlite3', ['-json', database, 'SELECT * FROM t']),
      { times },
    );
    rows.push(timeRow(`a million rows as ${format}`, ours, 'sqlite3 -json', theirs, 1));
    if (format === 'ndjson') rows.push(await besideUtilities(ours, peer, database));
  }
  const config = configure(place, database, 'format = "ndjson"');
  let memory: ReturnType<typeof watchAnonymousMemory> | undefined;
  await exportAnew(place, config, (pid) => (memory = watchAnonymousMemory(pid)));
  rows.push(
    plainRow('peak anonymous memory of that, 160 MB', (memory?.end() ?? Number.NaN) / 1e6, 150, 'MB'),
  );
  return rows;
}

async function besideUtilities(ours: number, peer: string, database: string): Promise<Row> {
  const figure = 'the same beside sqlite-utils';
  try {
    const started = performance.now();
    await printTo(peer, 'sqlite-utils', ['rows', database, 't', '--nl']);
    return timeRow(figure, ours, 'sqlite-utils rows --nl', performance.now() - started, 0.33);
  } catch {
    return untakenRow(figure, 'sqlite-utils is not installed');
  }
}

async function compareSeason(place: string, times: number): Promise<Row[]> {
  const database = join(place, 'season.db');
  const documents = join(place, 'days');
  mkdirSync(documents);
  fillSeason(
    database,
    Array.from({ length: dayCount }, (_, index) => savedDay(index, 400)),
  );
  const config = join(place, 'season.toml');
  const mirror = join(place, 'mirror.db');
  writeFileSync(config, exampleSettings({ database, documents, mirror, top: directories(place) }));
  await exportAgain(config);
  const before = timesOf(documents);
  const [ours, queries] = await inTurns(
    () => exportAgain(config),
    () => node(['test/bench/queries.ts', config]),
    { times },
  );
  const touched = changes(before, timesOf(documents));
  const live = new Database(database);
  live.exec("UPDATE visit SET time_out = '20:00:00' WHERE date = (SELECT max(date) FROM visit)");
  live.close();
  await exportAgain(config);
  const written = changes(before, timesOf(documents));
  return [
    timeRow(`${dayCount} days, nothing changed`, ours, 'its queries alone', queries, 1.5),
    plainRow('files touched by that', touched, 0, ''),
    { ...plainRow('files touched, one day changed', written, 1, ''), ok: written === 1 },
  ];
}

function timesOf(documents: string): Map<string, string> {
  return new Map(
    readdirSync(documents).map((name) => {
      const { mtimeNs, ino } = statSync(join(documents, name), { bigint: true });
      return [name, `${mtimeNs} ${ino}`];
    }),
  );
}

function changes(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): number {
  return [...after].filter(([name, time]) => before.get(name) !== time).length;
}

function configure(place: string, database: string, keys: string): string {
  const path = join(place, 'table.toml');
  mkdirSync(join(place, 'tables'), { recursive: true });
  writeFileSync(
    path,
    `${directories(place)}[apps.table]\ndatabase = "${database}"\n[apps.table.export]\ndirectory = "${join(place, 'tables')}"\n${keys}\n`,
  );
  return path;
}

function directories(place: string): string {
  return `state_directory = "${join(place, 'state')}"\nrun_directory = "${join(place, 'run')}"\n`;
}

/** Into an empty directory, of which nothing is known. */
async function exportAnew(place: string, config: string, onStart?: (pid: number) => void): Promise<void> {
  for (const name of ['tables', 'state']) rmSync(join(place, name), { recursive: true, force: true });
  mkdirSync(join(place, 'tables'));
  await exportAgain(config, onStart);
}

async function exportAgain(config: string, onStart?: (pid: number) => void): Promise<void> {
  const running = run(join(project, 'bin/db-export-json'), ['run', '--quiet', '--config', config]);
  if (running.child.pid !== undefined) onStart?.(running.child.pid);
  await running;
}

/** What a shell does with `>`. */
async function printTo(path: string, program: string, args: readonly string[]): Promise<void> {
  await using file = await open(path, 'w');
  await run('sh', ['-c', 'exec "$@" > "$0"', path, program, ...args]);
  await file.sync();
}
