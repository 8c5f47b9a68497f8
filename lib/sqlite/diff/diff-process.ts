// The process that compares two databases; see session. It has one pair, and ends with the channel to its parent.
import { errorCode } from '../../base/errors.ts';
import { formatBytes } from '../../base/format.ts';
import type { DiffPair } from '../../source/database-diff.ts';
import type { Answer } from '../asked-process.ts';
import { packError } from '../crossing.ts';
import { sqliteError } from '../errors.ts';
import { putTemporariesIn } from '../open.ts';
import { checkBytesMax, limitOwnMemory } from '../own-memory.ts';
import { compareRows } from './compare-rows.ts';
import { outlineOf } from './outline.ts';
import type { DiffQuestion } from './session.ts';
import { openSides, type Sides } from './sides.ts';

let opened: Sides | undefined;

process.on('message', (question: DiffQuestion) => void process.send?.(answer(question)));
// Ctrl-C and a stop of the unit reach this process too. What they mean is for the parent to say.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);

function answer(question: DiffQuestion): Answer {
  try {
    opened ??= open(question.pair);
    return {
      result:
        question.about === 'outline'
          ? outlineOf(opened, question.table)
          : compareRows(opened, question.table, question.keysMax),
    };
  } catch (error) {
    const hint = `a comparison may take ${formatBytes(checkBytesMax())}`;
    const details = errorCode(error) === 'SQLITE_NOMEM' ? { hint } : {};
    return { error: packError(sqliteError('compare the backup and the database of now', error, details)) };
  }
}

function open(pair: DiffPair): Sides {
  putTemporariesIn(pair.temporary);
  limitOwnMemory(checkBytesMax());
  return openSides(pair);
}
