// Two machines with one cable: the laptop's rows arrive at the server as they change, whatever happens to the cable and to both.
import Database from 'better-sqlite3';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { differencesBetween } from '../../support/delta-compare.ts';
import { DeltaNetwork, there } from '../../support/delta-network.ts';
import { DeltaPair } from '../../support/delta-processes.ts';
import { scratch } from '../../support/scratch.ts';
import { example, savedDay } from '../../support/tagtracker.ts';
import { missingForTwoFamilies } from '../../support/two-families.ts';
import type { Ended } from '../../support/world.ts';

const missing = missingForTwoFamilies();
const port = 8790;

/** What the example says of the tables of the replica: the rules of their days. */
const rules = readFileSync(join(example, 'server.toml'), 'utf8').replace(
  /^[^]*\[replicas\.tagtracker\.tables\]/,
  '[replicas.app.tables]',
);

function open(path: string): Database.Database {
  const database = new Database(path);
  database.pragma('busy_timeout = 20000');
  return database;
}

/** It did what it should, perhaps with a warning; with what it said where not. */
async function well(running: Promise<Ended>): Promise<void> {
  const { exitCode, stdout, stderr } = await running;
  const isWell = exitCode === 0 || exitCode === 1;
  expect(isWell ? '' : stdout + stderr).toBe('');
  expect(isWell).toBe(true);
}

/** A day of the season, saved as the app would: replaced whole. */
function save(database: Database.Database, index: number, visits: number): void {
  const day = savedDay(index, visits);
  const row = database.prepare('INSERT INTO visit VALUES (?, ?, ?, ?, ?)');
  database.transaction(() => {
    database.prepare('DELETE FROM visit WHERE date = ?').run(day.date);
    database
      .prepare(
        `INSERT INTO day VALUES (?, ?, ?, ?, ?, ?, 0) ON CONFLICT DO UPDATE SET registrations = excluded.registrations + 1`,
      )
      .run(
        day.date,
        day.site_name,
        day.site_handle,
        day.time_open,
        day.time_closed,
        BigInt(day.registrations),
      );
    for (const { tagid, bike_size, time_in, time_out } of day.bike_visits)
      row.run(day.date, tagid, bike_size, time_in, time_out);
    day.notes.forEach((text, position) =>
      database.prepare('INSERT OR REPLACE INTO note VALUES (?, ?, ?)').run(day.date, BigInt(position), text),
    );
  })();
}

describe.skipIf(missing !== undefined)(`two machines${missing === undefined ? '' : `: ${missing}`}`, () => {
  test('TagTracker: the cable is pulled out in the middle, the app writes on, and everything arrives', async () => {
    const network = new DeltaNetwork();
    onTestFinished(() => network[Symbol.dispose]());
    const pair = await DeltaPair.start(scratch(), {
      host: there,
      port,
      delta: 'timeout_seconds = 2',
      replica: rules,
      on: (machine) => network.on(machine),
    });
    onTestFinished(() => pair[Symbol.asyncDispose]());
    const app = open(pair.database);
    onTestFinished(() => void app.close());
    app.pragma('journal_mode = wal');
    app.exec(readFileSync(join(example, 'schema.sql'), 'utf8'));
    for (let day = 0; day < 20; day += 1) save(app, day, 60);

    await well(pair.laptop('install'));
    await well(pair.laptop('run'));
    expect(differencesBetween(pair.database, pair.mirror)).toEqual([]);

    // Without a link the app goes on, and a cycle ends in words.
    network.cut();
    for (let day = 10; day < 30; day += 1) save(app, day, 80);
    app.exec(
      "DELETE FROM visit WHERE date = '2026-04-03'; UPDATE visit SET time_out = '21:00:00' WHERE time_out = ''",
    );
    const cut = await pair.laptop('run', '--now');
    expect(cut.stdout + cut.stderr).toMatch(/wait/);
    expect(differencesBetween(pair.database, pair.mirror)).not.toEqual([]);

    // The cable is pulled out while a batch is on its way.
    network.restore();
    const running = pair.push(['run', '--now'], () => network.cut());
    save(app, 31, 50);
    await running;
    await pair.killReceiver();
    network.restore();
    await pair.receive();
    await well(pair.laptop('run', '--now'));
    expect(differencesBetween(pair.database, pair.mirror)).toEqual([]);

    // The day is reported, and a late correction of the laptop is held, not lost.
    await well(pair.server('freeze', '2026-04-12', '--reason', 'reported'));
    app.exec(
      "UPDATE visit SET bike_size = 'oversize' WHERE date = '2026-04-12'; UPDATE day SET registrations = 99 WHERE date = '2026-04-13'",
    );
    await pair.laptop('run', '--now');
    expect(differencesBetween(pair.database, pair.mirror).map((text) => text.split(':')[0])).toEqual([
      'visit',
    ]);
    await well(pair.server('reopen', '2026-04-12', '--reason', 'again'));
    await pair.laptop('run', '--now');
    expect(differencesBetween(pair.database, pair.mirror)).toEqual([]);
    expect(execFileSync('sqlite3', [pair.database, 'PRAGMA integrity_check'], { encoding: 'utf8' })).toBe(
      'ok\n',
    );
  });
});
