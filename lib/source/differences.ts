// Compares what was measured of a copy with what its manifest says of it.
import { formatCount, groupThousands } from '../base/format.ts';
import { engineDifferences } from './engines.ts';
import { digestOf } from './more-tables.ts';
import { type CommonFacts, type MeasuredFacts, type TableRows, firstTen, tableLabel } from './facts.ts';

/**
 * Where the facts found in a file differ from those its manifest states: one sentence each, at most ten and then
 * `and N more`. Empty exactly when nothing differs. The order of the tables does not matter.
 */
export function differences(expected: MeasuredFacts, found: MeasuredFacts): string[] {
  return differencesBeside(expected, found, engineDifferences(expected, found));
}

/** The same of facts of any engine, with what that says of its own. */
export function differencesBeside(
  expected: CommonFacts,
  found: CommonFacts,
  ofEngine: readonly string[],
): string[] {
  return firstTen([
    ...sizeDifferences(expected, found),
    ...ofEngine,
    ...tableDifferences(expected, found.tables),
  ]);
}

function sizeDifferences(expected: CommonFacts, found: CommonFacts): string[] {
  if (expected.sizeBytes === found.sizeBytes) return [];
  return [`the size in bytes is ${found.sizeBytes}, the manifest says ${expected.sizeBytes}`];
}

function tableDifferences(
  { tables: expected, moreTables }: CommonFacts,
  found: readonly TableRows[],
): string[] {
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
  const others = found.filter(({ name }) => !expectedNames.has(name));
  if (moreTables !== undefined) {
    const { count, rows, sha256 } = digestOf(others);
    const has = `the tables that the manifest does not name are ${formatCount(count, 'table')} with ${formatCount(rows, 'row')}`;
    const says = `${groupThousands(moreTables.count)} with ${groupThousands(moreTables.rows)}`;
    return sha256 === moreTables.sha256 ? sentences : [...sentences, `${has}, and not its ${says}`];
  }
  for (const { name } of others) sentences.push(`table ${tableLabel(name)} is not in the manifest`);
  return sentences;
}
