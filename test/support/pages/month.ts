// A month of hourly backups in pages, with a clock that stands where the month is: an app at work by day, prunes by night, and
// runs that are killed.
import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { storedPartOf } from '../../../lib/backup/catalogue.ts';
import type { PagesPolicy } from '../../../lib/backup/pages-policy.ts';
import { digestFile } from '../../../lib/files/hash-file.ts';
import { makeLargeDatabase } from '../../bench/make-database.ts';
import { type Random, randomFrom } from '../delta-random.ts';
import { wholeHouse } from './house.ts';
import { Ground, type Kill, Machine } from './machine.ts';
import { planOf } from './plan.ts';

export interface MonthOptions {
  home: string;
  megabytes: number;
  kills: number;
  days?: number;
  seed?: number;
  /** Told what happens, an hour a line. */
  say?: (line: string) => void;
}

export interface Month {
  hours: number;
  made: Record<'full' | 'increment', number>;
  killed: number;
  kept: number;
  /** What went wrong; empty. */
  flaws: string[];
  /** In the store, when it was over. */
  storedBytes: number;
}

const hourMs = 3_600_000;
/** As it is generated. */
const smallestMegabytes = 4;
/** Bookings in so large a database. */
const rowsOfThousandMegabytes = 3_000_000;
const policy: PagesPolicy = { levels: 2, full: 'when-due', keepsFull: true, fullWindow: undefined };
const keep = { last: 7, hourly: 48, daily: 14, weekly: 8, monthly: 12 };

export async function liveMonth(options: MonthOptions): Promise<Month> {
  const { home, megabytes, kills, days = 30, seed = 1, say = () => undefined } = options;
  const random = randomFrom(seed);
  const ground = new Ground(wholeHouse, join(home, 'ground'));
  const machine = new Machine(ground, policy);
  const database = join(home, 'month.db');
  makeLargeDatabase(database, megabytes);
  if (megabytes < smallestMegabytes) shorten(database, megabytes / smallestMegabytes);
  const month: Month = {
    ...{ hours: days * 24, made: { full: 0, increment: 0 }, killed: 0, kept: 0 },
    ...{ flaws: [], storedBytes: 0 },
  };
  const killedHours = chosen(random, kills, month.hours);
  let earlier = false;
  for (let hour = 0; hour < month.hours; hour += 1) {
    ground.clock.advance(hourMs);
    const changed = liveHour(database, hour, random, () => (earlier ? join(home, 'earlier.db') : undefined));
    if (hour === 200) {
      copyFileSync(database, join(home, 'earlier.db'));
      earlier = true;
    }
    // A run that finds every page as it was stores nothing: that is the command's to see.
    if (changed !== undefined || killedHours.has(hour)) {
      const kill = killedHours.has(hour) ? killOf(random) : undefined;
      const ended = await machine.backUp(database, {}, kill);
      if (ended === 'killed') month.killed += 1;
      else if ('error' in ended) month.flaws.push(`hour ${hour}: ${String(ended.error)}`);
      else if (ended.added.made !== 'plain') month.made[ended.added.made] += 1;
      say(
        `hour ${hour}: ${changed ?? 'nothing changed'}: ${ended === 'killed' ? 'killed' : 'error' in ended ? String(ended.error) : `${ended.added.made} of ${ended.added.storedBytes} bytes, ${ended.added.why ?? ''}`}`,
      );
    }
    if (hour % 24 === 2) await prune(machine, month);
  }
  await requireAll(machine, month, home);
  return month;
}

function shorten(path: string, share: number): void {
  const database = new Database(path);
  for (const table of ['spot', 'booking', 'customer'])
    database.exec(`DELETE FROM ${table} WHERE id > ${share} * (SELECT max(id) FROM ${table})`);
  database.exec('VACUUM');
  database.close();
}

function chosen(random: Random, count: number, below: number): Set<number> {
  const hours = new Set<number>();
  while (hours.size < count) hours.add(1 + random.below(below - 1));
  return hours;
}

function killOf(random: Random): Kill {
  const where = random.pick(['files', 'store'] as const);
  return {
    where,
    kind: random.pick(['kill-before', 'kill-after'] as const),
    at: 1 + random.below(where === 'store' ? 2 : 25),
  };
}

/** What an hour does to it, in words; undefined where nothing. */
function liveHour(
  database: string,
  hour: number,
  random: Random,
  earlier: () => string | undefined,
): string | undefined {
  const past = hour === 400 ? earlier() : undefined;
  if (past !== undefined) {
    for (const side of ['-wal', '-shm']) rmSync(database + side, { force: true });
    copyFileSync(past, database);
    return 'put back to what it was eight days before';
  }
  const time = hour % 24;
  if ((time < 8 || time >= 20) && hour !== 500) return undefined;
  const open = new Database(database);
  try {
    open.pragma('synchronous = OFF');
    if (hour === 500) {
      open.exec('VACUUM');
      return 'VACUUM';
    }
    const last = open.prepare('SELECT max(id) FROM booking').pluck().get() as number;
    const add = open.prepare(
      'INSERT INTO booking (customer_id, starts_at, reference, note) VALUES (1, ?, ?, ?)',
    );
    const change = open.prepare('UPDATE booking SET note = ? WHERE id = ?');
    const remove = open.prepare('DELETE FROM spot WHERE id = ?');
    // A large one is used by more people.
    const share = (ofThousand: number) => Math.ceil((ofThousand * last) / rowsOfThousandMegabytes);
    open.transaction(() => {
      for (let i = 0; i < share(90); i += 1)
        add.run(`2026-${hour}-${i}`, `${random.next()}`, 'note '.repeat(random.below(20)));
      for (let i = 0; i < share(110); i += 1) change.run(`hour ${hour} ${random.next()}`, random.below(last));
      for (let i = 0; i < 5; i += 1) remove.run(random.below(last / 4));
    })();
    return 'rows changed';
  } finally {
    open.close();
  }
}

async function prune(machine: Machine, month: Month): Promise<void> {
  const ended = await machine.run(async (repository) => {
    const entries = await repository.list();
    const { removals, refused } = planOf(wholeHouse, entries, keep, machine.ground.clock.now());
    if (refused !== undefined) throw new Error(refused);
    for (const name of removals) await repository.remove(name);
  });
  if (ended !== 'killed' && 'error' in ended) month.flaws.push(`prune: ${String(ended.error)}`);
  for (const { name, state, problem } of await machine.list())
    if (state !== 'proven' && state !== 'unfinished')
      month.flaws.push(`${name} is ${state}: ${problem ?? ''}`);
}

/** Every one that is listed comes out as it went in. */
async function requireAll(machine: Machine, month: Month, home: string): Promise<void> {
  const repository = machine.open();
  const entries = await repository.list();
  const target = join(home, 'restored.db');
  for (const entry of entries.filter(({ state }) => state === 'proven')) {
    await repository.fetch(entry, target);
    const { sha256 } = await digestFile(target);
    rmSync(target);
    month.kept += 1;
    month.storedBytes += entry.storedBytes;
    if (sha256 !== machine.ground.truth.get(entry.name))
      month.flaws.push(`${entry.name} came out as something else`);
    const pages = storedPartOf(entry)?.pages;
    if (pages === undefined || pages.level > policy.levels) month.flaws.push(`${entry.name} needs too many`);
  }
}
