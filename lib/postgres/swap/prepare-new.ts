// A database made ready to take a place: an archive restored into one of its own, beside the one that is there, measured, and closed to
// everybody until it is put in place.
import { statfs } from 'node:fs/promises';
import { errorMessage, OpsError } from '../../base/errors.ts';
import { formatBytes } from '../../base/format.ts';
import { shellWord } from '../../base/shell-word.ts';
import type { PostgresTarget } from '../../health/postgres-target.ts';
import type { PostgresFacts } from '../../source/postgres-facts.ts';
import type { Measurement } from '../../source/source.ts';
import { dropDatabase, makeDatabase } from '../backup/make-database.ts';
import { measureRestored } from '../backup/prove.ts';
import { type Archive, readArchive } from '../backup/restore-into.ts';
import { requireProving } from '../backup/server.ts';
import { type BackupSession, withBackupSession } from '../backup/session.ts';
import { quote } from '../names.ts';
import { isHere } from '../words.ts';
import { lookAtDatabases, type ServerDatabase } from './look.ts';
import { newName } from './names.ts';
import type { Place } from './place.ts';

/** Disposing of it drops it, unless it was put in place. */
export interface PreparedDatabase extends AsyncDisposable {
  readonly oid: string;
  readonly name: string;
  /** Of what came out of the archive, as `Source.measure` gives it: `integrity.findings` is what could not be restored. */
  readonly measurement: Measurement<PostgresFacts>;
}

/** An archive that was proven to be what its manifest says, held open. */
export interface ProvenArchive {
  readonly fd: number;
  readonly sizeBytes: number;
  /** In messages. */
  readonly called: string;
}

/**
 * Restores it into a new database on the server of the place, with the encoding and locale that it is of, and measures that. What is
 * in place is not touched, and need not be there. Throws OpsError: `damaged` for what is no whole archive, `io` where the server has no
 * room, `denied` for a role that makes no databases, `unavailable` where the server went; then nothing is left, or goes with the next run.
 */
export async function prepareNew(
  place: Place,
  { fd, sizeBytes, called }: ProvenArchive,
  { onBeat }: { onBeat?: (() => void) | undefined } = {},
): Promise<PreparedDatabase> {
  const { target, act, signal, server, run } = place;
  const archive: Archive = { fd, called, programs: server.programs, run };
  const head = await readArchive(archive, signal);
  const name = newName(place.name);
  await place.ask(async (session) => {
    await requireProving(session, target, act);
    const { live } = await lookAtDatabases(session, place.name);
    const tablespace = await tablespaceFor(session, live);
    await requireRoom(session, place, { sizeBytes, live, tablespace });
    await makeDatabase(session, name, { locale: head.locale, tablespace, act });
  });
  const at: PostgresTarget = { ...target, database: name, readPassword: () => target.readPassword() };
  const drop = () => dropAtLast(place, name);
  try {
    await place.ask((session) =>
      session.run(`revoke connect, temporary on database ${quote(name)} from public`),
    );
    const beat = setInterval(() => onBeat?.(), 1000);
    try {
      const measurement = await measureRestored({
        archive,
        target: at,
        head,
        sizeBytes,
        act,
        signal,
        server,
      });
      await analyze(place, at);
      const oid = await place.ask((session) => close(session, name));
      let isGone = false;
      return {
        ...{ oid, name, measurement },
        async [Symbol.asyncDispose]() {
          if (isGone) return;
          isGone = true;
          await drop();
        },
      };
    } finally {
      clearInterval(beat);
    }
  } catch (error) {
    await drop();
    throw error;
  }
}

/** What a server knows of its rows is in no archive, and without it every question of the app takes the long way at first. */
async function analyze({ act, signal, log }: Place, target: PostgresTarget): Promise<void> {
  try {
    await withBackupSession(target, { act, signal }, (session) => session.run('reset search_path; analyze'));
  } catch (error) {
    signal.throwIfAborted();
    log.warn('the server could not look at what was restored: the app may be slow until it has', {
      cause: errorMessage(error),
    });
  }
}

/** Until it is in place nobody comes in, whatever they may do: an owner and a superuser as well. */
async function close(session: BackupSession, name: string): Promise<string> {
  await session.run(`alter database ${quote(name)} allow_connections false`);
  const { rows } = await session.run('select oid::text from pg_database where datname = $1', [name]);
  return rows[0]?.[0] ?? '';
}

/** By its name, which it has lost where it was put in place. What cannot be dropped now goes with the next run. */
async function dropAtLast(place: Place, name: string): Promise<void> {
  try {
    await place.ask((session) => dropDatabase(session, name));
  } catch (error) {
    place.log.warn('a database that was made ready could not be dropped; the next restore will', {
      database: name,
      cause: errorMessage(error),
    });
  }
}

/** That of the one in place, where our role may make something there; undefined for that of every new database. */
async function tablespaceFor(
  session: BackupSession,
  live: ServerDatabase | undefined,
): Promise<string | undefined> {
  if (live === undefined) return undefined;
  const { rows } = await session.run(
    `select t.spcname from pg_database d join pg_tablespace t on t.oid = d.dattablespace
      where d.oid = $1::oid and has_tablespace_privilege(t.oid, 'create')
      and t.oid <> (select dattablespace from pg_database where datname = 'template0')`,
    [live.oid],
  );
  return rows[0]?.[0] ?? undefined;
}

const spareBytes = 64 * 1024 * 1024;

/** The disk of a server that runs full takes its apps along. An archive is a tenth of its database, or less; one in place is a better measure. */
async function requireRoom(
  session: BackupSession,
  { target, act }: Place,
  {
    sizeBytes,
    live,
    tablespace,
  }: { sizeBytes: number; live: ServerDatabase | undefined; tablespace: string | undefined },
): Promise<void> {
  if (!isHere(target)) return;
  const { rows } = await session.run(
    `select coalesce(nullif((select pg_tablespace_location(oid) from pg_tablespace where spcname = $1), ''),
      (select setting from pg_settings where name = 'data_directory'))`,
    [tablespace ?? 'pg_default'],
  );
  const directory = rows[0]?.[0];
  const found = typeof directory === 'string' ? await statfs(directory).catch(() => undefined) : undefined;
  if (typeof directory !== 'string' || found === undefined) return; // not to be seen from here: the server itself says so
  const free = found.bavail * found.bsize;
  const needed = Math.min(live?.sizeBytes ?? sizeBytes * 3, sizeBytes * 20) + spareBytes;
  if (free >= needed) return;
  throw new OpsError(
    'io',
    `cannot ${act}: beside the database that is there the server needs about ${formatBytes(needed)} in ${directory}, and ${formatBytes(free)} are free`,
    {
      hint: `restore undo --discard removes databases from before; what else takes room: df -h ${shellWord(directory)}`,
    },
  );
}
