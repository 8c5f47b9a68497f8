// A source that is not at rest: what a crashed writer left beside it, a writer in the middle, and every page size.
import { existsSync, readFileSync, truncateSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { backedUpWorld, contents, expectRefusal, replaceDatabase } from '../../support/bad-input.ts';
import { makeCrashedSet, readRows, rowsOf } from '../../support/database-sets.ts';
import { spawnTypeScript } from '../../support/spawn-lines.ts';
import { onlyValue, runPrinted } from '../../support/printed.ts';
import { makeBookings, readBookings, type World } from '../../support/world.ts';

// A process of its own: whoever reads a file and closes it gives up every lock its process has on it.
const holdExclusively = fileURLToPath(new URL('../../fixtures/hold-exclusively.ts', import.meta.url));

describe('a source that is not at rest', () => {
  let world: World;
  beforeAll(async () => {
    world = await backedUpWorld();
    return () => world[Symbol.asyncDispose]();
  });

  test('a hot journal that a crashed writer left is neither rolled back nor ignored', async () => {
    await replaceDatabase(world, (path) => makeCrashedSet(path, 'journal'));
    expect(existsSync(`${world.database}-journal`)).toBe(true);
    await expectRefusal(world, 'db-backup', ['run'], {
      kind: 'denied',
      says: [/bookings\.db/, /crashed writer left .*-journal/],
      hint: /start the app once/,
    });
    expect(await readRows(world.database)).toEqual(rowsOf('old', 100));
  });

  test('the committed rows of a write-ahead log that a crashed writer left are in the backup', async () => {
    await replaceDatabase(world, (path) => makeCrashedSet(path, 'wal'));
    const before = contents(world);
    // Far fewer rows of other tables than in the backup before: it is kept, and called suspect.
    const { exitCode, ok, result } = await runPrinted(world, 'db-backup', ['backup', 'after-a-crash']);
    expect({ exitCode, ok: ok }).toEqual({ exitCode: 1, ok: false });
    expect(onlyValue(result).suspect).not.toEqual([]);
    expect(await readRows(`${world.store}/backups/bookings/after-a-crash.db`)).toEqual(rowsOf('old', 600));
    const after = contents(world);
    for (const name of ['app/bookings.db', 'app/bookings.db-wal']) expect(after[name]).toBe(before[name]);
  });

  test('a file cut below what its write-ahead log makes up for is damaged', async () => {
    await replaceDatabase(world, (path) => makeCrashedSet(path, 'wal'));
    truncateSync(world.database, 1024);
    await expectRefusal(world, 'db-backup', ['run'], {
      kind: 'damaged',
      says: [/bookings\.db/, /cut short, \d+ pages? of \d+/],
      hint: /restore list/,
    });
  });

  test('a writer that excludes everybody else is no obstacle in WAL mode, and what it has not committed is not in the backup', async () => {
    await replaceDatabase(world, (path) => makeBookings(path, { journalMode: 'wal' }));
    await using writer = spawnTypeScript(holdExclusively, [world.database]);
    await writer.line('held');
    const { exitCode } = await world.run('db-backup', ['backup', 'beside-a-writer']);
    expect(exitCode).toBe(0);
    expect(readBookings(`${world.store}/backups/bookings/beside-a-writer.db`)).toHaveLength(200);
  });
});

describe('every page size', () => {
  test.each([512, 1024, 8192, 65_536])('of %i bytes is backed up in both journal modes', async (pageSize) => {
    await using world = await backedUpWorld({ journalMode: 'delete', pageSize, rows: 300 });
    await replaceDatabase(world, (path) => makeBookings(path, { journalMode: 'wal', pageSize, rows: 301 }));
    expect(await world.run('db-backup', ['backup', 'in-wal-mode'])).toMatchObject({ exitCode: 0 });
    const manifest = readFileSync(`${world.store}/backups/bookings/in-wal-mode.json`, 'utf8');
    expect(manifest).toContain(`"page_size": ${pageSize},`);
    expect(manifest).toContain('"journal_mode": "wal"');
    for (const [name, rows] of [
      ['latest/bookings.db', 300],
      ['in-wal-mode', 301],
    ] as const) {
      const path = `${world.home}/of-${rows}.db`;
      expect(await world.run('restore', ['run', name, '--to', path])).toMatchObject({ exitCode: 0 });
      expect(readBookings(path)).toHaveLength(rows);
    }
  });
});
