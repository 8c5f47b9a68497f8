// Mirror tables as SQL: the columns of the source by name and affinity, its key as primary key, and nothing else that it
// demands of its rows. A constraint would refuse what is true at the source, or is true again at the end of a batch.
import { affinityOf, type ColumnShape, type TableShape } from '../../delta/shape.ts';
import { type Database, quoteIdentifier } from '../../sqlite/open.ts';

export function createMirror(database: Database, shape: TableShape, columns: readonly ColumnShape[]): void {
  const key = shape.key.map(quoteIdentifier).join(', ');
  const lines = [
    ...columns.map(columnSql),
    '_holdfast_source INTEGER NOT NULL DEFAULT 0',
    '_holdfast_batch INTEGER NOT NULL DEFAULT 0',
    '_holdfast_deleted_at TEXT',
    `PRIMARY KEY (${key})`,
  ];
  // Anything but the alias of a rowid would be two trees, and SQLite would take NULL in it.
  const rest = isRowid(shape) ? '' : ' WITHOUT ROWID';
  database.exec(`CREATE TABLE ${quoteIdentifier(shape.name)} (${lines.join(', ')})${rest}`);
}

export function addColumns(database: Database, table: string, columns: readonly ColumnShape[]): void {
  for (const column of columns)
    database.exec(`ALTER TABLE ${quoteIdentifier(table)} ADD COLUMN ${columnSql(column)}`);
}

/**
 * The table with another key or other types, and with the rows that it had: a frozen day is nowhere else. Where the old one
 * lacks a column of the new key, no row can be taken over.
 */
export function rebuildMirror(
  database: Database,
  shape: TableShape,
  { before, columns }: { before: TableShape; columns: readonly ColumnShape[] },
): void {
  const kept = columns.filter(({ name }) => !isNamed(shape.columns, name) && !before.key.includes(name));
  const all = [...shape.columns, ...kept];
  const [name, old, made] = [shape.name, before.name, '_holdfast_rebuilt'].map(quoteIdentifier);
  createMirror(database, { ...shape, name: '_holdfast_rebuilt' }, all);
  const common = [
    ...all.filter(({ name }) => isNamed(columns, name)).map(({ name }) => quoteIdentifier(name)),
    '_holdfast_source, _holdfast_batch, _holdfast_deleted_at',
  ].join(', ');
  if (shape.key.every((name) => isNamed(columns, name)))
    database.exec(`INSERT OR IGNORE INTO ${made} (${common}) SELECT ${common} FROM ${old}`);
  // Views of others name the table, and go on doing so: without this the new name would be looked for in them.
  database.exec(`PRAGMA legacy_alter_table = ON; DROP TABLE ${old}; ALTER TABLE ${made} RENAME TO ${name};
    PRAGMA legacy_alter_table = OFF`);
}

/** Whether somebody else has made a table, or something of its kind, with this name. */
export function isNameTaken(database: Database, name: string): boolean {
  const found = database
    .prepare("SELECT 1 FROM sqlite_schema WHERE name = ? COLLATE NOCASE AND type <> 'trigger'")
    .get(name);
  return found !== undefined;
}

function isRowid({ key, columns }: TableShape): boolean {
  const [only, ...others] = key;
  if (only === undefined || others.length > 0) return false;
  return columns.some(({ name, declared }) => name === only && declared.toUpperCase() === 'INTEGER');
}

function isNamed(columns: readonly ColumnShape[], name: string): boolean {
  return columns.some((column) => column.name.toLowerCase() === name.toLowerCase());
}

function columnSql({ name, declared }: ColumnShape): string {
  return `${quoteIdentifier(name)} ${typeSql(declared)}`;
}

const plainType = /^[A-Z_][A-Z0-9_ ]*(?:\([+-]?\d+(?: *, *[+-]?\d+)?\))?$/i;
const otherWords =
  /\b(?:CONSTRAINT|PRIMARY|NOT|NULL|UNIQUE|CHECK|DEFAULT|COLLATE|REFERENCES|GENERATED|ALWAYS|AS|ON)\b/i;

/** The type as it was declared where that is one, else the word for its affinity: what a sender says is no SQL. */
function typeSql(declared: string): string {
  if (declared.toUpperCase() === 'ANY') return ''; // of a STRICT table: it keeps every value as it is
  if (plainType.test(declared) && !otherWords.test(declared)) return declared;
  const affinity = affinityOf(declared);
  return affinity === 'BLOB' ? '' : affinity;
}
