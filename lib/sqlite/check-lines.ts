// What a line of SQLite's integrity check means: damage of what is stored, or content that is at odds with what its schema says.
import type { Database } from './open.ts';

/**
 * A constraint that was added after its rows, a value that a type no longer fits, a full-text or spatial index that its app
 * left behind. Whatever is not here counts as damage.
 */
const atOdds = [
  /^(?:NULL|TEXT|NUMERIC|non-\w+) value in /,
  /^CHECK constraint failed in /,
  /^non-unique entry in index /,
  /^malformed inverted index for FTS\d+ table /,
  /^unable to validate the inverted index for FTS\d+ table /,
  /^In RTree /,
];

/** An index that disagrees with its table. Where it is over expressions these may have changed since; else it is damaged. */
const disagreement =
  /^(?:row \d+ missing from index |row \d+ values differ from index |wrong # of entries in index )(?<index>.+)$/s;

const linesMax = 20;

/**
 * The kinds of what a check found, without the number of a row: the same for equal content, at most 20. Undefined where
 * nothing was found, and where any of it is damage: then the rest may be a part of that. `texts` are the rows that the check
 * gave, each of one line or, of one cause, of several.
 */
export function findingsIn(database: Database, texts: readonly string[]): string[] | undefined {
  const isAtOdds = (text: string) =>
    atOdds.some((pattern) => pattern.test(text)) || isOfExpressions(database, text);
  if (texts.length === 0 || !texts.every(isAtOdds)) return undefined;
  return [...new Set(texts.map((text) => withoutRow(text.split('\n')[0] ?? text)))].slice(0, linesMax);
}

function withoutRow(line: string): string {
  return line.replace(/^row \d+ missing from /, 'rows missing from ').replace(/^row \d+ values/, 'values');
}

function isOfExpressions(database: Database, text: string): boolean {
  const index = disagreement.exec(text)?.groups?.index;
  if (index === undefined) return false;
  const columns = database
    .prepare(
      `SELECT count(*) FROM sqlite_schema AS s, pragma_index_xinfo(s.name) AS x
        LEFT JOIN pragma_table_xinfo(s.tbl_name) AS t ON t.cid = x.cid
        WHERE s.type = 'index' AND s.name = ? AND (x.cid = -2 OR t.hidden = 2)`,
    )
    .pluck();
  const partial = database
    .prepare(
      `SELECT count(*) FROM sqlite_schema AS s, pragma_index_list(s.tbl_name) AS l
        WHERE s.type = 'index' AND s.name = ? AND l.name = s.name AND l.partial`,
    )
    .pluck();
  return Number(columns.get(index)) > 0 || Number(partial.get(index)) > 0;
}
