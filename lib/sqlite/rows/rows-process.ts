// The process that holds one instant of a database open and answers for it.
import { statSync } from 'node:fs';
import process from 'node:process';
import type { Answer } from '../asked-process.ts';
import { packError } from '../crossing.ts';
import { sqliteError } from '../errors.ts';
import { requireVisibleLog } from '../hidden-log.ts';
import { type LiveSource, openSource } from '../live-reader.ts';
import type { Database } from '../open.ts';
import { pipeDescriptor } from '../started-process.ts';
import { writeDocument } from './document.ts';
import { endMark, FrameWriter, writeWhole } from './frames.ts';
import { beginInstant, beginTogether } from './instant.ts';
import { queryRows } from './query.ts';
import { startSecond } from './second.ts';
import type { RowsQuestion } from './session.ts';
import { sourcesByTwo } from './sources.ts';
import { dataTables } from './table-shape.ts';

/** A smaller database is read before a second thread has begun to. */
const worthTwoBytes = 8 * 1024 * 1024;

let database: Database | undefined;
let second = startSecond(pipeDescriptor);

// Ctrl-C and a stop of the unit reach this process too. What they mean is for the parent to say.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);
// This process ends with the channel to its parent, and a thread that waits to be asked is not to keep it.
process.on('disconnect', () => second?.close());
process.on('message', ({ source, ask }: RowsQuestion) => {
  answer(source, ask).then(
    (result) => process.send?.({ result } satisfies Answer),
    (error: unknown) =>
      process.send?.({
        error: packError(sqliteError(`read ${source.source}`, error)),
      } satisfies Answer),
  );
});

async function answer(source: LiveSource, ask: RowsQuestion['ask']): Promise<unknown> {
  database ??= await openInstant(source);
  if (ask.about === 'query') return queryRows(database, ask.sql, ask.called);
  if (ask.about === 'tables') return dataTables(database);
  if (ask.about === 'sources') return sourcesByTwo(database, ask, second);
  try {
    const frames = new FrameWriter((bytes) => writeWhole(pipeDescriptor, bytes));
    const found = await writeDocument(database, ask.recipe, ask.style, frames, second);
    frames.flush();
    return found;
  } finally {
    writeWhole(pipeDescriptor, endMark);
  }
}

/** What is read from here on is of one instant, by the second thread as well, where there is one that is worth it. */
async function openInstant(source: LiveSource): Promise<Database> {
  if (source.wal) await requireVisibleLog(source.source);
  const opened = openSource(source);
  const isWorthTwo = (statSync(source.source, { throwIfNoEntry: false })?.size ?? 0) >= worthTwoBytes;
  if (second !== undefined && isWorthTwo && (await beginTogether(opened, source, second))) return opened;
  second?.close();
  second = undefined;
  beginInstant(opened);
  return opened;
}
