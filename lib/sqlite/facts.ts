// Counts and hashes of a file that nobody writes: what a reader answers first; see measure.
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import type { TableRows } from '../source/facts.ts';
import type { SqliteMeasured } from '../source/sqlite-facts.ts';
import { OpsError } from '../base/errors.ts';
import { schemaTrouble } from './errors.ts';
import { requireEveryPage } from './every-page.ts';
import { firstBytes } from './first-bytes.ts';
import { encodingIn, journalModeIn, parseHeader, type SqliteHeader } from './header.ts';
import { type Database, schemaTroubleOf, sqliteVersion } from './open.ts';
import { countTables } from './table-rows.ts';

/** What is counted quickly; the foreign keys are looked at beside the check. */
export interface Counted {
  facts: Omit<SqliteMeasured, 'foreignKeyViolations'>;
  /** The tables in the order in which they are best checked: first what takes longest. */
  tables: string[];
}

/** Throws OpsError `damaged` for what is no database or not all of one, and SQLite's own errors. */
export async function count(database: Database, path: string, called: string): Promise<Counted> {
  const header = await readHeader(path, called);
  const trouble = schemaTroubleOf(database);
  if (trouble !== undefined) {
    const encoding = encodingIn(await firstBytes(path));
    return countUnknown(database, { path, called, header, encoding });
  }
  requireEveryPage(database, path, called);
  const facts = countFacts(database, path, header);
  return { facts, tables: byEffort(database, facts.tables) };
}

async function readHeader(path: string, called: string): Promise<SqliteHeader> {
  const header = parseHeader(await firstBytes(path));
  if (header === undefined)
    throw new OpsError('damaged', `cannot read ${called}: it is not a SQLite database`);
  return header;
}

function countFacts(database: Database, path: string, header: SqliteHeader): Counted['facts'] {
  return {
    ...headerFacts(database, path, header),
    pageCount: number(database, 'page_count'),
    schemaSha256: schemaSha256(database),
    tables: countTables(database),
    encoding: String(database.pragma('encoding', { simple: true })),
  };
}

/** What can be told without the schema. */
function headerFacts(database: Database, path: string, header: SqliteHeader) {
  return {
    engine: 'sqlite',
    sizeBytes: statSync(path).size,
    pageSize: header.pageSize,
    freePageCount: number(database, 'freelist_count'),
    userVersion: number(database, 'user_version'),
    applicationId: number(database, 'application_id'),
    journalMode: journalModeIn(header),
    sqliteVersion: sqliteVersion(),
  } as const;
}

/** As far as it goes: tables are known where the schema can be read, though not understood. */
function countUnknown(
  database: Database,
  {
    path,
    called,
    header,
    encoding,
  }: { path: string; called: string; header: SqliteHeader; encoding: string },
): Counted {
  const { pageCount } = header;
  requireEveryPage(database, path, called, pageCount);
  const known = { schemaSha256: createHash('sha256').digest('hex'), tables: [] as TableRows[] };
  try {
    Object.assign(known, { schemaSha256: schemaSha256(database), tables: countTables(database) });
  } catch (error) {
    if (schemaTrouble(error) === undefined) throw error;
  }
  return { facts: { ...headerFacts(database, path, header), pageCount, encoding, ...known }, tables: [] };
}

function number(database: Database, pragma: string): number {
  return Number(database.pragma(pragma, { simple: true }));
}

/** One hash over every schema entry in a fixed order; the same for two files exactly when their schemas are. */
function schemaSha256(database: Database): string {
  const hash = createHash('sha256');
  const entries = database
    .prepare('SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name, tbl_name, sql')
    .raw()
    .all() as (string | null)[][];
  for (const entry of entries) hash.update(`${JSON.stringify(entry)}\n`);
  return hash.digest('hex');
}

/** A check looks every row up in every index of its table. Virtual tables, of which no rows are known, come last. */
function byEffort(database: Database, counted: readonly TableRows[]): string[] {
  const rows = new Map(counted.map((table) => [table.name, table.rows]));
  const tables = database
    .prepare(
      `SELECT name, (SELECT count(*) FROM sqlite_schema AS i WHERE i.type = 'index' AND i.tbl_name = t.name) AS indexes
        FROM sqlite_schema AS t WHERE type = 'table'`,
    )
    .all() as { name: string; indexes: number }[];
  const effort = ({ name, indexes }: { name: string; indexes: number }) =>
    (rows.get(name) ?? 0) * (1 + indexes);
  return tables.sort((a, b) => effort(b) - effort(a)).map(({ name }) => name);
}
