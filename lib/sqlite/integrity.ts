// SQLite's integrity check, also of a database that SQLite can only check in full with what the app brings along.
import { errorCode, errorMessage } from '../base/errors.ts';
import { tableLabel } from '../source/facts.ts';
import type { Integrity } from '../source/source.ts';
import { needsTheApp } from './errors.ts';
import type { Database } from './open.ts';

const problemsMax = 20;

/** Checks everything that can be checked here. `quick` and a note where that is not all. */
export function checkIntegrity(database: Database): Integrity {
  try {
    return { check: 'full', problems: lines(run(database, 'integrity_check')), note: undefined };
  } catch (error) {
    // One index on a collation of the app's own, and SQLite checks nothing at all. So the file as far as it goes, then
    // each table by itself.
    if (!needsTheApp(error)) throw error;
    const structure = checkStructure(database);
    const { problems, unchecked } = checkTables(database);
    return {
      check: 'quick',
      problems: [...new Set([...structure, ...problems])].slice(0, problemsMax),
      note: `not checked in full, for want of what only the app has (${errorMessage(error)}): ${names(unchecked)}`,
    };
  }
}

/** That every page is well formed and in its place, and where that needs the app too, that each is well formed. */
function checkStructure(database: Database): string[] {
  try {
    return lines(run(database, 'quick_check'));
  } catch (error) {
    if (!needsTheApp(error)) throw error;
    const pages = database
      .prepare(`SELECT name, pageno FROM dbstat WHERE pagetype = 'corrupted' LIMIT ${problemsMax}`)
      .all() as { name: string; pageno: number }[];
    return pages.map(({ name, pageno }) => `page ${pageno} of ${name} is malformed`);
  }
}

function checkTables(database: Database): { problems: string[]; unchecked: string[] } {
  const tables = database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    .pluck()
    .all() as string[];
  const problems: string[] = [];
  const unchecked: string[] = [];
  for (const table of tables) {
    try {
      problems.push(...lines(run(database, 'integrity_check', table)));
    } catch (error) {
      if (needsTheApp(error)) unchecked.push(table);
      else if (errorCode(error)?.startsWith('SQLITE_CORRUPT') === true)
        problems.push(`${tableLabel(table)}: ${errorMessage(error)}`);
      else throw error;
    }
  }
  return { problems, unchecked };
}

function run(database: Database, check: 'integrity_check' | 'quick_check', table?: string): string[] {
  if (table === undefined)
    return database.prepare(`PRAGMA ${check}(${problemsMax})`).pluck().all() as string[];
  return database.prepare(`SELECT * FROM pragma_${check}(?)`).pluck().all(table) as string[];
}

function lines(rows: readonly string[]): string[] {
  if (rows.length === 1 && rows[0] === 'ok') return [];
  // Damage to the file's structure comes as one text of many lines, under a heading that says nothing.
  return rows
    .flatMap((row) => row.split('\n'))
    .filter((line) => line !== '*** in database main ***')
    .slice(0, problemsMax);
}

function names(tables: readonly string[]): string {
  const shown = tables.slice(0, 5).map(tableLabel);
  return [...shown, ...(tables.length > 5 ? [`and ${tables.length - 5} more`] : [])].join(', ');
}
