// The database that a dump is restored into to prove it: one a database, named after it, held by a lock while it is used, and
// gone afterwards; what a killed run left goes with the next.
import { createHash } from 'node:crypto';
import { OpsError } from '../../base/errors.ts';
import type { PostgresTarget } from '../../health/postgres-target.ts';
import type { PostgresLocale } from '../../source/postgres-facts.ts';
import { quote } from '../names.ts';
import { dropDatabase, makeDatabase } from './make-database.ts';
import { withServer } from './server.ts';
import type { BackupSession } from './session.ts';

export interface TrialDatabase extends AsyncDisposable {
  readonly target: PostgresTarget;
}

/** A name of the server has 63 bytes at most, and what is longer is cut. */
const nameBytesMax = 63;

/** What it is called where dumps of `database` are proven. */
function trialName(database: string): string {
  const name = `holdfast_proof_${database}`;
  return Buffer.byteLength(name) <= nameBytesMax
    ? name
    : `holdfast_proof_${digestOf(database).toString('hex', 0, 16)}`;
}

/**
 * Makes it from template0, with the encoding and the locale of the source, for whom `owner` is connected to the server as alone. The
 * lock is that connection's. Throws OpsError `busy` where another run proves one, and `refused` where the server has not the locale.
 */
export async function makeTrialDatabase(
  owner: BackupSession,
  { target, locale, act }: { target: PostgresTarget; locale: PostgresLocale | undefined; act: string },
): Promise<TrialDatabase> {
  const name = trialName(target.database);
  if (!(await takeLock(owner, name)))
    throw new OpsError('busy', `cannot ${act}: another run proves a dump of this database now`, {
      hint: 'try again when it is done',
    });
  await dropDatabase(owner, name);
  await makeDatabase(owner, name, { locale, act });
  // From here on it is dropped, whatever happens.
  const trial = {
    target: { ...target, database: name, readPassword: () => target.readPassword() },
    [Symbol.asyncDispose]: () => dropAtLast(owner, target, name),
  };
  try {
    await owner.run(`revoke connect, temporary on database ${quote(name)} from public`);
    return trial;
  } catch (error) {
    await trial[Symbol.asyncDispose]();
    throw error;
  }
}

/** Where the connection was lost, or the run is to stop, by another one; the next run drops what stays then. */
async function dropAtLast(owner: BackupSession, target: PostgresTarget, name: string): Promise<void> {
  const options = { act: `drop ${name}`, signal: AbortSignal.timeout(dropTimeoutMs) };
  try {
    if (owner.isOpen) await dropDatabase(owner, name);
    else
      await withServer(target, options, async (connection) => {
        if (await takeLock(connection, name)) await dropDatabase(connection, name);
      });
  } catch {
    // How the proof went is the news.
  }
}

/** The connection's, until it ends. */
async function takeLock(connection: BackupSession, name: string): Promise<boolean> {
  const key = digestOf(name).readBigInt64BE().toString();
  const { rows } = await connection.run(`select pg_try_advisory_lock($1)::text`, [key]);
  return rows[0]?.[0] === 'true';
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

const dropTimeoutMs = 10_000;
