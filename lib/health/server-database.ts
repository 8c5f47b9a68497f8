// Whether the database of an app on a PostgreSQL server can be opened, and goes on taking transactions.
import { formatCount } from '../base/format.ts';
import type { Verdict } from '../base/verdict.ts';
import type { Judgement } from './check.ts';
import type { PostgresFacts, RefusalKind } from './postgres.ts';

export interface ServerFacts {
  readonly server: PostgresFacts;
  /** Who is let in. */
  readonly user: string;
  /** The command that freezes old rows. */
  readonly freezeHint: string;
}

/** Of two milliards. Autovacuum begins at a tenth of that, by itself. */
const warningAge = 1000e6;
const criticalAge = 1600e6;

/** Where the app is let in no more than we, it is critical. */
const ofRefusals: Readonly<Record<RefusalKind, Verdict>> = {
  ...{ full: 'critical', down: 'critical', starting: 'critical', silent: 'critical', failing: 'critical' },
  ...{ denied: 'unknown', tls: 'unknown', unclear: 'unknown' },
};

export function ofServer({ server, user, freezeHint }: ServerFacts): Judgement {
  if ('refusal' in server) {
    const { kind, message, hint } = server.refusal;
    return { verdict: ofRefusals[kind], message, hint };
  }
  const { frozenAge } = server.look;
  const measures = { frozen_age: frozenAge };
  if (frozenAge < warningAge)
    return { verdict: 'ok', message: `it takes ${user} in, and its old rows are frozen in time`, measures };
  return {
    verdict: frozenAge < criticalAge ? 'warning' : 'critical',
    message: `its oldest rows are ${formatCount(Math.round(frozenAge / 1e6), 'million transaction')} old, and were not frozen: at 2,147 the server takes no more`,
    hint: freezeHint,
    measures,
  };
}
