// SQLite's integrity check, also of a database that SQLite can only check in full with what the app brings along.
import { errorCode, errorMessage } from '../base/errors.ts';
import { tableLabel } from '../source/facts.ts';
import type { Integrity } from '../source/source.ts';
import { findingsIn } from './check-lines.ts';
import { needsTheApp, schemaTrouble } from './errors.ts';
import { type Database, schemaTroubleOf } from './open.ts';

const problemsMax = 20;
const findingsMax = 10_000;

type Found = Pick<Integrity, 'problems' | 'findings'>;

/** Checks everything that can be checked here. `quick` and a note where that is not all. */
export function checkIntegrity(database: Database): Integrity {
  const trouble = schemaTroubleOf(database);
  if (trouble !== undefined) return checkUnknown(database, trouble);
  try {
    return { check: 'full', ...checkWhole(database), note: undefined };
  } catch (error) {
    // One index on a collation of the app's own, and SQLite checks nothing at all. So the file as far as it goes, then
    // each table by itself.
    if (!needsTheApp(error)) throw error;
    const structure = checkStructure(database) ?? malformedPages(database);
    const { problems, unchecked } = checkTables(database);
    return {
      check: 'quick',
      ...told(database, [...new Set([...structure, ...problems])]),
      note: `not checked in full, for want of what only the app has (${errorMessage(error)}): ${names(unchecked)}`,
    };
  }
}

/**
 * What can be checked of a database whose schema SQLite makes no sense of: the pages, where the schema can be read. That it
 * is not understood is a finding; whoever knows better accepts it.
 */
function checkUnknown(database: Database, trouble: string): Integrity {
  const [finding, ...damage] = [
    `this SQLite makes no sense of the schema: ${trouble}`,
    ...damagedPages(database),
  ];
  return {
    check: 'quick',
    problems: damage.length > 0 ? damage : [finding],
    findings: damage.length > 0 ? undefined : [finding],
    note: 'neither rows nor indexes were checked: its SQLite is newer than ours, or its schema is damaged',
  };
}

function damagedPages(database: Database): string[] {
  try {
    return malformedPages(database);
  } catch (error) {
    if (schemaTrouble(error) === undefined) throw error;
    return []; // not even the schema's own table can be read
  }
}

/** One kind may be found so often that it hides the others: then all of it is asked for. Damage always comes first. */
function checkWhole(database: Database): Found {
  const first = told(database, run(database, 'integrity_check'));
  if (first.findings === undefined) return first;
  const { findings } = told(database, run(database, 'integrity_check', { max: findingsMax }));
  return { ...first, findings };
}

/** All lines of what was found, and its kinds where none of it is damage. */
function told(database: Database, texts: readonly string[]): Found {
  const problems = texts.flatMap(linesOf).slice(0, problemsMax);
  return { problems, findings: findingsIn(database, texts) };
}

/** What `quick_check` finds: malformed and lost pages, and rows that are not as their table wants them. */
export function checkStructure(database: Database): string[] | undefined {
  if (schemaTroubleOf(database) !== undefined) return undefined;
  return unlessForTheApp(() => run(database, 'quick_check').flatMap(linesOf));
}

/** Where a table needs something of the app, `quick_check` looks at nothing. This looks at each page by itself. */
function malformedPages(database: Database): string[] {
  const pages = database
    .prepare(`SELECT name, pageno FROM dbstat WHERE pagetype = 'corrupted' LIMIT ${problemsMax}`)
    .all() as { name: string; pageno: number }[];
  return pages.map(({ name, pageno }) => `page ${pageno} of ${name} is malformed`);
}

function checkTables(database: Database): { problems: string[]; unchecked: string[] } {
  const tables = database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    .pluck()
    .all() as string[];
  const checked = tables.map((table) => ({ table, problems: checkTable(database, table) }));
  return {
    problems: checked.flatMap(({ problems }) => problems ?? []),
    unchecked: checked.filter(({ problems }) => problems === undefined).map(({ table }) => table),
  };
}

/** What is wrong with one table and its indexes. */
export function checkTable(database: Database, table: string): string[] | undefined {
  try {
    return unlessForTheApp(() => run(database, 'integrity_check', { table }).flatMap(linesOf));
  } catch (error) {
    if (errorCode(error)?.startsWith('SQLITE_CORRUPT') !== true) throw error;
    return [`${tableLabel(table)}: ${errorMessage(error)}`];
  }
}

/** Undefined where SQLite cannot look for want of what only the app has. */
function unlessForTheApp<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (needsTheApp(error)) return undefined;
    throw error;
  }
}

function run(
  database: Database,
  check: 'integrity_check' | 'quick_check',
  { table, max = problemsMax }: { table?: string; max?: number } = {},
): string[] {
  const rows =
    table === undefined
      ? database.prepare(`PRAGMA ${check}(${max})`).pluck().all()
      : database.prepare(`SELECT * FROM pragma_${check}(?)`).pluck().all(table);
  return rows.length === 1 && rows[0] === 'ok' ? [] : (rows as string[]);
}

/** Damage to the file's structure comes as one text of many lines, under a heading that says nothing. */
function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '*** in database main ***');
}

function names(tables: readonly string[]): string {
  const shown = tables.slice(0, 5).map(tableLabel);
  return [...shown, ...(tables.length > 5 ? [`and ${tables.length - 5} more`] : [])].join(', ');
}
