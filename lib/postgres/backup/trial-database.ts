// The database that a dump is restored into to prove it: one a database, named by its number, held by a lock while it is used, and
// gone afterwards; what a killed run left goes with the next.
import { setTimeout as pause } from 'node:timers/promises';
import { OpsError } from '../../base/errors.ts';
import type { PostgresTarget } from '../../health/postgres-target.ts';
import { sqlState } from '../refusal.ts';
import { quote, literal } from '../names.ts';
import { type BackupSession, withBackupSession } from './session.ts';

export interface TrialDatabase extends AsyncDisposable {
  readonly target: PostgresTarget;
}

/** `hfpf`: who proves dumps of this database. */
const lockNumber = 0x68_66_70_66;

/**
 * Makes it from template0, with the encoding and the locale of the source, for whom `owner` is connected as alone. The lock is
 * that connection's. Throws OpsError `busy` where another run proves one.
 */
export async function makeTrialDatabase(
  owner: BackupSession,
  target: PostgresTarget,
  oid: string,
  act: string,
): Promise<TrialDatabase> {
  const name = `holdfast_proof_${oid}`;
  if (!(await takeLock(owner)))
    throw new OpsError('busy', `cannot ${act}: another run proves a dump of this database now`, {
      hint: 'try again when it is done',
    });
  await drop(owner, name);
  const described = await owner.run(
    `select to_jsonb(d)::text, pg_encoding_to_char(encoding) from pg_database d where datname = current_database()`,
    [],
  );
  const [json = '{}', encoding = 'UTF8'] = (described.rows[0] ?? []).map((text) => text ?? undefined);
  await owner.run(
    `create database ${quote(name)} template template0 encoding ${literal(encoding)} ${localeOf(JSON.parse(json) as Row)}`,
  );
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
      await withBackupSession(target, options, async (connection) => {
        if (await takeLock(connection)) await drop(connection, name);
      });
  } catch {
    // How the proof went is the news.
  }
}

/** The connection's, until it ends. */
async function takeLock(connection: BackupSession): Promise<boolean> {
  const { rows } = await connection.run(`select pg_try_advisory_lock(${lockNumber}, 0)::text`, []);
  return rows[0]?.[0] === 'true';
}

type Row = Readonly<Record<string, string | null | undefined>>;

/** As it stands in the catalogue, whose columns have other names from version to version. */
function localeOf(row: Row): string {
  const collate = `lc_collate ${literal(row.datcollate ?? 'C')} lc_ctype ${literal(row.datctype ?? 'C')}`;
  const locale = row.datlocale ?? row.daticulocale;
  if (row.datlocprovider === 'i')
    return `${collate} locale_provider icu icu_locale ${literal(locale ?? 'und')}${
      typeof row.daticurules === 'string' ? ` icu_rules ${literal(row.daticurules)}` : ''
    }`;
  if (row.datlocprovider === 'b')
    return `${collate} locale_provider builtin builtin_locale ${literal(locale ?? 'C')}`;
  return collate;
}

const attemptsMax = 50;
const dropTimeoutMs = 10_000;

/** Somebody may look at it just now, such as autovacuum, which gives way, or a person, who does not. */
async function drop(owner: BackupSession, name: string): Promise<void> {
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
