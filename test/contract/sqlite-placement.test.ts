// A SQLite database in a file, held to what a restore in place promises.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { onTestFinished } from 'vitest';
import { TypedWorld } from '../support/typed-world.ts';
import { makeBookings } from '../support/world.ts';
import { type PlacementWorld, placementSuite } from './placement-suite.ts';

async function open(): Promise<PlacementWorld> {
  const typed = new TypedWorld();
  onTestFinished(() => typed[Symbol.asyncDispose]());
  makeBookings(typed.database, { rows: 100 });
  typed.configure();
  return {
    name: 'bookings',
    typed,
    configure: (app) => typed.configure({ app }),
    count: async () => (existsSync(typed.database) ? countIn(typed.database) : undefined),
    async change() {
      using database = closing(typed.database);
      database.all.exec('DELETE FROM payment WHERE booking_id > 30');
    },
    async lose() {
      for (const suffix of ['', '-wal', '-shm']) rmSync(typed.database + suffix, { force: true });
    },
    async hold() {
      const file = openSync(typed.database, 'r+');
      const holder = spawn('sleep', ['600'], { stdio: [file, 'ignore', 'ignore'] });
      closeSync(file);
      await once(holder, 'spawn');
      const ended = once(holder, 'close');
      return {
        who: `sleep (process ${holder.pid} of `,
        async [Symbol.asyncDispose]() {
          holder.kill();
          await ended;
        },
      };
    },
    lying: async () => readdirSync(dirname(typed.database)).sort(),
    elsewhere() {
      const to = join(typed.home, 'elsewhere.db');
      return { to, count: async () => countIn(to) };
    },
  };
}

function countIn(path: string): number {
  using database = closing(path);
  return (database.all.prepare('SELECT count(*) AS n FROM payment').get() as { n: number }).n;
}

function closing(path: string): Disposable & { all: Database.Database } {
  const all = new Database(path);
  return { all, [Symbol.dispose]: () => void all.close() };
}

placementSuite('SQLite', { open });
