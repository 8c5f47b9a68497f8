// Counts and hashes of a file that nobody writes; see measure.
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { OpsError } from '../base/errors.ts';
import type { MeasuredFacts } from '../source/facts.ts';
import { sqliteError } from './errors.ts';
import { requireEveryPage } from './every-page.ts';
import { firstBytes } from './first-bytes.ts';
import { countForeignKeyViolations } from './foreign-keys.ts';
import { journalModeIn, parseHeader, type SqliteHeader } from './header.ts';
import type { MeasureWork } from './measure.ts';
import { type Database, openImmutable } from './open.ts';
import { countTables } from './table-rows.ts';
import { serve } from './worker-port.ts';

await serve<MeasureWork, MeasuredFacts>(async ({ path, called }) => {
  try {
    const header = await readHeader(path, called);
    const database = openImmutable(path);
    try {
      requireEveryPage(database, path, called);
      return measureFacts(database, path, header);
    } finally {
      database.close();
    }
  } catch (error) {
    throw sqliteError(`read ${called}`, error);
  }
});

async function readHeader(path: string, called: string): Promise<SqliteHeader> {
  const header = parseHeader(await firstBytes(path));
  if (header === undefined)
    throw new OpsError('damaged', `cannot read ${called}: it is not a SQLite database`);
  return header;
}

function measureFacts(database: Database, path: string, header: SqliteHeader): MeasuredFacts {
  return {
    engine: 'sqlite',
    sizeBytes: statSync(path).size,
    pageSize: number(database, 'page_size'),
    pageCount: number(database, 'page_count'),
    freePageCount: number(database, 'freelist_count'),
    userVersion: number(database, 'user_version'),
    applicationId: number(database, 'application_id'),
    schemaSha256: schemaSha256(database),
    tables: countTables(database),
    foreignKeyViolations: countForeignKeyViolations(database),
    journalMode: journalModeIn(header),
    encoding: String(database.pragma('encoding', { simple: true })),
    sqliteVersion: String(database.prepare('SELECT sqlite_version()').pluck().get()),
  };
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
