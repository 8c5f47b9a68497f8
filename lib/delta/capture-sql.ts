// The SQL that notes which rows of a table may have changed: their keys alone, by triggers that any SQLite can run and that
// can neither fail nor change what the app's own statement does. docs/decisions/capture-by-triggers.md says why it is this.

/** A table whose rows are told apart by a key. */
export interface TriggerTable {
  /** In the registry; part of the names of its triggers. */
  readonly id: number;
  readonly name: string;
  /** Of its primary key, in order, with the collation by which it tells two apart. */
  readonly key: readonly CollatedColumn[];
  /** What else has to be unique: a row that is put in may push out others by it. */
  readonly uniques: readonly (readonly CollatedColumn[])[];
}

export interface CollatedColumn {
  readonly name: string;
  readonly collation: string;
}

export interface Trigger {
  readonly name: string;
  readonly sql: string;
}

/** Longer keys than this make a wider log. */
export const keyPartsUsual = 3;

/** Names of the log's columns for keys of so many parts. */
export function logKeys(parts: number): string[] {
  return Array.from({ length: parts }, (_, index) => `k${index + 1}`);
}

export const triggerPattern = /^_holdfast_(\d+)_(?:ai|au|ak|ad|bi|bu)$/;

/** The triggers of a table: four that note what was written, and two that name beforehand what a conflict clause pushes out. */
export function triggersOf(table: TriggerTable): Trigger[] {
  const { id, key } = table;
  const on = quoted(table.name);
  const note = (row: 'NEW' | 'OLD') =>
    `INSERT INTO _holdfast_log(t, ${logKeys(key.length).join(', ')}) VALUES(${id}, ${key.map(({ name }) => `${row}.${quoted(name)}`).join(', ')});`;
  const make = (suffix: string, event: string, when: string, body: string): Trigger => {
    const name = `_holdfast_${id}_${suffix}`;
    return {
      name,
      sql: `CREATE TRIGGER ${name} ${event} ON ${on}${when === '' ? '' : ` WHEN ${when}`} BEGIN ${body} END`,
    };
  };
  return [
    make('ai', 'AFTER INSERT', '', note('NEW')),
    make('au', 'AFTER UPDATE', '', note('NEW')),
    make('ak', 'AFTER UPDATE', isOtherKey(key), note('OLD')),
    make('ad', 'AFTER DELETE', '', note('OLD')),
    ...evictions(table).map(({ suffix, event, changed, evicted }) => {
      const from = `FROM ${on} WHERE ${evicted}`;
      const names = key.map(({ name }) => quoted(name)).join(', ');
      const when = `${changed === '' ? '' : `(${changed}) AND `}EXISTS (SELECT 1 ${from})`;
      const body = `INSERT INTO _holdfast_log(t, ${logKeys(key.length).join(', ')}) SELECT ${id}, ${names} ${from};`;
      return make(suffix, event, when, body);
    }),
  ];
}

interface Eviction {
  suffix: string;
  event: string;
  /** When there is anything to look for at all. */
  changed: string;
  /** The rows that have to make room. */
  evicted: string;
}

/**
 * REPLACE pushes out rows without a word to any trigger, unless the writer has turned recursive triggers on: they are named
 * before it happens. Where nothing is pushed out after all, too much is noted, which costs a look at the row.
 */
function evictions({ key, uniques }: TriggerTable): Eviction[] {
  const others = uniques.map((columns) => columns.map(isSame).join(' AND '));
  // Two keys that the key's own collation takes for one: the old one goes, and nobody else says so.
  const isFolded = key.some(({ collation }) => collation !== 'BINARY');
  const folded = isFolded
    ? [`(${key.map(isSame).join(' AND ')} AND NOT (${key.map(isExactly).join(' AND ')}))`]
    : [];
  const onInsert = [...others.map((one) => `(${one})`), ...folded].join(' OR ');
  if (onInsert === '') return [];
  const onUpdate = [...others, key.map(isSame).join(' AND ')].map((one) => `(${one})`).join(' OR ');
  const changed = [...new Set([...uniques.flat(), ...key].map(({ name }) => name))].map(isOther).join(' OR ');
  return [
    { suffix: 'bi', event: 'BEFORE INSERT', changed: '', evicted: onInsert },
    { suffix: 'bu', event: 'BEFORE UPDATE', changed, evicted: onUpdate },
  ];
}

/** `=` with a collation behind its right side takes that of the left column first: it is said there. */
function isSame({ name, collation }: CollatedColumn): string {
  return `${quoted(name)} COLLATE ${quoted(collation)} = NEW.${quoted(name)}`;
}

function isExactly({ name }: CollatedColumn): string {
  return `${quoted(name)} COLLATE BINARY IS NEW.${quoted(name)}`;
}

function isOther(name: string): string {
  return `OLD.${quoted(name)} IS NOT NEW.${quoted(name)} COLLATE BINARY`;
}

function isOtherKey(key: readonly CollatedColumn[]): string {
  return key.map(({ name }) => `OLD.${quoted(name)} COLLATE BINARY IS NOT NEW.${quoted(name)}`).join(' OR ');
}

/** An SQL identifier. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** The tables of ours. No STRICT, for the app's SQLite may be older than that; no unique key but the rowid, which no conflict clause reaches. */
export function ownTables(keyParts: number): string[] {
  return [
    `CREATE TABLE IF NOT EXISTS _holdfast_log(seq INTEGER PRIMARY KEY, t INTEGER, ${logKeys(keyParts).join(', ')})`,
    `CREATE TABLE IF NOT EXISTS _holdfast_delta(id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL, epoch TEXT,
      nonce TEXT, made TEXT, batch_no INTEGER NOT NULL, acked_seq INTEGER NOT NULL, schema_version INTEGER NOT NULL, corrections INTEGER NOT NULL)`,
    `CREATE TABLE IF NOT EXISTS _holdfast_table(id INTEGER PRIMARY KEY, name TEXT NOT NULL, capture TEXT NOT NULL, state TEXT NOT NULL,
      walked_to TEXT, begun_at TEXT, shape TEXT NOT NULL)`,
    `CREATE TABLE IF NOT EXISTS _holdfast_reader(name TEXT PRIMARY KEY, seq INTEGER NOT NULL)`,
  ];
}

/** What our tables are, in this version. */
export const captureVersion = 1;
