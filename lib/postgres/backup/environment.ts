// How PostgreSQL's programs are told where to go: by variables of their own, of which nobody else sees any. An address is never
// handed to them whole, since they print it in their errors; nor is a name that they might take for one.
import { existsSync } from 'node:fs';
import type { PostgresTarget } from '../../health/postgres-target.ts';

/** What a role or a database may have set, and would end or blind a program of ours, or have an object written otherwise. */
const settings = {
  statement_timeout: '0',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  default_transaction_read_only: 'off',
  row_security: 'off',
  synchronous_commit: 'off',
  standard_conforming_strings: 'on',
  quote_all_identifiers: 'off',
  array_nulls: 'on',
  transform_null_equals: 'off',
  DateStyle: 'ISO',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  extra_float_digits: '1',
  bytea_output: 'hex',
  lc_monetary: 'C',
};

/** As a connection is opened with them. */
export const sessionOptions = Object.entries(settings)
  .map(([name, value]) => `-c ${name}=${value}`)
  .join(' ');

/** Where systems keep the certificates of all authorities; libpq has no list of its own. */
const certificates = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt'];

/** What the caller may have set for programs of their own. */
const others = [
  ...[
    'PGHOSTADDR',
    'PGSERVICE',
    'PGSERVICEFILE',
    'PGREQUIRESSL',
    'PGREQUIREAUTH',
    'PGREQUIREPEER',
    'PGPASSWORD',
  ],
  ...['PGCLIENTENCODING', 'PGDATESTYLE', 'PGTZ', 'PGGEQO', 'PGCHANNELBINDING', 'PGTARGETSESSIONATTRS'],
  ...[
    'PGSSLNEGOTIATION',
    'PGLOADBALANCEHOSTS',
    'PGSSLCERT',
    'PGSSLKEY',
    'PGSSLCRL',
    'PGSSLROOTCERT',
    'LANGUAGE',
  ],
];

/** The variables of a program that works in `target`: no service, password file or option of the caller is heard. */
export function programVariables(target: PostgresTarget): Record<string, string | undefined> {
  const { host, port, user, database, sslmode } = target;
  const password = target.readPassword();
  const certificate = target.rootCertificate ?? certificates.find((path) => existsSync(path));
  const isVerified = sslmode === 'verify-ca' || sslmode === 'verify-full';
  return {
    ...Object.fromEntries(others.map((name) => [name, undefined])),
    LC_ALL: 'C',
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: user,
    PGDATABASE: database,
    PGSSLMODE: sslmode,
    PGGSSENCMODE: 'disable',
    PGCONNECT_TIMEOUT: '20',
    PGAPPNAME: 'holdfast backup',
    PGPASSFILE: '/dev/null',
    PGOPTIONS: sessionOptions,
    ...(password === undefined ? {} : { PGPASSWORD: password }),
    ...(certificate !== undefined && (isVerified || target.rootCertificate !== undefined)
      ? { PGSSLROOTCERT: certificate }
      : {}),
  };
}
