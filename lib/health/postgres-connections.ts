// The check `postgres-connections`: how much of the connections that the app can really have is taken. The places of others count
// as taken, because they are: nobody gets them while somebody has them.
import { formatCount, formatDuration } from '../base/format.ts';
import type { Verdict } from '../base/verdict.ts';
import type { Check, Judgement, Limits } from './check.ts';
import { byLimits } from './limits.ts';
import type { PostgresConnections, PostgresFacts, PostgresRefusal, PostgresRole } from './postgres.ts';

/** From here on the words change, where it is critical already. */
const nearlyFullPercent = 95;
/** A transaction that is open so long and does nothing is worth a word. */
const idleMs = 5 * 60_000;

export interface PostgresConnectionsFacts {
  readonly found: PostgresFacts;
  /** The role whose share counts. */
  readonly role: string;
  /** What a superuser types to see who has the connections. */
  readonly whoHint: string;
}

export const postgresConnectionsCheck: Check<PostgresConnectionsFacts> = {
  name: 'postgres-connections',
  question: 'Can the app still get connections to PostgreSQL?',
  unit: '%',
  limits: { warning: 70, critical: 85 },
  worse: 'above',
  judge: (facts, view) =>
    'refusal' in facts.found
      ? ofRefusal(facts.found.refusal, facts.role)
      : ofConnections(facts.found.look.connections, facts, view),
};

/** What a refusal means for the app: nobody gets in, or only we do not. */
function ofRefusal(refusal: PostgresRefusal, role: string): Judgement {
  const { kind, full, isOwnRole, message, hint } = refusal;
  if (kind !== 'full') return { verdict: verdicts[kind], message, hint };
  if (full === 'role' && !isOwnRole)
    return {
      verdict: 'unknown',
      message: `the role that asks has no connection left of its own CONNECTION LIMIT; that says nothing of ${role}: ${message}`,
      hint,
    };
  const who = { server: 'the server', role: `the role ${role}`, database: 'the database' }[full ?? 'server'];
  return {
    verdict: 'critical',
    message: `100% taken, nobody gets in: ${who} has no connection left: ${message}`,
    hint,
    value: 100,
    measures: { free_connections: 0 },
    patience: 1,
  };
}

/** Where the app cannot work either, it is critical; where it is we who are not taken, nobody knows. */
const verdicts: Readonly<Record<Exclude<PostgresRefusal['kind'], 'full'>, Verdict>> = {
  down: 'critical',
  starting: 'critical',
  silent: 'critical',
  failing: 'critical',
  denied: 'unknown',
  tls: 'unknown',
  unclear: 'unknown',
};

/** One of the limits that stand between an app and a connection. */
interface Fence {
  readonly taken: number;
  readonly limit: number;
  /** Of whose connections these are. */
  readonly of: string;
}

function ofConnections(
  connections: PostgresConnections,
  { role: name, whoHint }: PostgresConnectionsFacts,
  { limits }: { readonly limits: Limits },
): Judgement {
  const { role, all, ofRole, hidden } = connections;
  if (role === undefined)
    return {
      verdict: 'unknown',
      message: `the server has no role ${name}, whose share would count`,
      hint: 'mend role in [health.postgres.databases.<name>]',
    };
  const fence = narrowest(fences(connections, role, name));
  const percent = percentOf(fence);
  const verdict = byLimits(percent, limits, 'above');
  const idle = connections.idleInTransactionMs;
  const words = [
    `${stepWords(percent)}${Math.floor(percent)}% of the connections ${fence.of} taken, ${fence.taken} of ${fence.limit}`,
    `${ofRole} by ${name}, ${all - ofRole} by others`,
    ...(idle >= idleMs ? [`one idle in a transaction for ${formatDuration(idle)}`] : []),
    ...(hidden > 0
      ? [`what ${formatCount(hidden, 'session')} ${hidden === 1 ? 'does' : 'do'} is hidden from us`]
      : []),
  ];
  return {
    verdict,
    message: words.join('; '),
    hint: verdict === 'ok' ? undefined : whoHint,
    value: Math.round(percent * 10) / 10,
    measures: {
      free_connections: Math.max(0, fence.limit - fence.taken),
      all_connections: all,
      app_connections: ofRole,
      database_connections: connections.ofDatabase,
      hidden_connections: hidden,
      idle_in_transaction_seconds: Math.round(idle / 1000),
      longest_query_seconds: Math.round(connections.longestQueryMs / 1000),
    },
  };
}

/** Superusers stop at none but the last. */
function fences(connections: PostgresConnections, role: PostgresRole, name: string): Fence[] {
  const { max, reservedForSuperusers, reserved, databaseLimit, all, ofDatabase, ofRole } = connections;
  if (role.isSuperuser) return [{ taken: all, limit: max, of: 'of the server' }];
  const kept = reservedForSuperusers + (role.mayUseReserved ? 0 : reserved);
  const server = { taken: all, limit: max - kept, of: 'of the server' };
  const ofItsRole = { taken: ofRole, limit: role.limit, of: `that the role ${name} may have` };
  const ofItsDatabase = { taken: ofDatabase, limit: databaseLimit, of: 'that the database may have' };
  // Negative is no limit, of a server kept whole for superusers it is one.
  return [server, ...[ofItsRole, ofItsDatabase].filter(({ limit }) => limit >= 0)];
}

/** The one that is nearest; of two equal ones the one with the fewest places. */
function narrowest(all: readonly Fence[]): Fence {
  return all.reduce((worst, fence) =>
    percentOf(fence) > percentOf(worst) ||
    (percentOf(fence) === percentOf(worst) && fence.limit < worst.limit)
      ? fence
      : worst,
  );
}

/** Superusers may have more than others can: it is full then, and not more than that. */
function percentOf({ taken, limit }: Fence): number {
  return limit <= 0 ? 100 : Math.min(100, (taken * 100) / limit);
}

function stepWords(percent: number): string {
  if (percent >= 100) return 'nobody else gets in: ';
  return percent >= nearlyFullPercent ? 'nearly nobody else gets in: ' : '';
}
