// The process that reads a file for measure; see reader. It has one file, and ends with the channel to its parent.
import { errorCode } from '../base/errors.ts';
import { formatBytes } from '../base/format.ts';
import { type Counted, count } from './facts.ts';
import { countForeignKeyViolations } from './foreign-keys.ts';
import { packError } from './crossing.ts';
import { sqliteError } from './errors.ts';
import { checkIntegrity, checkStructure, checkTable } from './integrity.ts';
import type { Integrity } from '../source/source.ts';
import { requireEveryPage } from './every-page.ts';
import { openSource } from './live-reader.ts';
import { type Database, openImmutable, openMapped, schemaTroubleOf, tolerateSchema } from './open.ts';
import { checkBytesMax, limitOwnMemory } from './own-memory.ts';
import type { Answer } from './asked-process.ts';
import type { Problems, Question, Reading } from './reader.ts';
import type { TableRows } from '../source/facts.ts';
import { countTables } from './table-rows.ts';

let opened: Database | undefined;

const tooMuch = `a check may take ${formatBytes(checkBytesMax())}: see what its indexes and generated columns compute: sqlite3 <database> .schema`;

process.on('message', (question: Question) => void answer(question).then((said) => process.send?.(said)));
// Ctrl-C and a stop of the unit reach this process too. What they mean is for the parent to say.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => undefined);

async function answer(question: Question): Promise<Answer> {
  const act = question.about === 'counts' || question.about === 'rows' ? 'read' : 'check';
  try {
    return { result: await look(question) };
  } catch (error) {
    const isMemory = errorCode(error) === 'SQLITE_NOMEM';
    const details = isMemory ? { hint: tooMuch } : {};
    return { error: packError(sqliteError(`${act} ${question.reading.called}`, error, details)) };
  }
}

async function look(question: Question): Promise<Counted | TableRows[] | Problems | Integrity | number> {
  const { reading } = question;
  opened ??= openBounded(reading);
  // The check looks at every cell itself, once. To do so with each visit of a mapped page as well takes twice the time.
  opened.pragma(`cell_size_check = ${question.about === 'counts' ? 'ON' : 'OFF'}`);
  switch (question.about) {
    case 'counts':
      return count(opened, reading.path, reading.called);
    case 'rows':
      requireEveryPage(opened, reading.path, reading.called);
      return countTables(opened);
    case 'foreign keys':
      return countForeignKeyViolations(opened);
    case 'structure':
      return checkStructure(opened);
    case 'table':
      return checkTable(opened, question.table);
    case 'everything':
      return checkIntegrity(opened);
  }
}

function openBounded(reading: Reading): Database {
  limitOwnMemory(checkBytesMax());
  return open(reading);
}

function open({ path, file, as }: Reading): Database {
  if (typeof as === 'object') return openSource({ source: path, ...as });
  const database = as === 'mapped' ? openMapped(path, { file }) : openImmutable(path, { file });
  if (schemaTroubleOf(database) !== undefined) tolerateSchema(database);
  return database;
}
