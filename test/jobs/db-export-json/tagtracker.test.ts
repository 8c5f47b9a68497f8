// The example for TagTracker: its documents are what the app itself would save, and a database is made of them again.
import Database from 'better-sqlite3';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { TypedWorld } from '../../support/typed-world.ts';

const example = resolve(import.meta.dirname, '../../../etc/examples/tagtracker');
const schemaPath = join(example, 'schema.sql');

interface Day {
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

function day(index: number): Day {
  const date = new Date(Date.UTC(2026, 3, 1 + index)).toISOString().slice(0, 10);
  const tags = Array.from({ length: chance(date, 20) }, (_, tag) => `wa${tag}`).sort();
  const time = (words: string) => {
    const [hour, minute] = [7 + chance(`${words}h`, 12), chance(`${words}m`, 60)];
    return `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}:00`;
  };
  return {
    'comment:': `This is a TagTracker datafile for ours on ${date}.`,
    site_name: 'Our Lot, Zürich',
    site_handle: 'ours',
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
function asSaved(saved: Day): string {
  return JSON.stringify(saved, undefined, 4).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function fill(path: string, days: readonly Day[]): void {
  const database = new Database(path);
  database.exec(readFileSync(schemaPath, 'utf8'));
  const insert = (sql: string, ...values: (string | number)[]) => database.prepare(sql).run(...values);
  database.transaction(() => {
    for (const { date, site_name, site_handle, time_open, time_closed, registrations, ...lists } of days) {
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
  })();
  database.close();
}

test('a season is what the app would save, and comes back from its documents', async () => {
  await using world = new TypedWorld();
  const documents = join(world.home, 'days');
  mkdirSync(documents);
  const season = Array.from({ length: 40 }, (_, index) => day(index));
  fill(world.database, season);
  const settings = readFileSync(join(example, 'holdfast.toml'), 'utf8')
    .replace('/home/tagtracker/data/tagtracker.db', world.database)
    .replace('/home/tagtracker/data/days', documents)
    .replace('/home/tagtracker/data/mirror.db', join(world.home, 'mirror.db'))
    .replace('/opt/holdfast/etc/examples/tagtracker/schema.sql', schemaPath);
  const top = `state_directory = ${JSON.stringify(world.state)}\nrun_directory = ${JSON.stringify(join(world.home, 'run'))}\n`;
  writeFileSync(world.config, top + settings);

  const exported = await world.run('db-export-json', []);
  expect(exported.exitCode, exported.stderr).toBe(0);
  const described = z.fromJSONSchema(
    JSON.parse(readFileSync(join(example, 'day.schema.json'), 'utf8')) as z.core.JSONSchema.JSONSchema,
  );
  for (const saved of season) {
    const text = readFileSync(join(documents, `bike_rack_${saved.date}.json`), 'utf8');
    expect(text).toBe(asSaved(saved));
    described.parse(JSON.parse(text));
  }

  const again = join(world.home, 'again.db');
  const imported = await world.run('db-export-json', ['import', '--to', again]);
  expect(imported.exitCode, imported.stderr).toBe(0);
  rmSync(documents, { recursive: true });
  mkdirSync(documents);
  writeFileSync(world.config, (top + settings).replace(world.database, again));
  expect((await world.run('db-export-json', [])).stdout).toContain('40 new');
  expect(readdirSync(documents)).toHaveLength(40);
  for (const saved of season) {
    expect(readFileSync(join(documents, `bike_rack_${saved.date}.json`), 'utf8')).toBe(asSaved(saved));
  }
});
