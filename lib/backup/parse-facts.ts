// Reads the facts of a database file out of its manifest, and refuses those that no database can have.
import type { Facts, TableRows } from './facts.ts';
import { Fields, type Flaw } from '../record/fields.ts';

const pageSizeMin = 512;
const pageSizeMax = 65_536;
const pageCountMax = 0xffff_fffe; // https://sqlite.org/limits.html

/**
 * The facts among a manifest's fields. Throws what `flaw` makes unless each is one that a database can have and
 * they agree: the page size is a power of two, the size is whole pages, and no table is there twice.
 */
export function parseFacts(fields: Fields, flaw: Flaw): Facts {
  const sizeBytes = fields.count('size_bytes');
  const pageSize = fields.integer('page_size', pageSizeMin, pageSizeMax);
  const pageCount = fields.integer('page_count', 1, pageCountMax);
  if (!Number.isInteger(Math.log2(pageSize))) throw flaw('page_size is not a power of two');
  if (sizeBytes !== pageSize * pageCount) throw flaw('size_bytes is not page_size times page_count');
  const free = fields.has('free_page_count') ? fields.integer('free_page_count', 0, pageCount) : undefined;
  return {
    sizeBytes,
    pageSize,
    pageCount,
    ...(free === undefined ? {} : { freePageCount: free }),
    // Both are 32 bits of the header; whether the top bit is a sign is for the reader to say.
    userVersion: fields.integer('user_version', -0x8000_0000, 0xffff_ffff),
    applicationId: fields.integer('application_id', -0x8000_0000, 0xffff_ffff),
    schemaSha256: fields.digest('schema_sha256'),
    tables: parseTables(fields.list('tables'), flaw),
    foreignKeyViolations: fields.count('foreign_key_violations'),
  };
}

function parseTables(list: readonly unknown[], flaw: Flaw): TableRows[] {
  const names = new Set<string>();
  return list.map((item, index) => {
    const fields = new Fields(item, `tables[${index}].`, flaw);
    const table = { name: fields.string('name'), rows: fields.count('rows') };
    if (names.has(table.name)) throw flaw(`tables[${index}] has the name of a table before it`);
    names.add(table.name);
    return table;
  });
}
