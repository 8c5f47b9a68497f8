// Rows that PostgreSQL refuses for what is in them are found among the others, which are put: one of them never stands in the way.
import { errorMessage } from '../../base/errors.ts';
import { stateOf } from '../../postgres/trouble.ts';
import type { Session } from '../../postgres/writer.ts';
import type { Mirror } from './mirror.ts';
import { putRows, type Values } from './stored-rows.ts';

/** Returns why which of them were not put, by their place. */
export async function putWhatFits(
  session: Session,
  mirror: Mirror,
  rows: readonly Values[],
  origin: { source: number; batch: number },
): Promise<Map<number, string>> {
  const refused = new Map<number, string>();
  const put = async (from: number, to: number): Promise<void> => {
    if (from >= to) return;
    await session.run('savepoint _holdfast_put');
    try {
      await putRows(session, mirror, rows.slice(from, to), origin);
      await session.run('release savepoint _holdfast_put');
    } catch (error) {
      if (!isAboutRows(error)) throw error;
      await session.run('rollback to savepoint _holdfast_put; release savepoint _holdfast_put');
      const middle = Math.floor((from + to) / 2);
      if (to - from === 1) refused.set(from, errorMessage((error as Error).cause));
      else {
        await put(from, middle);
        await put(middle, to);
      }
    }
  };
  await put(0, rows.length);
  return refused;
}

/** What is in a row, how large it is, two of one key, or a constraint that somebody else has made. */
function isAboutRows(error: unknown): boolean {
  return /^(22|54|21|23)/.test(stateOf(error) ?? '');
}
