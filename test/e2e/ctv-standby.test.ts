// A bad week of CTV, on its two Pis: the first one dies, the second takes over, and the first comes back.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeBookings, readBookings, World } from '../support/world.ts';

/** Real processes, one after the other. */
const timeout = 120_000;

const [pi, standby] = [new World(), new World()];
const app = 'services = []\nlatest = "/database.db"';
/** What the example of the standby has in `[apps.ctv.standby]`; its smallest size is that of a real one. */
const table = /^\[apps\.ctv\.standby\]\n(?:\w.*\n)+/m
  .exec(readFileSync(resolve(import.meta.dirname, '../../etc/examples/ctv/standby.toml'), 'utf8'))?.[0]
  .replace('apps.ctv', 'apps.bookings')
  .replace('100 MB', '10 kB');

/** The configuration of both is one but for the table; so is the store, which is the first one's. */
function configure(world: World, isStandby: boolean): void {
  world.configure({ app: isStandby ? `${app}\n${table}` : app });
  const text = readFileSync(world.config, 'utf8');
  writeFileSync(world.config, text.replace(JSON.stringify(standby.store), JSON.stringify(pi.store)));
}

async function type(world: World, line: string, exitCode = 0): Promise<string> {
  const [command = '', ...args] = line.split(' ');
  const ended = await world.run(command, args);
  expect(ended.exitCode, `${line}: ${ended.stderr}`).toBe(exitCode);
  return ended.stdout + ended.stderr;
}

function book(world: World, guest: string): void {
  const database = new Database(world.database);
  database.prepare('INSERT INTO booking (guest) VALUES (?)').run(guest);
  database.close();
}

const guests = (world: World) => readBookings(world.database).map(({ guest }) => guest);

beforeAll(async () => {
  configure(pi, false);
  configure(standby, true);
  makeBookings(pi.database);
  await type(pi, 'db-backup run');
});

afterAll(async () => {
  for (const world of [pi, standby]) await world[Symbol.asyncDispose]();
});

test(
  'each morning the copy of the night lies ready on the standby, which backs nothing up itself',
  { timeout },
  async () => {
    expect(await type(standby, 'restore standby')).toContain('warm copy pulled');
    expect(await type(standby, 'restore standby')).toContain('warm copy unchanged');
    expect(await type(standby, 'restore status')).toContain('to make it live: restore promote');
    await type(standby, 'db-backup run', 73);
    expect(existsSync(standby.database)).toBe(false);
  },
);

test(
  'at noon the first Pi dies, and the network with it: the standby takes over with what it has',
  { timeout },
  async () => {
    book(pi, 'booked at eleven');
    renameSync(pi.store, `${pi.store}.away`);
    renameSync(dirname(pi.database), `${dirname(pi.database)}.dead`);
    await type(standby, 'restore promote', 64);
    expect(await type(standby, 'restore promote --yes')).toContain('LIVE HERE');
    expect(guests(standby)).toHaveLength(200);
    book(standby, 'booked on the standby');
    renameSync(`${pi.store}.away`, pi.store);
    await type(standby, 'db-backup run');
    await type(standby, 'restore standby', 73);
  },
);

test(
  'the first Pi comes back with its timers on: what it backs up replaces nothing, and people are told',
  { timeout },
  async () => {
    renameSync(`${dirname(pi.database)}.dead`, dirname(pi.database));
    const latest = readFileSync(join(pi.store, 'database.db'));
    expect(await type(pi, 'db-backup run', 1)).toContain('the app may be live on two machines');
    expect(readFileSync(join(pi.store, 'database.db')).equals(latest)).toBe(true);
  },
);

test(
  'on Sunday it goes back: the first Pi stands by, takes over, and the other one stands by again',
  { timeout },
  async () => {
    await type(standby, 'db-backup run');
    configure(pi, true);
    await type(pi, 'restore standby');
    await type(pi, 'restore promote --yes');
    expect(guests(pi)).toContain('booked on the standby');
    // What was booked at eleven is in no backup: it is in the undo set, to be read.
    expect(await type(pi, 'restore status')).toContain('undo set');
    book(pi, 'booked on Sunday');
    await type(pi, 'db-backup run');
    await type(standby, 'restore standby --step-down --yes');
    expect(await type(standby, 'restore status')).toContain('standby: warm copy of');
    await type(standby, 'restore promote --yes');
    expect(guests(standby)).toContain('booked on Sunday');
  },
);
