// S5: memory does not grow with the database. 150 MB at most; a small VM has no more to give. Counted is what the kernel
// cannot take back: see anonymous-memory.
import Database from 'better-sqlite3';
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeLargeDatabase } from '../../bench/make-database.ts';
import { watchAnonymousMemory } from '../../support/anonymous-memory.ts';
import { DeltaPair } from '../../support/delta-processes.ts';
import { freePort } from '../../support/postgres.ts';
import { scratch } from '../../support/scratch.ts';
import { World } from '../../support/world.ts';

/** Runs a command and returns the most anonymous memory that it and its children held at once, in bytes. */
async function peakOf(world: World, command: string, args: readonly string[]): Promise<number> {
  let memory: ReturnType<typeof watchAnonymousMemory> | undefined;
  const { exitCode, stderr } = await world.run(command, args, {
    onStart: (pid) => void (memory = watchAnonymousMemory(pid)),
  });
  const peak = memory?.end();
  expect(exitCode, stderr).toBe(0);
  return peak ?? Number.NaN;
}

test('a backup of 80 MB, its proof and its restore need less than 150 MB each', async () => {
  await using world = new World();
  world.configure();
  makeLargeDatabase(world.database, 80); // large enough to be checked by two
  const restored = join(world.home, 'restored.db');
  const peaks = {
    backup: await peakOf(world, 'db-backup', ['backup', 'one']),
    verify: await peakOf(world, 'db-backup', ['verify', 'one']),
    restore: await peakOf(world, 'restore', ['run', 'one', '--to', restored]),
  };
  for (const [command, peak] of Object.entries(peaks)) {
    expect(peak, command).toBeGreaterThan(20e6);
    expect(peak, command).toBeLessThan(150e6);
  }
}, 600_000);

// Held whole it takes 287 MB; what a process takes of the machine differs by some tens of MB from run to run.
test('a document of 40 MB becomes rows in far less than what it takes to hold it', async () => {
  await using world = new World();
  const documents = join(world.home, 'documents');
  const schema = join(world.home, 'schema.sql');
  mkdirSync(documents);
  writeFileSync(schema, 'CREATE TABLE visit (date TEXT, tag TEXT, note TEXT, weight REAL)');
  world.configure({
    app: `[apps.bookings.export]
directory = ${JSON.stringify(documents)}
days = "SELECT date FROM day"
tables = { visit = "date" }
[apps.bookings.import]
schema = ${JSON.stringify(schema)}`,
  });
  writeDay(join(documents, '2026-11-26.json'), 250_000);
  const again = join(world.home, 'again.db');
  for (const more of [['--dry-run'], []]) {
    const peak = await peakOf(world, 'db-export-json', ['import', '--to', again, ...more]);
    expect(peak, more.join()).toBeGreaterThan(20e6);
    expect(peak, more.join()).toBeLessThan(150e6);
  }
}, 600_000);

test('all rows of a large table are pushed and received in less than 150 MB on each side', async () => {
  await using pair = await DeltaPair.start(scratch(), { host: '127.0.0.1', port: await freePort() });
  const database = new Database(pair.database);
  database.exec(`CREATE TABLE weight (id INTEGER PRIMARY KEY, kg REAL, at TEXT NOT NULL, note TEXT);
    WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 300000)
    INSERT INTO weight SELECT i, i / 8.0, datetime(1700000000 + i * 11, 'unixepoch'), 'limps, left hind leg ' || i % 17 FROM c`);
  database.close();
  await pair.laptop('install');
  const receiver = watchAnonymousMemory(pair.receiverPid);
  let sender: ReturnType<typeof watchAnonymousMemory> | undefined;
  const ended = await pair.push(['run'], (pid) => void (sender = watchAnonymousMemory(pid)));
  expect(ended.exitCode, ended.stderr).toBe(0);
  for (const [side, peak] of Object.entries({ sender: sender?.end(), receiver: receiver.end() })) {
    expect(peak, side).toBeGreaterThan(20e6);
    expect(peak, side).toBeLessThan(150e6);
  }
}, 600_000);

/** A document of so many visits, in about 160 bytes each. */
function writeDay(path: string, visits: number): void {
  const file = openSync(path, 'w');
  writeSync(file, '{"date":"2026-11-26","visit":[');
  for (let first = 0; first < visits; first += 1000) {
    const rows = Array.from(
      { length: 1000 },
      (_, index) =>
        `{"date":"2026-11-26","tag":"wa${first + index}","note":"a note as people write them, or longer: Zürich, ${'x'.repeat(60)}","weight":${index}.25}`,
    );
    writeSync(file, `${first === 0 ? '' : ','}${rows.join(',')}`);
  }
  writeSync(file, ']}');
  closeSync(file);
}
