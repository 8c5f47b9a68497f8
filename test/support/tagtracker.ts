// A season of TagTracker: what the app saves, day by day, and the example's database with the same in it.
import Database from 'better-sqlite3';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The example's directory. */
export const example = resolve(import.meta.dirname, '../../etc/examples/tagtracker');
const schemaPath = join(example, 'schema.sql');

/** What the app saves of a day. */
export interface SavedDay {
  'comment:': string;
  site_name: string;
  site_handle: string;
  date: string;
  time_open: string;
  time_closed: string;
  registrations: number;
  bike_visits: { tagid: string; bike_size: string; time_in: string; time_out: string }[];
  regular_tagids: string[];
  oversize_tagids: string[];
  retired_tagids: string[];
  notes: string[];
}

/** The same number for the same words: days that differ, and are the same in each run. */
function chance(words: string, below: number): number {
  return createHash('sha256').update(words).digest().readUInt32LE() % below;
}

/** The day with that number of a season, always the same; with some visits more where `visits` says so. */
export function savedDay(index: number, visits = 20): SavedDay {
  const date = new Date(Date.UTC(2026, 3, 1 + index)).toISOString().slice(0, 10);
  const tags = Array.from({ length: chance(date, visits) }, (_, tag) => `wa${tag}`).sort();
  const time = (words: string) => {
    const [hour, minute] = [7 + chance(`${words}h`, 12), chance(`${words}m`, 60)];
    return `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}:00`;
  };
  return {
    'comment:': `This is a TagTracker datafile for bike_rack on ${date}.`,
    site_name: 'Our Lot, Zürich',
    site_handle: 'bike_rack',
    date,
    time_open: '07:30',
    time_closed: '18:00',
    registrations: chance(`${date}r`, 9),
    bike_visits: tags.map((tagid) => ({
      tagid,
      bike_size: chance(tagid, 3) === 0 ? 'oversize' : 'regular',
      time_in: time(`${date}${tagid}`),
      time_out: chance(`${date}${tagid}`, 4) === 0 ? '' : '19:00:00',
    })),
    regular_tagids: tags,
    oversize_tagids: ['be1', 'be2'],
    retired_tagids: [],
    notes: index % 3 === 0 ? ['rain "all day"', 'tag wa3 lost — 😀'] : [],
  };
}

/** What Python's json.dump(day, file, indent=4) writes. */
export function asSaved(saved: SavedDay): string {
  return JSON.stringify(saved, undefined, 4).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Makes the laptop's database of the example, with these days. */
export function fillSeason(path: string, days: readonly SavedDay[]): void {
  const database = new Database(path);
  database.exec(readFileSync(schemaPath, 'utf8'));
  database.transaction(() => {
    for (const day of days) insertDay(database, day);
  })();
  database.close();
}

/** As the app does it once it writes the database. */
export function insertDay(database: Database.Database, day: SavedDay): void {
  const insert = (sql: string, ...values: (string | number)[]) => database.prepare(sql).run(...values);
  const { date, site_name, site_handle, time_open, time_closed, registrations, ...lists } = day;
  const of = [date, site_name, site_handle, time_open, time_closed, registrations];
  insert('INSERT INTO day VALUES (?, ?, ?, ?, ?, ?, 0)', ...of);
  // Not in the order in which they are wanted.
  for (const { tagid, bike_size, time_in, time_out } of lists.bike_visits.toReversed())
    insert('INSERT INTO visit VALUES (?, ?, ?, ?, ?)', date, tagid, bike_size, time_in, time_out);
  for (const kind of ['regular', 'oversize', 'retired'] as const)
    for (const tagid of lists[`${kind}_tagids`])
      insert('INSERT INTO tag VALUES (?, ?, ?)', date, kind, tagid);
  for (const [position, text] of lists.notes.entries())
    insert('INSERT INTO note VALUES (?, ?, ?)', date, position, text);
}

/** The settings of the example, with other places. */
export function exampleSettings({
  database,
  documents,
  mirror,
  top,
}: {
  database: string;
  documents: string;
  mirror: string;
  top: string;
}): string {
  const settings = readFileSync(join(example, 'laptop.toml'), 'utf8')
    .replace('/home/tagtracker/data/tagtracker.db', database)
    .replace('/home/tagtracker/data/days', documents)
    .replace('/home/tagtracker/data/mirror.db', mirror)
    .replace('/opt/holdfast/etc/examples/tagtracker/schema.sql', schemaPath);
  return top + settings;
}
