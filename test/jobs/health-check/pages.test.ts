// Backups in pages, as the history, the checks and the report show them after runs of the real commands.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parseManifest } from '../../../lib/backup/manifest.ts';
import { silentLog } from '../../../lib/base/log.ts';
import { pagesState } from '../../../lib/repository/pages/pages-state.ts';
import { onlyChecks } from '../../support/health.ts';
import { TypedWorld } from '../../support/typed-world.ts';
import { makeBookings } from '../../support/world.ts';

const hour = 3_600_000;
const day = 24 * hour;

/** A full, an increment on it, and an hour in which nothing changed. */
async function lived(): Promise<TypedWorld> {
  const world = new TypedWorld();
  onTestFinished(() => world[Symbol.asyncDispose]());
  makeBookings(world.database, { rows: 2000 });
  world.configure({
    top: `clock = "trusted"\n${onlyChecks('backup-series', 'backup-age')}`,
    app: 'format = "pages"\nevery = "1h"\nfull_window = "Sat 22:00"',
  });
  await run(world, 'db-backup', ['run']);
  const database = new Database(world.database);
  database.exec(
    'UPDATE booking SET rowid = rowid WHERE rowid < 3; CREATE TABLE more (a); INSERT INTO more VALUES (1)',
  );
  database.close();
  world.clock.advance(hour);
  await run(world, 'db-backup', ['hourly']);
  world.clock.advance(hour);
  await run(world, 'db-backup', ['hourly']);
  return world;
}

async function run(world: TypedWorld, job: string, args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await world.run(job, args);
  expect([args, exitCode, stderr]).toEqual([args, 0, expect.anything()]);
  return stdout;
}

function rows(world: TypedWorld, sql: string): unknown[] {
  const ops = new Database(join(world.state, 'ops.db'), { readonly: true });
  try {
    return ops.prepare(sql).all();
  } finally {
    ops.close();
  }
}

describe('hours in pages', () => {
  test('are in the history, well by the check, and in the report with what a restore reads', async () => {
    const world = await lived();
    const [full = '', increment = ''] = world.stored().filter((name) => name.endsWith('.pages'));
    expect(
      rows(
        world,
        'SELECT name, format, level, base, stored_bytes < size_bytes AS less FROM backups ORDER BY name',
      ),
    ).toEqual([
      { name: full, format: 'pages', level: 0, base: null, less: 1 },
      { name: increment, format: 'pages', level: 1, base: full, less: 1 },
    ]);
    expect(rows(world, 'SELECT app, name, looks FROM looks')).toEqual([
      { app: 'bookings', name: increment, looks: 1 },
    ]);

    const checks = await run(world, 'health-check', ['run']);
    expect(checks).toMatch(
      /ok +backup-series +bookings +the full is 2 h .* old: .*\.pages, .* in increments/i,
    );
    const report = (await run(world, 'health-check', ['report'])).replace(/\s+/g, ' ');
    expect(report).toMatch(
      /In pages: .* 1 increment on it, .* Their newest reads: .*, a full and an increment/,
    );
    expect(report).toMatch(/What a restore to each needs: To Kind .* increment of level 1 .* full /);
    expect(report).toMatch(/1 full, the last of/);
  });

  test('with a full that waits for its window: how far it is, until that takes too long', async () => {
    const world = await lived();
    const [full = ''] = world.stored().filter((name) => name.endsWith('.pages'));
    const waiting = 'backups/bookings/bookings-20261121T220000Z.pages';
    const text = readFileSync(join(world.store, `${full}.json`), 'utf8')
      .replaceAll(full, waiting)
      .replace(/"taken_at": "[^"]*"/, '"taken_at": "2026-11-21T22:00:00.000Z"');
    const state = pagesState(world.state, 'bookings', silentLog);
    await state.makeSpool(waiting);
    const manifest = parseManifest(text, 'a test');
    const spooled = {
      text,
      manifest,
      pageSize: 4096,
      pageCount: 9,
      keepsFull: false,
      waitsBecause: 'a new month',
    };
    await state.completeSpool(spooled);
    // One that was not completed is another run's, which may be at work: who looks removes nothing.
    const begun = join(state.directory, 'spool', 'bookings-20261122T220000Z.pages');
    mkdirSync(begun);
    writeFileSync(join(begun, 'part-1.pages'), 'x');
    world.clock.advance(Date.parse('2026-11-28T22:00:00Z') - world.clock.now().getTime());
    const checked = async () => (await world.run('health-check', ['run'])).stdout;
    expect(await checked()).toMatch(
      new RegExp(`ok +backup-series .*under way for 7 d: ${waiting}, 0 B of .* are in the store`, 'i'),
    );
    expect((await state.lookAtSpools()).map(({ manifest: { backup } }) => basename(backup))).toEqual([
      basename(waiting),
    ]);
    expect(readFileSync(join(begun, 'part-1.pages'), 'utf8')).toBe('x');
    world.clock.advance(9 * day);
    expect(await checked()).toMatch(/warning +backup-series .*under way for 16 d/i);
  });
});
