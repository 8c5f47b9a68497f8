// Databases of our own on a server: made from template0, and dropped whoever looks at them.
import { setTimeout as pause } from 'node:timers/promises';
import { errorMessage, OpsError } from '../../base/errors.ts';
import type { PostgresLocale } from '../../source/postgres-facts.ts';
import { quote } from '../names.ts';
import { sqlState } from '../refusal.ts';
import { creationOf } from './archive-head.ts';
import type { BackupSession } from './session.ts';

interface Making {
  readonly locale: PostgresLocale | undefined;
  /** The server's own unless given. */
  readonly tablespace?: string | undefined;
  readonly act: string;
}

/** Makes an empty one. Throws OpsError `refused` where the server has not the locale: they are those of its system. */
export async function makeDatabase(
  owner: BackupSession,
  name: string,
  { locale, tablespace, act }: Making,
): Promise<void> {
  const where = tablespace === undefined ? '' : ` tablespace ${quote(tablespace)}`;
  try {
    const { rows } = await owner.run('show server_version_num');
    const major = Math.floor(Number(rows[0]?.[0]) / 10_000);
    await owner.run(`create database ${quote(name)} ${creationOf(locale, major)}${where}`);
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
        hint:
          provider === 'libc'
            ? 'make it on the machine of the server, and restart that: sudo dpkg-reconfigure locales; locale -a'
            : 'restore it on a server of the version that it is of, built as that is',
        cause: error,
      },
    );
  }
}

const attemptsMax = 50;

/**
 * Drops one, if it is there. Somebody may look at it just now, such as autovacuum, which gives way, or a person, who does not: `ends`
 * says whether they are sent away, as they are unless it is false.
 */
export async function dropDatabase(
  owner: BackupSession,
  name: string,
  { ends = true }: { ends?: boolean } = {},
): Promise<void> {
  // As a template, which it may have been set up as, it could not be dropped.
  const { rows } = await owner.run('select datistemplate::text from pg_database where datname = $1', [name]);
  if (rows[0]?.[0] === 'true') await owner.run(`alter database ${quote(name)} is_template false`);
  let sendsAway = ends;
  for (let attempt = 1; ; attempt += 1) {
    try {
      await owner.run(`drop database if exists ${quote(name)}${sendsAway ? ' with (force)' : ''}`);
      return;
    } catch (error) {
      const state = sqlState(error);
      // Autovacuum works there as a superuser, whom not everybody may send away: the server itself does, where nobody asks it to.
      const isDenied = sendsAway && state === '42501';
      if (!ends || attempt === attemptsMax || !(isDenied || state === '55006')) throw error;
      sendsAway = !isDenied;
      await pause(100);
    }
  }
}
