// The database that a dump is restored into to prove it: one a database, named after it, held by a lock while it is used, and
// gone afterwards; what a killed run left goes with the next.
import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { errorMessage, OpsError } from '../../base/errors.ts';
import type { PostgresTarget } from '../../health/postgres-target.ts';
import type { PostgresLocale } from '../../source/postgres-facts.ts';
import { quote } from '../names.ts';
import { sqlState } from '../refusal.ts';
import { creationOf } from './archive-head.ts';
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
  await drop(owner, name);
  await create(owner, name, { locale, act });
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
    if (owner.isOpen) await drop(owner, name);
    else
      await withServer(target, options, async (connection) => {
        if (await takeLock(connection, name)) await drop(connection, name);
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

/** Not every server has every locale: they are those of its system. */
async function create(
  owner: BackupSession,
  name: string,
  { locale, act }: { locale: PostgresLocale | undefined; act: string },
): Promise<void> {
  try {
    await owner.run(`create database ${quote(name)} ${creationOf(locale)}`);
  } catch (error) {
    if (locale === undefined || !/^(?:22023|42P17|42809|42601|0A000|42704)$/.test(sqlState(error) ?? ''))
      throw error;
    const { encoding, provider, collate, ctype, name: own } = locale;
    const wanted = [
      encoding,
      provider,
      ...new Set([collate, ctype, ...(own === undefined ? [] : [own])]),
    ].join(' ');
    throw new OpsError(
      'refused',
      `cannot ${act}: the server has no locale as the database had (${wanted}): ${errorMessage(error)}`,
      {
        hint: 'make it on the machine of the server, and restart that: sudo dpkg-reconfigure locales; locale -a',
        cause: error,
      },
    );
  }
}

const attemptsMax = 50;
const dropTimeoutMs = 10_000;

/** Somebody may look at it just now, such as autovacuum, which gives way, or a person, who does not. */
async function drop(owner: BackupSession, name: string): Promise<void> {
  // As a template, which it may have been set up as, it could not be dropped.
  const { rows } = await owner.run('select datistemplate::text from pg_database where datname = $1', [name]);
  if (rows[0]?.[0] === 'true') await owner.run(`alter database ${quote(name)} is_template false`);
  for (let attempt = 1; ; attempt += 1) {
    try {
      await owner.run(`drop database if exists ${quote(name)} with (force)`);
      return;
    } catch (error) {
      if (sqlState(error) !== '55006' || attempt === attemptsMax) throw error;
      await pause(100);
    }
  }
}
