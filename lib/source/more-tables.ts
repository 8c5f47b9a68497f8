// The tables of a database that has more of them, or longer names, than a manifest has room for: the largest by name, of the
// others how many they are, their rows, and a digest by which they are compared all the same.
import { createHash } from 'node:crypto';
import type { MoreTables, TableRows } from './facts.ts';

/** So much of a manifest, which has at most 1 MiB, may be tables. */
const listedBytesMax = 512 * 1024;

/** The tables that are listed, in the order given: the largest that fit; and what is said of the others. */
export function boundedTables(tables: readonly TableRows[]): { tables: TableRows[]; moreTables: MoreTables } {
  const listed = new Set<TableRows>();
  let bytes = 0;
  for (const table of tables.toSorted((a, b) => b.rows - a.rows || byName(a, b))) {
    const neededBytes = Buffer.byteLength(JSON.stringify([table], undefined, 8));
    if (bytes + neededBytes > listedBytesMax) continue;
    bytes += neededBytes;
    listed.add(table);
  }
  return {
    tables: tables.filter((table) => listed.has(table)),
    moreTables: digestOf(tables.filter((table) => !listed.has(table))),
  };
}

/** What is said of tables that are not listed; the same for the same tables in any order. */
export function digestOf(tables: readonly TableRows[]): MoreTables {
  const hash = createHash('sha256');
  for (const { name, rows } of tables.toSorted(byName)) hash.update(`${JSON.stringify([name, rows])}\n`);
  return {
    count: tables.length,
    rows: tables.reduce((sum, { rows }) => sum + rows, 0),
    sha256: hash.digest('hex'),
  };
}

function byName(a: TableRows, b: TableRows): number {
  return a.name < b.name ? -1 : 1;
}
