// The copying itself, in a worker thread: chooses the gentlest method that is sure to finish.
import { rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorCode, OpsError, systemError } from '../base/errors.ts';
import { shellWord } from '../base/shell-word.ts';
import { fullDiskDetails, spaceCommand } from '../files/space.ts';
import { sqliteError } from './errors.ts';
import { requireVisibleLog } from './hidden-log.ts';
import { copyLive, emptyTarget } from './live-copy.ts';
import { hasSideFiles, openSource } from './live-reader.ts';
import { openImmutable } from './open.ts';
import { copyQuiet, isQuiet } from './quiet-copy.ts';
import type { SnapshotReport, SnapshotStart } from './snapshot-work.ts';
import { serve } from './worker-port.ts';

/** Without a target a copy is begun, and not made. */
type Given = SnapshotStart & { target: string | undefined };

// Above the first await: constants and classes, unlike functions, are not there before their line has run.
const hints: Partial<Record<OpsError['kind'], (source: string) => string>> = {
  unavailable: (source) => `see who holds it: fuser -v ${shellWord(source)}`,
  denied: (source) => `run as the app's user or in its group: ls -l ${shellWord(source)}*`,
  damaged: () => 'the backups made before are untouched: restore list',
};

await serve<Given, SnapshotReport | undefined>(async (given, report) => {
  const { target } = given;
  try {
    if (given.wal) await requireVisibleLog(given.source);
    if (target === undefined) return void openAsCopied(given);
    const work = { ...given, target };
    const quiet = await copyQuiet(work, report);
    if (quiet !== undefined) return quiet;
    if (work.wal) await requireVisibleLog(work.source);
    await emptyTarget(work.target);
    return await copyLive(work, report);
  } catch (error) {
    throw explained(given, error);
  }
});

function openAsCopied(work: SnapshotStart): void {
  if (isQuiet(work)) return void openImmutable(work.source, work).close();
  if (work.makeNothing === true && work.wal && !hasSideFiles(work.source)) return;
  openSource(work).close();
}

function explained({ source, target }: Given, error: unknown): unknown {
  if (errorCode(error)?.startsWith('SQLITE_FULL') === true)
    return sqliteError(`write the snapshot ${target}`, error, {
      hint: `free some space: ${spaceCommand(dirname(target ?? source))}`,
    });
  const wrapped =
    (target === undefined ? undefined : unwritable(target, error)) ??
    sqliteError(`snapshot ${source}`, error);
  if (!(wrapped instanceof OpsError) || wrapped.hint !== undefined) return wrapped;
  const hint = hints[wrapped.kind]?.(source);
  return hint === undefined ? wrapped : new OpsError(wrapped.kind, wrapped.message, { hint, cause: error });
}

/** SQLite has one code for a source it cannot open and a journal of the copy it cannot make: the system tells which. */
function unwritable(target: string, error: unknown): unknown {
  if (errorCode(error)?.startsWith('SQLITE_CANTOPEN') !== true) return undefined;
  const [directory, probe] = [dirname(target), `${target}-probe`];
  try {
    writeFileSync(probe, '', { flag: 'wx' });
    return undefined;
  } catch (problem) {
    return systemError(`write the snapshot ${target}`, problem, fullDiskDetails(problem, directory));
  } finally {
    rmSync(probe, { force: true });
  }
}
