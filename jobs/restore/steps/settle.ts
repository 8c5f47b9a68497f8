// Before a restore changes anything: an earlier one that was interrupted is finished or undone, and said so.
import { OpsError } from '../../../lib/base/errors.ts';
import type { FileApp, GuardedApp } from '../../../lib/config/config.ts';
import { sweepTemporaries } from '../../../lib/files/durable.ts';
import type { LocatedFile } from '../../../lib/files/locate-file.ts';
import { type Recovery, removeLeftStaging, settleInterrupted } from '../../../lib/placement/recovery.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import { hasRestoringNote, removeRestoringNote } from '../../steps/restoring-note.ts';

/**
 * Settles what an interrupted restore left at `target`: rolls it back or forward, removes its staging directory,
 * starts the services it had stopped. Returns what was found, in sentences; empty when there was nothing. Called
 * under the app's lock.
 */
export async function settleEarlier(
  context: JobContext,
  app: FileApp,
  target: LocatedFile,
): Promise<string[]> {
  let started: string[] = [];
  const recovery = await settleInterrupted(target, context, async () => {
    started = await startStopped(context, app);
  });
  await removeLeftStaging(target, context.log);
  await sweepTemporaries(target.directory.at('.'), context.clock.now());
  const said = [...(recovery === undefined ? [] : recovered(recovery)), ...started];
  for (const sentence of said) context.log.warn(`${app.name}: ${sentence}`);
  return said;
}

function recovered(recovery: Recovery): string[] {
  const interrupted = `an earlier restore of ${recovery.intent.backup} was interrupted`;
  switch (recovery.outcome) {
    case 'rolled-back':
      return [
        `${interrupted}: the OLD database is in place, whole; it was undone`,
        ...(recovery.keptUndo === undefined ? [] : [`its undo set is kept: ${recovery.keptUndo}`]),
      ];
    case 'rolled-forward':
      return [`${interrupted}: the NEW database is in place, whole; it was finished`];
    case 'abandoned':
      return [
        `${interrupted}, and another database was put in place since; ` +
          `everything is kept, its record is ${recovery.keptIntent}`,
      ];
  }
}

/** Starts the services that a restore of the app had stopped, and says so in a sentence; empty where none had. */
export async function startStopped(context: JobContext, app: GuardedApp): Promise<string[]> {
  if (!(await hasRestoringNote(context, app))) return [];
  try {
    await context.services(app).start();
  } catch (error) {
    // What is to be restored now may be what they need. The note stays, and so does the word of it.
    if (!(error instanceof OpsError)) throw error;
    return [`the services it had stopped could not be started: ${error.message}`];
  }
  await removeRestoringNote(context, app);
  return [`the services it had stopped were started: ${context.services(app).describe()}`];
}
