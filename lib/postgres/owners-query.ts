// A query of the owner on a live database: it may only read, and what it returns and how long it takes is bounded.
import { errorMessage, OpsError } from '../base/errors.ts';
import { formatBytes, formatDuration, groupThousands } from '../base/format.ts';
import type { PostgresTarget } from '../health/postgres-target.ts';
import type { SqlValue } from '../health/sql.ts';
import { reach, SessionFailure } from './connection.ts';
import { causeOf, ofApps, sqlState } from './refusal.ts';
import { errorKinds } from './trouble.ts';

interface OwnersQuery {
  readonly sql: string;
  /** What it is called in messages. */
  readonly called: string;
  readonly limits: { readonly rowsMax: number; readonly bytesMax: number };
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** To be let in, and for all that is said beside rows. */
const openMs = 10_000;
const besideBytes = 64 * 1024;

/**
 * The rows, an integer as bigint. A cursor takes nothing but one statement that reads, whatever its role may do, and hands out no
 * more rows than are asked for. Throws OpsError `config` for a mistake in it, and what the server or the network did.
 */
export async function ownersQuery(target: PostgresTarget, query: OwnersQuery): Promise<SqlValue[][]> {
  const { sql, called, limits, timeoutMs, signal } = query;
  const { rowsMax, bytesMax } = limits;
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(openMs + timeoutMs + openMs)]);
    const connection = await reach(target, {
      limit,
      receivedBytesMax: bytesMax + besideBytes,
      openTimeoutMs: openMs,
      applicationName: 'holdfast health-check',
    });
    try {
      await connection.answers(
        `begin read only; set local statement_timeout = ${timeoutMs}; set local lock_timeout = ${Math.min(timeoutMs, 1000)}`,
      );
      await connection.prepared(`declare holdfast no scroll cursor for ${sql}\n`);
      const answer = await connection.prepared(`fetch ${rowsMax + 1} from holdfast`);
      if (answer.rows.length > rowsMax)
        throw new OpsError(
          'config',
          `cannot run ${called}: it returns more than ${groupThousands(rowsMax)} rows`,
        );
      return answer.rows.map((row) => row.map((text, column) => valueOf(text, answer.types[column] ?? 0)));
    } catch (error) {
      if (error instanceof OpsError) throw error;
      if (connection.receivedBytes > bytesMax + besideBytes)
        throw new OpsError('config', `cannot run ${called}: it returns more than ${formatBytes(bytesMax)}`);
      throw connection.failure(error);
    } finally {
      await connection.close();
    }
  } catch (error) {
    signal.throwIfAborted();
    throw trouble(error, target, query);
  }
}

/** By the first two characters: what the owner wrote is wrong, and not the server. */
const mistakes = ['42', '22', '25', '0A', '34', '2F', '38', 'P0'];

function trouble(error: unknown, target: PostgresTarget, { called, timeoutMs }: OwnersQuery): unknown {
  if (!(error instanceof SessionFailure)) return error;
  const state = sqlState(error.cause);
  if (state === '57014')
    return new OpsError('unavailable', `${called} took longer than ${formatDuration(timeoutMs)}`, {
      cause: error.cause,
      hint: 'make it quicker (explain analyze shows where the time goes; an index), or give it more: timeout_seconds',
    });
  if (state === '42501')
    return new OpsError('config', `cannot run ${called}: ${errorMessage(error.cause)}`, {
      cause: error.cause,
      hint: `it is asked as the role ${target.user}: grant it what it lacks`,
    });
  if (state !== undefined && mistakes.includes(state.slice(0, 2)))
    return new OpsError('config', `cannot run ${called}: ${errorMessage(error.cause)}`, {
      cause: error.cause,
      hint: 'it has to be one SELECT, WITH or VALUES that only reads; try it by hand in psql',
    });
  const asked = { target, role: target.user, timeoutMs: openMs, settings: ofApps };
  const { kind, cause, hint } = causeOf(error, asked);
  return new OpsError(errorKinds[kind], `cannot run ${called}: ${cause}`, {
    cause: error.cause,
    ...(hint === undefined ? {} : { hint }),
  });
}

const integers = [20, 21, 23, 26];
const numbers = [700, 701, 1700];
const boolean = 16;
const bytes = 17;

/** By the number of its type; what is no number, truth or bytes is a text, as the server writes it. */
function valueOf(text: string | null, type: number): SqlValue {
  if (text === null) return null;
  if (integers.includes(type)) return BigInt(text);
  if (numbers.includes(type)) return /^-?\d+$/.test(text) && type === 1700 ? BigInt(text) : Number(text);
  if (type === boolean) return text === 't' ? 1n : 0n;
  return type === bytes && text.startsWith('\\x') ? Buffer.from(text.slice(2), 'hex') : text;
}
