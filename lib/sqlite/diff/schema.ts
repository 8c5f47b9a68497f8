// Where two schemas differ: tables, indexes, triggers and views that appeared, vanished, or are written otherwise.
import type { SchemaDiff } from '../../source/database-diff.ts';
import type { Database } from '../open.ts';
import { folded } from './shape.ts';

interface Entry {
  type: string;
  name: string;
  table: string;
  sql: string;
}

/** Of all entries, or of those alone that belong to one table. */
export function schemaDiffs(backup: Database, now: Database, table: string | undefined): SchemaDiff[] {
  const [then, since] = [entriesOf(backup, table), entriesOf(now, table)];
  const ids = [...new Set([...then.keys(), ...since.keys()])].sort();
  return ids.flatMap((id): SchemaDiff[] => {
    const [before, after] = [then.get(id), since.get(id)];
    const entry = after ?? before;
    if (entry === undefined || before?.sql === after?.sql) return [];
    const { type, name } = entry;
    const state = before === undefined ? 'appeared' : after === undefined ? 'vanished' : 'differs';
    const columns = type === 'table' && state === 'differs' ? columnDiffs(backup, now, name) : [];
    return [
      {
        type,
        name,
        ...(type === 'index' || type === 'trigger' ? { table: entry.table } : {}),
        state,
        ...(columns.length === 0 ? {} : { columns }),
      },
    ];
  });
}

/** Without the indexes that follow from a table, which have no text of their own. */
function entriesOf(database: Database, table: string | undefined): Map<string, Entry> {
  const entries = database
    .prepare('SELECT type, name, tbl_name AS "table", sql FROM sqlite_schema WHERE sql IS NOT NULL')
    .all() as Entry[];
  const wanted =
    table === undefined ? entries : entries.filter((entry) => folded(entry.table) === folded(table));
  return new Map(wanted.map((entry) => [`${entry.type} ${folded(entry.name)}`, entry]));
}

function columnDiffs(backup: Database, now: Database, table: string): string[] {
  const [then, since] = [columnsOf(backup, table), columnsOf(now, table)];
  return [...new Set([...since.keys(), ...then.keys()])].flatMap((id) => {
    const [before, after] = [then.get(id), since.get(id)];
    if (before === undefined) return [`column ${after?.name} appeared`];
    if (after === undefined) return [`column ${before.name} vanished`];
    return before.words === after.words
      ? []
      : [`column ${after.name} is ${after.words}, in the backup ${before.words}`];
  });
}

function columnsOf(database: Database, table: string): Map<string, { name: string; words: string }> {
  const columns = database
    .prepare(
      'SELECT name, type, "notnull" AS filled, dflt_value AS usual, pk, hidden FROM pragma_table_xinfo(?, \'main\')',
    )
    .all(table) as {
    name: string;
    type: string;
    filled: number;
    usual: string | null;
    pk: number;
    hidden: number;
  }[];
  return new Map(
    columns.map(({ name, type, filled, usual, pk, hidden }) => {
      const words = [
        type === '' ? 'without a type' : type,
        ...(filled === 0 ? [] : ['NOT NULL']),
        ...(usual === null ? [] : [`DEFAULT ${usual}`]),
        ...(pk === 0 ? [] : ['in the key']),
        ...(hidden < 2 ? [] : ['generated']),
      ];
      return [folded(name), { name, words: words.join(' ') }];
    }),
  );
}
