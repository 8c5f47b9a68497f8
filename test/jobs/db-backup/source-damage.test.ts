// A source that is a database, but a damaged one. However little of it is wrong, it is no backup: exit 65.
import { closeSync, openSync, readSync, statSync, truncateSync, writeSync } from 'node:fs';
import Database from 'better-sqlite3';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  backedUpWorld,
  expectBadNews,
  expectRefusal,
  type Refusal,
  replaceDatabase,
} from '../../support/bad-input.ts';
import { onlyProof, runPrinted } from '../../support/printed.ts';
import { type BookingsOptions, makeBookings, type World } from '../../support/world.ts';

const pageSize = 4096;

interface Case {
  damage: string;
  make: (path: string) => void;
  says: RegExp;
  journalMode?: BookingsOptions['journalMode'];
}

const cases: Case[] = [
  { damage: 'cut in half between two pages', make: (path) => cut(path, 6 * pageSize), says: /it is damaged/ },
  {
    damage: 'cut in half inside a page',
    make: (path) => cut(path, 6 * pageSize + 100),
    says: /it is damaged/,
  },
  { damage: 'cut by its last byte', make: (path) => cut(path, 1), says: /cut short, 1 page of \d+/ },
  { damage: 'cut after its first page', make: (path) => truncateSync(path, pageSize), says: /it is damaged/ },
  {
    damage: 'a WAL database cut in half',
    make: (path) => cut(path, 6 * pageSize),
    says: /it is damaged/,
    journalMode: 'wal',
  },
  {
    damage: 'a WAL database cut inside its last page',
    make: (path) => cut(path, 100),
    says: /cut short, 1 page of \d+/,
    journalMode: 'wal',
  },
  {
    damage: 'another first byte in its header',
    make: (path) => write(path, 0, [0x00]),
    says: /not a SQLite database/,
  },
  {
    damage: 'an impossible page size in its header',
    make: (path) => write(path, 16, [0x12, 0x34]),
    says: /not a SQLite database/,
  },
  {
    damage: 'another page size in its header',
    make: (path) => write(path, 16, [0x02, 0x00]),
    says: /damaged|not a SQLite database/,
  },
  {
    damage: 'a file format from the future in its header',
    make: (path) => write(path, 18, [0x09, 0x09]),
    says: /damaged|not a SQLite database/,
  },
  {
    damage: 'a b-tree page of another kind',
    make: (path) => write(path, pageStart(path, rootPage(path, 'booking')), [0xaa]),
    says: /it is damaged|the database is damaged/,
  },
  {
    damage: 'a cell pointer that leads out of its page',
    make: (path) => write(path, pageStart(path, rootPage(path, 'payment')) + 8, [0xff, 0xff]),
    says: /damaged/,
  },
  {
    damage: 'an index that misses a row',
    make: (path) => alterIndexedValue(path),
    says: /the database is damaged: row \d+ missing from index booking_guest/,
  },
  {
    damage: 'a free page that is no page of the file',
    make: (path) => {
      deleteBookings(path);
      write(path, pageStart(path, readUInt32(path, 32)) + 8, [0x00, 0xff, 0xff, 0xff]);
    },
    says: /the database is damaged: .*freelist/i,
  },
  {
    damage: 'a free list that is shorter than it says',
    make: (path) => {
      deleteBookings(path);
      write(path, 36, [0, 0, 0x0f, 0xff]);
    },
    says: /the database is damaged: .*freelist/i,
  },
];

describe('a damaged source', () => {
  let world: World;
  beforeAll(async () => {
    world = await backedUpWorld();
    return () => world[Symbol.asyncDispose]();
  });

  test.each(cases)('$damage', async ({ make, says, journalMode = 'delete' }) => {
    await replaceDatabase(world, (path) => {
      makeBookings(path, { journalMode });
      make(path);
    });
    await expectRefusal(world, 'db-backup', ['run'], refusal(says));
  });

  test.each(['backup before-repair', 'upload'])('db-backup %s refuses it as well', async (line) => {
    await replaceDatabase(world, (path) => {
      makeBookings(path, { journalMode: 'delete' });
      alterIndexedValue(path);
    });
    await expectRefusal(world, 'db-backup', line.split(' '), refusal(/missing from index/));
  });
});

test('with two apps the sound one is backed up, and the damaged one is told', async () => {
  await using world = await backedUpWorld();
  const other = `${world.home}/other.db`;
  makeBookings(other, { journalMode: 'delete' });
  world.configure({ apps: `[apps.other]\ndatabase = ${JSON.stringify(other)}` });
  alterIndexedValue(world.database);
  const { exitCode, ok, result } = await runPrinted(world, 'db-backup', ['backup', 'both']);
  expect(exitCode).toBe(1);
  expect(ok).toBe(false);
  expect(result.apps).toMatchObject([
    { app: 'bookings', ok: false, error: { kind: 'damaged' } },
    { app: 'other', ok: true },
  ]);
  expect(result.apps[0]?.error.message).toMatch(/missing from index/);
  expect(world.stored()).toContain('backups/other/both.db');
  expect(world.stored()).not.toContain('backups/bookings/both.db');
});

test('a foreign file of the store that is cut short does not pass for sound', async () => {
  await using world = await backedUpWorld();
  const foreign = `${world.store}/backups/bookings/by-hand.db`;
  makeBookings(foreign, { journalMode: 'delete' });
  cut(foreign, 100);
  const { problems } = onlyProof(await expectBadNews(world, 'db-backup', ['verify', 'by-hand']));
  expect(problems).toEqual([expect.stringMatching(/cut short/)]);
});

function refusal(says: RegExp): Refusal {
  return { kind: 'damaged', says: [/bookings\.db/, says], hint: /restore (list|plan)/ };
}

function cut(path: string, bytes: number): void {
  truncateSync(path, statSync(path).size - bytes);
}

function write(path: string, position: number, bytes: number[]): void {
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.from(bytes), 0, bytes.length, position);
  closeSync(file);
}

function readUInt32(path: string, position: number): number {
  const [file, bytes] = [openSync(path, 'r'), Buffer.alloc(4)];
  readSync(file, bytes, 0, 4, position);
  closeSync(file);
  return bytes.readUInt32BE(0);
}

/** Where a page begins in the file; pages count from 1. */
function pageStart(path: string, page: number): number {
  expect(page).toBeGreaterThan(0);
  expect(page * pageSize).toBeLessThanOrEqual(statSync(path).size);
  return (page - 1) * pageSize;
}

function rootPage(path: string, table: string): number {
  const database = new Database(path, { readonly: true });
  const page = database.prepare('SELECT rootpage FROM sqlite_schema WHERE name = ?').pluck().get(table);
  database.close();
  return Number(page);
}

/** Changes one letter of a guest in the index over the guests, but not in the table. */
function alterIndexedValue(path: string): void {
  const root = pageStart(path, rootPage(path, 'booking_guest'));
  const leaf = pageStart(path, readUInt32(path, root + 8)); // the right-most child of the interior root page
  const [pageType, firstCell] = [readUInt32(path, leaf) >>> 24, readUInt32(path, leaf + 8) >>> 16];
  expect(pageType).toBe(0x0a); // a leaf of an index
  // Before the text stand one byte of length and four of record header: https://sqlite.org/fileformat2.html, 1.6 and 2.1
  write(path, leaf + firstCell + 5, [0x41]);
}

/** Deletes most rows, so that whole pages become free. */
function deleteBookings(path: string): void {
  const database = new Database(path);
  database.exec('DELETE FROM payment WHERE booking_id > 10; DELETE FROM booking WHERE id > 10');
  database.close();
  expect(readUInt32(path, 36)).toBeGreaterThan(1);
}
