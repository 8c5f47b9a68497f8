// Columns that the receiver keeps though they are not here: nothing is lost by it, and no row has them any more.
import type { KeptColumns } from '../../../lib/delta/mirror-shape.ts';
import type { SenderRecord } from '../../../lib/delta/sender-record.ts';

type Kept = Pick<SenderRecord, 'keptColumns'>;

/** What was not so before, as sentences: it is told once. */
export function keptNews(before: Kept, now: Kept): string[] {
  return now.keptColumns.flatMap(({ table, columns }) => {
    const known = before.keptColumns.find((one) => one.table === table)?.columns ?? [];
    const news = columns.filter((column) => !known.includes(column));
    return news.length === 0 ? [] : [keptWords({ table, columns: news })];
  });
}

export function keptWords({ table, columns }: KeptColumns): string {
  const [which, whose] = columns.length === 1 ? ['column', 'it'] : ['columns', 'them'];
  return `${table} has no ${which} ${columns.join(', ')} here: the receiver keeps ${whose}, with what rows had there; no new value goes there`;
}
