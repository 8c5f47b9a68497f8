// Rows by the time of their last change, for clients that know no cursor: oldest first, cut between two seconds and never
// within one, whatever the precision is with which a client sends a stamp back.
import type { Change } from '../../delta/change.ts';
import type { TableShape } from '../../delta/shape.ts';
import { type Database, quoteIdentifier } from '../open.ts';
import { namesOf, upserts } from './served-rows.ts';
import { keysGone, markerBefore } from './change-log.ts';
import type { ServedTable } from './served-tables.ts';

/** What is handed out of one time. */
export interface SinceRows {
  /** Through this second; undefined for all there are. */
  readonly through: string | undefined;
  /** The newest stamp in it; undefined where nothing is. */
  readonly newest: string | undefined;
}

/** More deletions than so many are no list any more: a full export says the same in less. */
const deletionsMax = 50_000;

const stampColumn = 'updated_at';

/** The tables that tell when a row was changed. */
export function stamped(tables: readonly ServedTable[]): ServedTable[] {
  return tables.filter(({ shape }) => stampOf(shape) !== undefined);
}

function stampOf({ columns }: TableShape): string | undefined {
  return columns.find(({ name }) => name.toLowerCase() === stampColumn)?.name;
}

/** The stamp as `parseSince` writes it, in SQL; NULL where it is no text. */
function stampSql(shape: TableShape): string {
  const column = quoteIdentifier(stampOf(shape) ?? stampColumn);
  return `CASE typeof(${column}) WHEN 'text' THEN replace(substr(${column}, 1, 26), 'T', ' ') END`;
}

/** Where an answer of about `limit` rows ends: at the end of a second that is later than that of `since`. */
export function cutSince(
  database: Database,
  tables: readonly ServedTable[],
  since: string,
  limit: number,
): SinceRows {
  if (tables.length === 0) return { through: undefined, newest: undefined };
  const all = tables
    .map(({ shape }) => `SELECT ${stampSql(shape)} AS stamp FROM main.${quoteIdentifier(shape.name)}`)
    .join(' UNION ALL ');
  const stamps = `(SELECT stamp FROM (${all}) WHERE stamp >= $since)`;
  const one = (sql: string, more: Record<string, string> = {}) =>
    database
      .prepare(sql)
      .pluck()
      .get({ since, ...more }) as string | null | undefined;
  const last = one(`SELECT substr(stamp, 1, 19) FROM ${stamps} ORDER BY stamp LIMIT 1 OFFSET ${limit - 1}`);
  const sinceSecond = since.slice(0, 19);
  const through =
    last === undefined || last === null || last > sinceSecond
      ? last
      : one(`SELECT min(substr(stamp, 1, 19)) FROM ${stamps} WHERE substr(stamp, 1, 19) > $second`, {
          second: sinceSecond,
        });
  const more =
    through === undefined || through === null
      ? undefined
      : one(`SELECT 1 FROM ${stamps} WHERE substr(stamp, 1, 19) > $through LIMIT 1`, { through });
  const isCut = more !== undefined && more !== null;
  const newest = isCut
    ? one(`SELECT max(stamp) FROM ${stamps} WHERE substr(stamp, 1, 19) <= $through`, {
        through: through ?? '',
      })
    : one(`SELECT max(stamp) FROM ${stamps}`);
  return { through: isCut ? (through ?? undefined) : undefined, newest: newest ?? undefined };
}

/** The rows of `cut`, by table, oldest first. */
export function* rowsSince(
  database: Database,
  tables: readonly ServedTable[],
  since: string,
  { through }: SinceRows,
): Generator<Change> {
  for (const [index, { shape }] of tables.entries()) {
    if (stampOf(shape) === undefined) continue;
    const stamp = stampSql(shape);
    const order = [stamp, ...shape.key.map(quoteIdentifier)].join(', ');
    const until = through === undefined ? '' : ` AND substr(${stamp}, 1, 19) <= ?`;
    yield* upserts(database, index, {
      columns: namesOf(shape),
      from: `FROM main.${quoteIdentifier(shape.name)} WHERE ${stamp} >= ?${until} ORDER BY ${order}`,
      parameters: through === undefined ? [since] : [since, through],
    });
  }
}

/**
 * Keys that were logged since then, or since the log begins, and have no row: some may have been told before. Undefined where
 * they are more than any list should hold.
 */
export function deletedSince(
  database: Database,
  tables: readonly ServedTable[],
  since: string,
): Change[] | undefined {
  const from = markerBefore(database, Date.parse(`${since.replace(' ', 'T')}Z`))?.resume ?? 0;
  const deleted: Change[] = [];
  for (const [index, table] of tables.entries())
    for (const key of keysGone(database, table, from)) {
      deleted.push({ kind: 'tombstone', table: index, key });
      if (deleted.length > deletionsMax) return undefined;
    }
  return deleted;
}
