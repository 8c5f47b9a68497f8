// What is in a dump: it is restored into a database of its own on the server, measured there, and the database dropped.
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { CommandRunner } from '../../base/command.ts';
import { OpsError, systemError } from '../../base/errors.ts';
import type { PostgresTarget } from '../../health/postgres-target.ts';
import type { PostgresFacts } from '../../source/postgres-facts.ts';
import type { Measurement, MeasureOptions } from '../../source/source.ts';
import { keepInventory } from './disagreements.ts';
import { partsOf, takeInventory } from './inventory.ts';
import type { ArchiveHead } from './archive-head.ts';
import { type Archive, readArchive, restoreInto } from './restore-into.ts';
import { askServer, requireProving, requireServerRoom, type Server, withServer } from './server.ts';
import { type BackupSession, nameOf, withBackupSession } from './session.ts';
import { makeTrialDatabase } from './trial-database.ts';

interface Surroundings {
  readonly target: PostgresTarget;
  readonly run: CommandRunner;
}

const beatMs = 1000;
const linesMax = 20;

/** The database that the dump is of need not be there. Throws OpsError `damaged` for what is no whole dump; `refused` for another file than `file`. */
export async function proveDump(
  { target, run }: Surroundings,
  path: string,
  { file, called = path, signal = new AbortController().signal, onBeat }: MeasureOptions,
): Promise<Measurement<PostgresFacts>> {
  const act = `prove ${called} at ${nameOf(target)}`;
  const held = await openDump(path, file, called);
  const beat = setInterval(() => onBeat?.(), beatMs);
  try {
    const { size } = await held.stat();
    return await withServer(target, { act, signal }, async (owner) => {
      const server = await askServer(owner, target, { act, run });
      const archive: Archive = { fd: held.fd, called, programs: server.programs, run };
      const head = await readArchive(archive, signal);
      await requireProving(owner, target, act);
      await requireServerRoom(owner, target, { sizeBytes: await sizeOf(owner, target, size), act });
      await using trial = await makeTrialDatabase(owner, { target, locale: head.locale, act });
      const into = { archive, target: trial.target, head, sizeBytes: size, server, act, signal };
      const measurement = await measureRestored(into);
      // Who has lost the lock by then may have shared the database with another run.
      await owner.run('select 1');
      return measurement;
    });
  } finally {
    clearInterval(beat);
    await held.close();
  }
}

/** What is restored, and what into. */
interface Restore {
  readonly archive: Archive;
  /** Of an empty database. */
  readonly target: PostgresTarget;
  readonly head: ArchiveHead;
  readonly sizeBytes: number;
  readonly server: Pick<Server, 'version'>;
  readonly act: string;
  readonly signal: AbortSignal;
}

/** Restores an archive into an empty database, and measures what came out of it. Throws what `restoreInto` throws. */
export async function measureRestored({
  archive,
  target,
  head,
  sizeBytes,
  server,
  act,
  signal,
}: Restore): Promise<Measurement<PostgresFacts>> {
  const { version } = server;
  const { serverVersion = version, locale } = head;
  const findings = await restoreInto(archive, target, signal);
  const inventory = await withBackupSession(target, { act, signal }, inventoryOf);
  const facts: PostgresFacts = {
    engine: 'postgres',
    sizeBytes,
    tables: inventory.tables,
    parts: partsOf(inventory),
    serverVersion,
    ...(serverVersion === version ? {} : { measuredOn: version }),
    ...(locale === undefined ? {} : { locale }),
  };
  keepInventory(facts, inventory);
  const told = findings.slice(0, linesMax);
  return {
    facts,
    integrity:
      told.length === 0
        ? { check: 'full' as const, problems: [], note: undefined }
        : { check: 'full' as const, problems: told, findings: told, note: undefined },
  };
}

/** How many times its dump a database has at most, by experience. */
const unpackedTimesMax = 8;

/** About what it takes on the server: as much as the database has now, where that is there and is not another by far. */
async function sizeOf(
  owner: BackupSession,
  { database }: PostgresTarget,
  dumpBytes: number,
): Promise<number> {
  const { rows } = await owner.run(
    `select pg_database_size(oid)::text from pg_database where datname = $1 and has_database_privilege(oid, 'connect')`,
    [database],
  );
  return Math.min(Number(rows[0]?.[0] ?? Infinity), dumpBytes * unpackedTimesMax);
}

async function inventoryOf(connection: BackupSession) {
  await connection.run('begin isolation level repeatable read read only');
  const inventory = await takeInventory(connection);
  await connection.run('commit');
  return inventory;
}

async function openDump(path: string, file: MeasureOptions['file'], called: string): Promise<FileHandle> {
  const held = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    (error: unknown) => {
      throw systemError(`read ${called}`, error);
    },
  );
  const { dev, ino } = await held.stat({ bigint: true });
  if (file === undefined || (dev === file.device && ino === file.inode)) return held;
  await held.close();
  throw new OpsError('refused', `cannot read ${called}: it is another file than before`);
}
