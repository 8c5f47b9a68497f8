// SQLite's part of a manifest: written, read, and refused where no database can have such facts.
import type { SqliteFacts } from '../source/sqlite-facts.ts';
import type { Fields, Flaw } from './fields.ts';

const pageSizeMin = 512;
const pageSizeMax = 65_536;
const pageCountMax = 0xffff_fffe; // https://sqlite.org/limits.html

/**
 * The facts among these fields. Throws what `flaw` makes unless each is one that a database can have and they agree:
 * the page size is a power of two, and the size is whole pages.
 */
export function parseSqlitePart(fields: Fields, sizeBytes: number, flaw: Flaw): SqliteFacts {
  const pageSize = fields.integer('page_size', pageSizeMin, pageSizeMax);
  const pageCount = fields.integer('page_count', 1, pageCountMax);
  if (!Number.isInteger(Math.log2(pageSize))) throw flaw('page_size is not a power of two');
  if (sizeBytes !== pageSize * pageCount) throw flaw('size_bytes is not page_size times page_count');
  const free = fields.has('free_page_count') ? fields.integer('free_page_count', 0, pageCount) : undefined;
  return {
    engine: 'sqlite',
    pageSize,
    pageCount,
    ...(free === undefined ? {} : { freePageCount: free }),
    // Both are 32 bits of the header; whether the top bit is a sign is for the reader to say.
    userVersion: fields.integer('user_version', -0x8000_0000, 0xffff_ffff),
    applicationId: fields.integer('application_id', -0x8000_0000, 0xffff_ffff),
    journalMode: fields.text('journal_mode'),
    encoding: fields.text('encoding'),
    schemaSha256: fields.digest('schema_sha256'),
    foreignKeyViolations: fields.count('foreign_key_violations'),
    sqliteVersion: fields.text('sqlite_version'),
  };
}
