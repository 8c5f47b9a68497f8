// A world with documents of service days, and a reader that they are shipped to.
import Database from 'better-sqlite3';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestReader } from './reader.ts';
import { TypedWorld } from './typed-world.ts';
import type { Ended, Json, RunOptions } from './world.ts';

export class ShipWorld extends TypedWorld {
  readonly documents = join(this.home, 'documents');
  readonly reader: TestReader;

  /** `days` documents of about `sizeBytes`; `keys` go before what the reader says of itself. */
  constructor(
    reader: TestReader,
    {
      days = 3,
      sizeBytes = 100,
      keys = {},
    }: { days?: number; sizeBytes?: number; keys?: Record<string, unknown> } = {},
  ) {
    super();
    this.reader = reader;
    mkdirSync(this.documents);
    this.change('CREATE TABLE day (date TEXT PRIMARY KEY, text TEXT, closed INTEGER DEFAULT 0)');
    this
      .change(`WITH RECURSIVE number (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number WHERE n + 1 < ${days})
      INSERT INTO day (date, text) SELECT date('2026-01-01', n || ' days'), hex(randomblob(${Math.ceil(sizeBytes / 2)})) FROM number`);
    this.settle(keys);
  }

  settle(keys: Record<string, unknown> = {}): void {
    const ship = Object.entries({ ...this.reader.keys, ...keys })
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
    this.configure({
      top: 'clock = "trusted"',
      app: `[apps.bookings.export]
directory = ${JSON.stringify(this.documents)}
days = "SELECT date FROM day"
frozen = "SELECT date FROM day WHERE closed"
document = "SELECT json_object('date', date, 'text', text) FROM day WHERE date = :day"
[apps.bookings.export.ship]
${ship.join('\n')}`,
    });
  }

  change(sql: string): void {
    const database = new Database(this.database);
    database.exec(sql);
    database.close();
  }

  /** What lies here, by name. */
  written(): Record<string, string> {
    const names = readdirSync(this.documents).filter((name) => !name.startsWith('.'));
    return Object.fromEntries(names.map((name) => [name, readFileSync(join(this.documents, name), 'utf8')]));
  }

  ship(
    args: readonly string[] = [],
    options: RunOptions = {},
  ): Promise<Ended & { shipment: Json; findings: Json }> {
    return this.shipBy((line) => this.runJson('db-export-json', line, options), args);
  }

  async shipBy(
    run: (line: string[]) => Promise<Ended & { json: Json }>,
    args: readonly string[],
  ): Promise<Ended & { shipment: Json; findings: Json }> {
    const ended = await run(['run', '--ship', ...args]);
    return { ...ended, shipment: ended.json.result?.apps[0].value?.shipment, findings: ended.json.findings };
  }
}
