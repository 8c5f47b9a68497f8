// Whether two databases hold the same rows: each value by its class and its bytes, as SQLite itself has them. Nothing of what
// the rows passed through is used here.
import Database from 'better-sqlite3';

const isOurs = (name: string) => /^(_holdfast|sqlite_)/i.test(name);
const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

/** A value by which its row is too large to travel: what a mirror holds with its key is as old as it likes, or nothing. */
export const tooLargeBytes = 17 * 1024 * 1024;

/** A sentence for each table of the source whose rows are not those of the mirror; none where both agree. */
export function differencesBetween(source: string, mirror: string): string[] {
  const [ours, theirs] = [new Database(source), new Database(mirror)];
  try {
    return tablesOf(ours).flatMap((table) => difference(ours, theirs, table) ?? []);
  } finally {
    ours.close();
    theirs.close();
  }
}

function tablesOf(database: Database.Database): string[] {
  const names = database
    .prepare<[], string>(
      "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' ORDER BY name",
    )
    .pluck()
    .all();
  return names.filter((name) => !isOurs(name));
}

function difference(ours: Database.Database, theirs: Database.Database, table: string): string | undefined {
  const columns = columnsOf(ours, table);
  const there = new Set(columnsOf(theirs, table).map((name) => name.toLowerCase()));
  const where = butLarge(ours, table, columns);
  const rows = countedRows(ours, table, columns, where);
  if (there.size === 0) return `${table}: there is no such table, and ${rows.size} rows belong there`;
  const missing = columns.filter((name) => !there.has(name.toLowerCase()));
  if (missing.length > 0) return `${table}: there is no column ${missing.join(', ')}`;
  const mirrored = countedRows(theirs, table, columns, where);
  const lacking = [...rows].filter(([row, count]) => mirrored.get(row) !== count);
  const foreign = [...mirrored].filter(([row, count]) => rows.get(row) !== count);
  if (lacking.length === 0 && foreign.length === 0) return undefined;
  const shown = (list: typeof lacking) => list.slice(0, 4).map(([row, count]) => `${count} x ${row}`);
  return [`${table}: only here`, ...shown(lacking), 'only there', ...shown(foreign)].join('\n    ');
}

/** All rows but those with the key of one that is too large. */
function butLarge(ours: Database.Database, table: string, columns: readonly string[]): string {
  const key = ours
    .prepare<[string], string>('SELECT name FROM pragma_table_xinfo(?) WHERE pk > 0')
    .pluck()
    .all(table)
    .map(quoted);
  if (key.length !== 1) return 'true';
  const isLarge = columns.map((name) => `length(${quoted(name)}) >= ${tooLargeBytes}`).join(' OR ');
  const large = ours
    .prepare<[], string>(`SELECT quote(${key[0]}) FROM ${quoted(table)} WHERE ${isLarge}`)
    .pluck()
    .all();
  return large.length === 0 ? 'true' : `${key[0]} NOT IN (${large.join(', ')})`;
}

/** Of its own data: no generated columns, and none of ours. */
export function columnsOf(database: Database.Database, table: string): string[] {
  const columns = database
    .prepare<[string], { name: string; hidden: number }>('SELECT name, hidden FROM pragma_table_xinfo(?)')
    .all(table);
  return columns.filter(({ name, hidden }) => hidden === 0 && !isOurs(name)).map(({ name }) => name);
}

/** Each row as a text, and how often it is there. Text in UTF-16 has other bytes, and is compared as what the driver reads. */
export function countedRows(
  database: Database.Database,
  table: string,
  columns: readonly string[],
  where = 'true',
): Map<string, number> {
  const isWide = database.pragma('encoding', { simple: true }) !== 'UTF-8';
  const values = columns.map((name) => {
    const column = quoted(name);
    const bytes = `CASE typeof(${column}) WHEN 'text' THEN CAST(${column} AS BLOB) ELSE ${column} END`;
    return `typeof(${column}), ${isWide ? column : bytes}`;
  });
  const select = database
    .prepare(`SELECT ${values.join(', ')} FROM ${quoted(table)} WHERE ${where}`)
    .raw()
    .safeIntegers();
  const rows = new Map<string, number>();
  for (const row of select.iterate() as IterableIterator<unknown[]>) {
    const text = row
      .map((value, index) =>
        row[index - 1] === 'text' && typeof value === 'string' ? Buffer.from(value) : value,
      )
      .map(shownValue)
      .join(' ');
    rows.set(text, (rows.get(text) ?? 0) + 1);
  }
  return rows;
}

/** -0.0 is 0.0: SQLite stores either as it likes. */
function shownValue(value: unknown): string {
  if (value instanceof Uint8Array) return `x'${Buffer.from(value).toString('hex')}'`;
  return typeof value === 'number' ? String(value === 0 ? 0 : value) : String(value);
}
