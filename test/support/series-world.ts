// An app whose database is backed up in pages, by the hour: what it was at each of them, to compare a restore with.
import { createHash } from 'node:crypto';
import Database from 'better-sqlite3';
import type { FixedClock } from './fixed-clock.ts';
import { makeBookings, readBookings, type World } from './world.ts';

/** A world whose time is its own. */
export type TimedWorld = World & { readonly clock: FixedClock };

/** One backup in pages, and the database that has to come out of it. */
export interface Hour {
  name: string;
  /** A moment after it, as it is typed. */
  at: string;
  /** See `rowsOf`. */
  rows: string;
}

const hourMs = 3_600_000;
/** The keys of `[apps.bookings]`: the nightly run makes a plain file as well. */
export const hourlyKeys = 'format = ["plain", "pages"]\nevery = "1h"';

/** Tonight's full, and increments by the hour. The world is configured with `hourlyKeys`. */
export async function hourlySeries(world: TimedWorld, increments = 3): Promise<Hour[]> {
  // A fresh WAL database is looked at for two seconds before it is copied.
  makeBookings(world.database, { journalMode: 'delete', rows: 3000 });
  const states: Omit<Hour, 'name'>[] = [];
  for (let hour = 0; hour <= increments; hour += 1) {
    if (hour > 0) changeRow(world.database, hour);
    const { exitCode, stderr } = await world.run('db-backup', [hour === 0 ? 'run' : 'hourly']);
    if (exitCode !== 0) throw new Error(stderr);
    states.push({ at: world.clock.now().toISOString(), rows: rowsOf(world.database) });
    world.clock.advance(hourMs);
  }
  const names = (await inPages(world)).toReversed();
  return states.map((state, index) => ({ ...state, name: names[index] ?? '' }));
}

/** A digest of every row. */
export function rowsOf(database: string): string {
  return createHash('sha256')
    .update(JSON.stringify(readBookings(database)))
    .digest('hex');
}

/** One guest gets another name: a page or two are not what they were. */
export function changeRow(database: string, id: number): void {
  const opened = new Database(database);
  opened.prepare('UPDATE booking SET guest = ? WHERE id = ?').run(`changed ${id} ${'y'.repeat(60)}`, id);
  opened.close();
}

/** Newest first. */
async function inPages(world: World): Promise<string[]> {
  const { json } = await world.runJson('db-backup', ['list-backups']);
  const { backups } = json.result.apps[0].value as { backups: { name: string; format: string }[] };
  return backups.filter(({ format }) => format === 'pages').map(({ name }) => name);
}
