// The PostgreSQL database of a replica: its address in the configuration, or with a password in a file of its own.
import { OpsError } from '../../base/errors.ts';
import type { PostgresTarget } from '../../health/postgres-target.ts';
import type { Environment } from '../environment.ts';
import { parsePostgresUrl, type PostgresAddress } from '../postgres-url.ts';
import { readSecret } from '../secrets.ts';
import { address, completedTarget, unusableAddress } from './health-postgres.ts';

/** As it stands in the configuration, where everybody may read it. */
export const replicaAddress = address;

/** Throws OpsError `config` for an address in a file that is none, `denied` for a file that others may read. */
export function postgresTargetOf(
  replica: string,
  given: PostgresAddress | Omit<PostgresAddress, 'password'> | undefined,
  file: string | undefined,
  environment: Environment,
): PostgresTarget {
  const secret = (credential: string, path?: string) => readSecret({ environment, credential, file: path });
  if (given !== undefined)
    return {
      ...completedTarget(given),
      readPassword: () => secret(`replica-${replica}-postgres-password`),
    };
  const found = parsePostgresUrl(secret(`replica-${replica}-postgres-url`, file) ?? '');
  const problem = 'problem' in found ? found.problem : unusableAddress(found);
  if ('problem' in found || problem !== undefined)
    throw new OpsError('config', `cannot use the address in ${file}: it ${problem}`, {
      hint: 'it is one line, such as postgresql://holdfast:password@db.example:5432/reports?sslmode=verify-full',
    });
  return { ...completedTarget(found), readPassword: () => found.password };
}
