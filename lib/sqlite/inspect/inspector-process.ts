// The process that looks at a live database for an inspector. It has one file, and ends with the channel to its parent.
import { existsSync } from 'node:fs';
import process from 'node:process';
import { errorCode, OpsError } from '../../base/errors.ts';
import { formatBytes } from '../../base/format.ts';
import type { Answer } from '../asked-process.ts';
import { packError } from '../crossing.ts';
import { sqliteError } from '../errors.ts';
import { checkStructure } from '../integrity.ts';
import { requireSource, type SqliteLook } from '../look.ts';
import type { Database } from '../open.ts';
import { checkBytesMax, limitOwnFiles, limitOwnMemory } from '../own-memory.ts';
import type { Inspection, InspectorQuestion, PagesFound } from './inspector.ts';
import { liveLog, liveState, type LiveState } from './live-state.ts';
import { openQuietly } from './open-quietly.ts';
import { ownersQuery, type QueryRows } from './owners-query.ts';

/** A query, a check and a look at the schema take a few; what needs more was made to. */
const moreBytesMax = Math.min(checkBytesMax(), 256 * 1024 * 1024);

const tooMuch = `a query may take ${formatBytes(moreBytesMax)} of memory, and as much to sort: let it return or sort less`;

/** What a query puts aside to sort it, in a file that SQLite removes. */
const asideBytesMax = 256 * 1024 * 1024;

let opened: { database: Database; state: LiveState; look: SqliteLook } | undefined;

// Ctrl-C and a stop of the unit reach this process too. What they mean is for the parent to say.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);
process.on(
  'message',
  (question: InspectorQuestion) => void answer(question).then((said) => process.send?.(said)),
);

async function answer({ path, inspection }: InspectorQuestion): Promise<Answer> {
  try {
    return { result: await inspect(path, inspection) };
  } catch (error) {
    const isRoom = ['SQLITE_NOMEM', 'SQLITE_IOERR_WRITE', 'SQLITE_FULL'].includes(errorCode(error) ?? '');
    const details = isRoom ? { hint: tooMuch } : {};
    return { error: packError(sqliteError(actOf(path, inspection), error, details)) };
  }
}

function actOf(path: string, inspection: Inspection): string {
  if (inspection.about === 'query') return `run ${inspection.called}`;
  return `${inspection.about === 'state' ? 'read' : 'check'} the database ${path}`;
}

async function inspect(path: string, inspection: Inspection): Promise<LiveState | PagesFound | QueryRows> {
  opened ??= await open(path);
  const { database, state, look } = opened;
  switch (inspection.about) {
    case 'state':
      return state;
    case 'pages':
      return checkPages(database, look);
    case 'query':
      return ownersQuery(database, inspection.sql, inspection.called, inspection.limits);
  }
}

/** A database that nobody has open is read without a lock: an app that is started meanwhile makes what is seen worth nothing. */
function checkPages(database: Database, { path, wal, walBytes }: SqliteLook): PagesFound {
  const problems = checkStructure(database);
  const isStill = wal && walBytes === undefined;
  if (problems === undefined || problems.length === 0 || !isStill || !existsSync(`${path}-wal`))
    return problems;
  throw new OpsError('unavailable', `cannot check the database ${path}: the app was started meanwhile`);
}

async function open(path: string): Promise<NonNullable<typeof opened>> {
  const look = await requireSource(path);
  const log = await liveLog(look);
  limitOwnMemory(moreBytesMax);
  limitOwnFiles(asideBytesMax);
  const database = await openQuietly(look);
  return { database, state: liveState(database, look, log), look };
}
