// What a server says to somebody who moves databases, as words for people.
import { errorMessage, OpsError } from '../../base/errors.ts';
import type { ErrorKind } from '../../base/exit-code.ts';
import type { PostgresTarget } from '../../health/postgres-target.ts';
import { quote } from '../names.ts';
import { sqlState } from '../refusal.ts';
import { ofServer } from '../words.ts';

/** An OpsError for what the server refused to do; everything else comes back as it is. */
export function swapTrouble(error: unknown, act: string, target: PostgresTarget): unknown {
  const state = sqlState(error);
  const known = state === undefined ? undefined : states[state];
  if (known === undefined) return error;
  const [kind, words, hint] = known;
  return new OpsError(kind, `cannot ${act}: ${words} (it says "${errorMessage(error)}")`, {
    cause: error,
    hint: hint(target),
  });
}

/** Who is in a database, what it is doing, and since when. */
export function whoIsIn(target: PostgresTarget): string {
  return ofServer(
    target,
    'select datname, pid, usename, application_name, backend_type, state, backend_start from pg_stat_activity where datname is not null order by 1, 2',
  );
}

const states: Readonly<Record<string, readonly [ErrorKind, string, (target: PostgresTarget) => string]>> = {
  '25006': [
    'refused',
    'the server takes no changes: it is a standby, or set to be read only',
    (target) => `give the address of the primary: ${ofServer(target, 'select pg_is_in_recovery()')}`,
  ],
  '42501': [
    'denied',
    'its role may not do that',
    (target) =>
      `let it be who owns the database, and make databases: ${ofServer(target, `alter role ${quote(target.user)} createdb`)}`,
  ],
  '42P04': [
    'refused',
    'a database of that name is there already',
    (target) => ofServer(target, String.raw`\l`),
  ],
  '55006': ['refused', 'somebody is connected to it', whoIsIn],
  '55P03': [
    'busy',
    'somebody holds a lock on it',
    (target) => ofServer(target, 'select * from pg_locks where locktype = $$object$$ and database = 0'),
  ],
  '57014': ['unavailable', 'it took longer than it may', whoIsIn],
  '53100': ['io', 'the disk of the server is full', () => 'make room there: df -h'],
};
