// A PostgreSQL database as a source: a dump is its copy, and what is in one is known where it was restored.
import type { CommandRunner } from '../../base/command.ts';
import { OpsError } from '../../base/errors.ts';
import type { PostgresTarget } from '../../health/postgres-target.ts';
import { differencesBeside } from '../../source/differences.ts';
import { type PostgresFacts, postgresDifferences } from '../../source/postgres-facts.ts';
import type { Source, SurveyOptions, Survey } from '../../source/source.ts';
import { dumpDatabase } from './dump.ts';
import { countTables } from './inventory.ts';
import { lookAtDatabase, type PostgresLook, requireDumpable } from './look.ts';
import { proveDump } from './prove.ts';
import { nameOf, withBackupSession } from './session.ts';

export interface PostgresSourceParts {
  /** Read anew for each thing that is done. Throws OpsError for an address that cannot be used. */
  readTarget(): PostgresTarget;
  readonly run: CommandRunner;
  /** How long a lock that somebody holds on a table is waited for; a minute unless given. */
  readonly lockWaitMs?: number;
  /** How long somebody may wait who alters a table while it is dumped; five seconds unless given. */
  readonly patienceMs?: number;
}

const never = new AbortController().signal;

/** Nothing is reached before the first call. */
export function postgresSource({
  readTarget,
  run,
  lockWaitMs = 60_000,
  patienceMs = 5000,
}: PostgresSourceParts): Source<PostgresFacts, PostgresLook> {
  return {
    engine: 'postgres',
    gentlerHint: 'a dump keeps nobody waiting who does not alter its tables',
    look: () => lookAtDatabase({ target: readTarget(), run, signal: never }),
    async begin(seen, { signal = never }) {
      const target = readTarget();
      await withBackupSession(target, { act: `back up ${nameOf(target)}`, signal }, (connection) =>
        requireDumpable(connection, target, seen),
      );
    },
    copy: (seen, path, options) =>
      dumpDatabase({ target: readTarget(), run, lockWaitMs, patienceMs }, seen, path, options),
    survey: (_seen, options) => survey(readTarget(), options),
    measure: (file, options = {}) => proveDump({ target: readTarget(), run }, file, options),
    compare: (expected, found) => differencesBeside(expected, found, postgresDifferences(expected, found)),
  };
}

async function survey(
  target: PostgresTarget,
  { signal = never, timeLimitMs }: SurveyOptions,
): Promise<Survey> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeLimitMs)]);
  try {
    const tables = await withBackupSession(
      target,
      { act: `count the rows of ${nameOf(target)}`, signal: limit },
      countTables,
    );
    return { tables, problems: [], note: undefined };
  } catch (error) {
    signal.throwIfAborted();
    if (limit.aborted)
      return { tables: undefined, problems: [], note: 'there was no time to count its rows' };
    if (error instanceof OpsError) return { tables: undefined, problems: [], note: error.message };
    throw error;
  }
}
