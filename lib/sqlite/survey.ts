// A quick look into a live database before it is replaced: how many rows it has now, and whether it is damaged. In a process
// of its own, which is ended when its time is over: a count and a check are single calls that cannot be interrupted.
import { existsSync } from 'node:fs';
import { errorMessage, OpsError } from '../base/errors.ts';
import { formatDuration } from '../base/format.ts';
import type { Survey, SurveyOptions } from '../source/source.ts';
import type { SqliteLook } from './look.ts';
import { openReader, type Reader, type Reading } from './reader.ts';

const tooLong = new Error('the survey took too long');

/** As `Source.survey`. */
export async function surveyDatabase(
  look: SqliteLook,
  { signal, timeLimitMs }: SurveyOptions,
): Promise<Survey> {
  const as = wayToRead(look);
  if (as === undefined)
    return { tables: undefined, problems: [], note: 'not counted: SQLite would make files beside it' };
  const { path, file } = look;
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(tooLong), timeLimitMs);
  const either = signal === undefined ? limit.signal : AbortSignal.any([signal, limit.signal]);
  const found: Survey = { tables: undefined, problems: [], note: undefined };
  const reader = openReader({ path, file, called: path, as }, either);
  try {
    await lookInto(reader, found);
  } catch (error) {
    signal?.throwIfAborted();
    if (error === tooLong) found.note = `not all was looked at in ${formatDuration(timeLimitMs)}`;
    else if (!(error instanceof OpsError)) throw error;
    else if (error.kind === 'damaged') found.problems.push(error.message);
    else found.note = errorMessage(error);
  } finally {
    clearTimeout(timer);
    await reader.close();
  }
  return found;
}

/** What is known stays known when the time is over. */
async function lookInto(reader: Reader, found: Survey): Promise<void> {
  found.tables = await reader.rows();
  found.problems.push(...((await reader.checkStructure()) ?? []));
}

/** Undefined where SQLite would make a -wal or -shm: to look is not worth that, see `mayMakeSideFiles`. */
function wayToRead({ path, file, wal, walBytes }: SqliteLook): Reading['as'] | undefined {
  if (!wal) return { file, wal };
  if (walBytes === undefined) return 'paged'; // whoever begins to write now makes the look wrong, and nothing else
  return existsSync(`${path}-shm`) ? { file, wal } : undefined;
}
