// A PostgreSQL database that is written to or guarded: its address in the configuration, or with a password in a file of its own.
import type { z } from 'zod';
import { OpsError } from '../../base/errors.ts';
import type { PostgresTarget } from '../../health/postgres-target.ts';
import type { Environment } from '../environment.ts';
import { parsePostgresUrl } from '../postgres-url.ts';
import { readSecret } from '../secrets.ts';
import { address, completedTarget, unusableAddress } from './health-postgres.ts';
import { absolutePath } from './values.ts';

/** The keys of both ways, of which a table has one. */
export const targetKeys = {
  postgres_url: address.optional().describe('a PostgreSQL database, without a password'),
  postgres_url_file: absolutePath.optional().describe('a file with its address, password and all, mode 600'),
};

/** What a table says of its database. */
export type TargetTable = z.infer<z.ZodObject<typeof targetKeys>>;

/**
 * The database of `owner`, `app-ctv` or `replica-reports`, after which its credentials are named. Throws OpsError `config` for an
 * address in a file that is none, `denied` for a file that others may read.
 */
export function postgresTargetOf(
  owner: string,
  { postgres_url: given, postgres_url_file: file }: TargetTable,
  environment: Environment,
): PostgresTarget {
  const secret = (credential: string, path?: string) => readSecret({ environment, credential, file: path });
  if (given !== undefined)
    return { ...completedTarget(given), readPassword: () => secret(`${owner}-postgres-password`) };
  const { password, ...target } = addressIn(secret(`${owner}-postgres-url`, file) ?? '', String(file));
  return { ...target, readPassword: () => password };
}

/** What the text of such a file says. Throws OpsError `config` for what is no address, and quotes none of it. */
export function addressIn(
  text: string,
  file: string,
): Omit<PostgresTarget, 'readPassword'> & { readonly password: string | undefined } {
  const found = parsePostgresUrl(text);
  const problem = 'problem' in found ? found.problem : unusableAddress(found);
  if ('problem' in found || problem !== undefined)
    throw new OpsError('config', `cannot use the address in ${file}: it ${problem}`, {
      hint: 'it is one line, such as postgresql://holdfast:password@db.example:5432/reports?sslmode=verify-full',
    });
  return { ...completedTarget(found), password: found.password };
}
