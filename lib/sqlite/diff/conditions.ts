// The conditions of a comparison, in SQL: values as they are stored, whatever collation or affinity their columns have.
import { quoteIdentifier } from '../open.ts';
import type { KeyColumn, TablePair } from './shape.ts';

/** Some column of `a` and `b` is not the same. */
export function differs({ columns }: Pick<TablePair, 'columns'>, a: string, b: string): string {
  return joined(
    columns.map(({ name, mayMix }) => {
      const [left, right] = [column(a, name), column(b, name)];
      const isOther = `+${left} IS NOT +${right} COLLATE BINARY`;
      // 1 and 1.0 are the same number.
      return mayMix ? `${isOther} OR typeof(${left}) <> typeof(${right})` : isOther;
    }),
    'OR',
  );
}

/** The keys of `a` and `b` are one, as the index of the key has it: by that index `b` is found. */
export function sameKey(key: readonly KeyColumn[], a: string, b: string): string {
  return joined(
    key.map(
      ({ name, collation }) =>
        `${column(b, name)} = ${column(a, name)} COLLATE ${quoteIdentifier(collation)}`,
    ),
    'AND',
  );
}

/** The same of a row that was found otherwise: no index is to be looked into. */
export function sameKeyAsFound(key: readonly KeyColumn[], a: string, b: string): string {
  return joined(
    key.map(
      ({ name, collation }) =>
        `+${column(b, name)} = +${column(a, name)} COLLATE ${quoteIdentifier(collation)}`,
    ),
    'AND',
  );
}

export function lacksKey(key: readonly KeyColumn[], a: string): string {
  return joined(
    key.map(({ name }) => `${column(a, name)} IS NULL`),
    'OR',
  );
}

export function column(alias: string, name: string): string {
  return `${alias}.${quoteIdentifier(name)}`;
}

/** In pairs of pairs: SQLite refuses a chain of a thousand. */
function joined(terms: readonly string[], operator: 'AND' | 'OR'): string {
  if (terms.length <= 1) return `(${terms[0] ?? (operator === 'OR' ? 'FALSE' : 'TRUE')})`;
  const half = terms.length >> 1;
  return `(${joined(terms.slice(0, half), operator)} ${operator} ${joined(terms.slice(half), operator)})`;
}
