// The process that holds one instant of a database open and answers for it.
import { writeSync } from 'node:fs';
import process from 'node:process';
import type { Recipe, Source } from '../../export/rows.ts';
import type { JsonStyle } from '../../export/style.ts';
import type { Answer } from '../asked-process.ts';
import { packError } from '../crossing.ts';
import { sqliteError } from '../errors.ts';
import { requireVisibleLog } from '../hidden-log.ts';
import { type LiveSource, openSource } from '../live-reader.ts';
import type { Database } from '../open.ts';
import { pipeDescriptor } from '../started-process.ts';
import { documentSource, emitDocument } from './document.ts';
import { endMark } from './frames.ts';
import { queryRows } from './query.ts';
import type { RowsQuestion } from './session.ts';
import { dataTables } from './table-shape.ts';

/** A frame is written when it has about so many bytes. */
const frameBytes = 256 * 1024;

let database: Database | undefined;

// Ctrl-C and a stop of the unit reach this process too. What they mean is for the parent to say.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);
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
  if (ask.about === 'sources') return sourcesOf(database, ask);
  try {
    return sendDocument(database, ask.recipe, ask.style);
  } finally {
    send(endMark);
  }
}

function sourcesOf(
  from: Database,
  { of, queries, style }: Extract<RowsQuestion['ask'], { about: 'sources' }>,
): (Source | undefined)[] {
  return of.map((asked) => asked && documentSource(from, queries[asked.query] ?? '', asked.day, style));
}

/** What is read from here on is of one instant: a transaction begins with its first read. */
async function openInstant(source: LiveSource): Promise<Database> {
  if (source.wal) await requireVisibleLog(source.source);
  const opened = openSource(source);
  opened.exec('BEGIN');
  opened.prepare('SELECT count(*) FROM sqlite_schema').get();
  return opened;
}

function sendDocument(from: Database, recipe: Recipe, style: JsonStyle): Source | undefined {
  let text = '';
  let pending: Uint8Array[] = [];
  let sizeBytes = 0;
  const flushText = () => {
    if (text === '') return;
    const bytes = Buffer.from(text);
    text = '';
    pending.push(bytes);
    sizeBytes += bytes.length;
  };
  const flush = () => {
    flushText();
    if (sizeBytes === 0) return;
    const length = Buffer.alloc(endMark.length);
    length.writeUInt32LE(sizeBytes);
    send(length);
    for (const bytes of pending) send(bytes);
    [pending, sizeBytes] = [[], 0];
  };
  const source = emitDocument(from, recipe, style, (piece) => {
    if (typeof piece === 'string') text += piece;
    else {
      flushText();
      pending.push(piece);
      sizeBytes += piece.length;
    }
    if (text.length + sizeBytes >= frameBytes) flush();
  });
  flush();
  return source;
}

/** Waits while the other side has not taken what came before: this process has nothing else to do. */
function send(bytes: Uint8Array): void {
  for (let sent = 0; sent < bytes.length;) sent += writeSync(pipeDescriptor, bytes, sent);
}
