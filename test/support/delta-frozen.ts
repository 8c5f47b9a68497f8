// What a replica holds of a frozen day: nothing that arrives may change it.
import Database from 'better-sqlite3';
import { columnsOf, countedRows } from './delta-compare.ts';

/** The rows of a day, by the rules of the fuzz's policy. */
const ofDay = {
  day: 'date = $day',
  visit: 'day_id IN (SELECT id FROM day WHERE date = $day)',
};

export class FrozenRows {
  readonly day: string;
  readonly #before: readonly { table: 'day' | 'visit'; columns: string[]; rows: string }[];

  /** As they are now in the replica at `path`. */
  constructor(path: string, day: string) {
    this.day = day;
    this.#before = withDatabase(path, (database) =>
      (['day', 'visit'] as const)
        .map((table) => ({ table, columns: columnsOf(database, table) }))
        .map(({ table, columns }) => ({ table, columns, rows: rowsOf(database, table, columns, day) })),
    );
  }

  /** Sentences of what changed since. */
  changesIn(path: string): string[] {
    return withDatabase(path, (database) =>
      this.#before.flatMap(({ table, columns, rows }) => {
        const now = rowsOf(database, table, columns, this.day);
        return now === rows
          ? []
          : [`${table} changed on ${this.day}, which is frozen: ${rows} became ${now}`];
      }),
    );
  }
}

function rowsOf(
  database: Database.Database,
  table: 'day' | 'visit',
  columns: readonly string[],
  day: string,
): string {
  const there = new Set(columnsOf(database, table));
  const needs = table === 'day' ? ['date'] : ['day_id'];
  if (![...columns, ...needs].every((name) => there.has(name)) || columns.length === 0) return '';
  if (table === 'visit' && !columnsOf(database, 'day').includes('date')) return '';
  return JSON.stringify(
    [...countedRows(database, table, columns, ofDay[table].replace('$day', `'${day}'`))].sort(),
  );
}

function withDatabase<T>(path: string, work: (database: Database.Database) => T): T {
  const database = new Database(path);
  try {
    return work(database);
  } finally {
    database.close();
  }
}
