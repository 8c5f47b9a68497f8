// The side of the second thread; see second.
import { readlinkSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import type { Answer } from '../asked-process.ts';
import { packError } from '../crossing.ts';
import { sqliteError } from '../errors.ts';
import { type LiveSource, openSource } from '../live-reader.ts';
import type { Database } from '../open.ts';
import { FrameWriter, writeWhole } from './frames.ts';
import { LookedInstant } from './instant.ts';
import type { SecondQuestion } from './second.ts';
import { GivenUp } from './shares.ts';
import { tellSources } from './sources.ts';
import { type SharedLines, writeSharedLines } from './table-lines.ts';

const descriptor = Number(workerData);

let opened: { source: LiveSource; database: Database; instant: LookedInstant } | undefined;

parentPort?.on('message', (question: SecondQuestion) => {
  parentPort?.postMessage(answered(question));
});

function answered(question: SecondQuestion): Answer {
  try {
    return { result: answer(question) };
  } catch (error) {
    return { error: packError(sqliteError(`read ${opened?.source.source ?? 'a database'}`, error)) };
  }
}

function answer(question: SecondQuestion): unknown {
  if (question.about === 'open') return open(question.source);
  if (opened === undefined) throw new Error('a question came before the database');
  const { database, instant } = opened;
  switch (question.about) {
    case 'look':
      return instant.look();
    case 'begin':
      return instant.begin();
    case 'sources':
      return tellSources(database, question.shared);
    case 'lines':
      return writeLines(database, question.shared);
  }
}

/** Returns where the kernel shows this thread, as long as it lives. */
function open(source: LiveSource): string {
  opened?.database.close();
  const database = openSource(source);
  opened = { source, database, instant: new LookedInstant(database) };
  return `/proc/${readlinkSync('/proc/thread-self')}`;
}

function writeLines(database: Database, shared: SharedLines): void {
  try {
    writeSharedLines(database, shared, new FrameWriter((bytes) => writeWhole(descriptor, bytes)));
  } catch (error) {
    if (!(error instanceof GivenUp)) throw error; // the first one says why
  }
}
