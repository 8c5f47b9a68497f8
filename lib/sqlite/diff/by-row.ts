// Rows that nothing names: how many of each there are, on both sides. What stands under its old number as it was is left out first,
// which changes nothing in that, and leaves little to be sorted.
import type { RowsDiff } from '../../source/database-diff.ts';
import type { Database } from '../open.ts';
import { column, differs, lacksKey } from './conditions.ts';
import type { TablePair } from './shape.ts';

type ByRow = Pick<RowsDiff, 'added' | 'removed'>;

/** Of all rows, or of those alone that have NULL in the key. */
export function compareByRow(database: Database, pair: TablePair, only: 'all' | 'without key'): ByRow {
  const { backup, now, rowid } = pair;
  const side = (sign: number, from: string, other: string, own: string, others: string) => {
    const conditions = [
      ...(only === 'all' ? [] : [lacksKey(pair.key, 'a')]),
      ...(rowid === undefined ? [] : [`(${column('p', others)} IS NULL OR ${differs(pair, 'a', 'p')})`]),
    ];
    return [
      `SELECT ${sign} AS side, ${values(pair)} FROM ${from} AS a NOT INDEXED`,
      ...(rowid === undefined
        ? []
        : [`LEFT JOIN ${other} AS p ON ${column('p', others)} = ${column('a', own)}`]),
      ...(conditions.length === 0 ? [] : [`WHERE ${conditions.join(' AND ')}`]),
    ].join(' ');
  };
  const { backup: then = '', now: since = '' } = rowid ?? {};
  const groups = pair.columns.flatMap(({ mayMix }, index) => [
    `c${index} COLLATE BINARY`,
    ...(mayMix ? [`t${index}`] : []),
  ]);
  const [removed = 0, added = 0] = database
    .prepare(
      `SELECT sum(max(more, 0)), sum(max(-more, 0)) FROM (SELECT sum(side) AS more FROM
        (${side(1, backup, now, then, since)} UNION ALL ${side(-1, now, backup, since, then)})
        GROUP BY ${groups.join(', ')})`,
    )
    .raw()
    .get() as (number | null)[];
  return { removed: removed ?? 0, added: added ?? 0 };
}

function values({ columns }: TablePair): string {
  return columns
    .flatMap(({ name, mayMix }, index) => {
      const value = column('a', name);
      return [`+${value} COLLATE BINARY AS c${index}`, ...(mayMix ? [`typeof(${value}) AS t${index}`] : [])];
    })
    .join(', ');
}
