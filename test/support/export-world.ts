// A world with an app whose documents are kept.
import Database from 'better-sqlite3';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { TypedWorld } from './typed-world.ts';

const season = `CREATE TABLE day (date TEXT PRIMARY KEY, opens TEXT, closed INTEGER DEFAULT 0);
  CREATE TABLE visit (date TEXT, tag TEXT, weight REAL);
  INSERT INTO day (date, opens) VALUES ('2026-11-25', '07:30'), ('2026-11-26', '07:30'), ('2026-11-27', '08:00');
  INSERT INTO visit VALUES ('2026-11-25', 'wa1', 1.5), ('2026-11-25', 'wa2', 2), ('2026-11-27', 'wa1', NULL)`;

export const byDay = `file = "ours_{day}.json"
days = "SELECT date FROM day"
frozen = "SELECT date FROM day WHERE closed"
tables = { visit = "date" }`;

export class ExportWorld extends TypedWorld {
  readonly documents = join(this.home, 'documents');

  constructor(keys = byDay, sql = season) {
    super();
    mkdirSync(this.documents);
    this.change(sql);
    this.configure({ app: `[apps.bookings.export]\ndirectory = ${JSON.stringify(this.documents)}\n${keys}` });
  }

  change(sql: string): void {
    const database = new Database(this.database);
    database.exec(sql);
    database.close();
  }

  document(name: string): string {
    return readFileSync(join(this.documents, name), 'utf8');
  }

  /** Name and time of change of every document: what rsync goes by. */
  times(): Record<string, string> {
    const names = readdirSync(this.documents);
    return Object.fromEntries(
      names.map((name) => [name, String(statSync(join(this.documents, name), { bigint: true }).mtimeNs)]),
    );
  }
}
