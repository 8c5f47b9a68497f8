// The loader of TagTracker's reporting server, as it treats the files that it is given: those whose MD5 it knows are passed over, of
// any other the whole day is deleted and inserted anew, and what is no whole day is an error.
import Database from 'better-sqlite3';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { z } from 'zod';

const schema = `
  CREATE TABLE DAY (id INTEGER PRIMARY KEY AUTOINCREMENT, site_handle TEXT NOT NULL, date TEXT NOT NULL CHECK (date LIKE '____-__-__'),
    time_open TEXT, time_closed TEXT, bikes_registered INTEGER, max_temperature NUMERIC, UNIQUE (date, site_handle));
  CREATE TABLE VISIT (id INTEGER PRIMARY KEY AUTOINCREMENT, day_id INTEGER NOT NULL REFERENCES DAY (id) ON DELETE CASCADE,
    time_in TEXT NOT NULL, time_out TEXT, bike_type TEXT CHECK (bike_type IN ('R', 'O')), bike_id TEXT);
  CREATE TABLE DATALOADS (day_id INTEGER PRIMARY KEY REFERENCES DAY (id) ON DELETE CASCADE, datafile_name TEXT,
    datafile_fingerprint TEXT);`;

/** It reads every key, and no other shape. */
const dayFile = z.strictObject({
  'comment:': z.string(),
  site_name: z.string(),
  site_handle: z.string(),
  date: z.iso.date(),
  time_open: z.string(),
  time_closed: z.string(),
  registrations: z.int(),
  bike_visits: z.array(
    z.strictObject({
      tagid: z.string(),
      bike_size: z.enum(['regular', 'oversize']),
      time_in: z.string(),
      time_out: z.string(),
    }),
  ),
  regular_tagids: z.array(z.string()),
  oversize_tagids: z.array(z.string()),
  retired_tagids: z.array(z.string()),
  notes: z.array(z.string()),
});

/** What came of the files that it was given, by name. */
export interface Load {
  readonly loaded: string[];
  readonly known: string[];
  readonly refused: string[];
}

export class TheirLoader implements Disposable {
  readonly #database: Database.Database;

  constructor(path: string) {
    this.#database = new Database(path);
    this.#database.pragma('foreign_keys = on');
    this.#database.exec(schema);
  }

  load(paths: readonly string[]): Load {
    const result: Load = { loaded: [], known: [], refused: [] };
    for (const path of paths) result[this.#loadFile(path)].push(basename(path));
    return result;
  }

  /** The columns of a query's only row. */
  look(sql: string, ...values: string[]): unknown[] {
    return this.#database
      .prepare(sql)
      .raw()
      .get(...values) as unknown[];
  }

  /** What the server itself looks up of a day. */
  setTemperature(date: string, degrees: number): void {
    this.#database.prepare('UPDATE DAY SET max_temperature = ? WHERE date = ?').run(degrees, date);
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }

  #loadFile(path: string): keyof Load {
    const bytes = readFileSync(path);
    const fingerprint = createHash('md5').update(bytes).digest('hex');
    const known = this.#database.prepare('SELECT 1 FROM DATALOADS WHERE datafile_fingerprint = ?');
    if (known.get(fingerprint) !== undefined) return 'known';
    let day: z.infer<typeof dayFile>;
    try {
      day = dayFile.parse(JSON.parse(bytes.toString('utf8')));
    } catch {
      return 'refused';
    }
    this.#database.transaction(() => this.#replace(day, basename(path), fingerprint))();
    return 'loaded';
  }

  #replace(day: z.infer<typeof dayFile>, name: string, fingerprint: string): void {
    const run = (sql: string, ...values: unknown[]) => this.#database.prepare(sql).run(...values);
    const { date, site_handle: site } = day;
    const [degrees] = this.look('SELECT max(max_temperature) FROM DAY WHERE date = ?', date);
    run('DELETE FROM DAY WHERE date = ? AND site_handle = ?', date, site);
    const { lastInsertRowid: id } = run(
      'INSERT INTO DAY VALUES (NULL, ?, ?, ?, ?, ?, ?)',
      ...[site, date, day.time_open, day.time_closed, day.registrations, degrees],
    );
    for (const { tagid, bike_size, time_in, time_out } of day.bike_visits)
      run(
        'INSERT INTO VISIT VALUES (NULL, ?, ?, ?, ?, ?)',
        ...[id, time_in, time_out, bike_size === 'oversize' ? 'O' : 'R', tagid],
      );
    run('INSERT INTO DATALOADS VALUES (?, ?, ?)', id, name, fingerprint);
  }
}
