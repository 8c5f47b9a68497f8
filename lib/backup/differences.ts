// Compares a database file with what its manifest says of it.
import { formatCount, groupThousands } from '../base/format.ts';
import { type Facts, type TableRows, firstTen, tableLabel } from './facts.ts';

/**
 * Where the facts found in a file differ from those its manifest states: one sentence each, at most ten and then
 * `and N more`. Empty exactly when nothing differs. The order of the tables does not matter, and the free pages
 * are compared only when both sides counted them.
 */
export function differences(expected: Facts, found: Facts): string[] {
  return firstTen([...fileDifferences(expected, found), ...tableDifferences(expected.tables, found.tables)]);
}

function fileDifferences(expected: Facts, found: Facts): string[] {
  const numbers: [string, number | undefined, number | undefined][] = [
    ['size in bytes', expected.sizeBytes, found.sizeBytes],
    ['page size', expected.pageSize, found.pageSize],
    ['page count', expected.pageCount, found.pageCount],
    [
      'free page count',
      expected.freePageCount ?? found.freePageCount,
      found.freePageCount ?? expected.freePageCount,
    ],
    ['user_version', expected.userVersion, found.userVersion],
    ['application_id', expected.applicationId, found.applicationId],
    ['number of foreign key violations', expected.foreignKeyViolations, found.foreignKeyViolations],
  ];
  const sentences = numbers
    .filter(([, says, is]) => says !== is)
    .map(([what, says, is]) => `the ${what} is ${shown(is)}, the manifest says ${shown(says)}`);
  if (expected.schemaSha256 !== found.schemaSha256) {
    sentences.push('the schema is not the one the manifest was made from');
  }
  return sentences;
}

function tableDifferences(expected: readonly TableRows[], found: readonly TableRows[]): string[] {
  const foundRows = new Map(found.map(({ name, rows }) => [name, rows]));
  const expectedNames = new Set(expected.map(({ name }) => name));
  const sentences: string[] = [];
  for (const { name, rows } of expected) {
    const is = foundRows.get(name);
    if (is === undefined) sentences.push(`table ${tableLabel(name)} is missing`);
    else if (is !== rows) {
      const has = formatCount(is, 'row');
      sentences.push(`table ${tableLabel(name)} has ${has}, the manifest says ${groupThousands(rows)}`);
    }
  }
  for (const { name } of found) {
    if (!expectedNames.has(name)) sentences.push(`table ${tableLabel(name)} is not in the manifest`);
  }
  return sentences;
}

function shown(value: number | undefined): string {
  return value === undefined ? 'unknown' : String(value);
}
