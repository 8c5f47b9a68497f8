// Before a restore changes anything: an earlier one that was interrupted is finished or undone, and said so.
import { join } from 'node:path';
import type { GuardedApp } from '../../../lib/config/config.ts';
import { sweepTemporaries } from '../../../lib/files/durable.ts';
import type { LocatedFile } from '../../../lib/files/locate-file.ts';
import {
  describeInterrupted,
  leftStaging,
  type Recovery,
  removeLeftStaging,
  settleInterrupted,
} from '../../../lib/placement/recovery.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import { hasRestoringNote, removeRestoringNote } from './restoring-note.ts';

/**
 * Settles what an interrupted restore left at `target`: rolls it back or forward, removes its staging directory,
 * starts the services it had stopped. Returns what was found, in sentences; empty when there was nothing. Called
 * under the app's lock.
 */
export async function settleEarlier(
  context: JobContext,
  app: GuardedApp,
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

async function startStopped(context: JobContext, app: GuardedApp): Promise<string[]> {
  if (!(await hasRestoringNote(context, app))) return [];
  await context.services(app).start();
  await removeRestoringNote(context, app);
  return [`the services it had stopped were started: ${context.services(app).describe()}`];
}

/** What an interrupted restore left, in sentences, without touching it; `target` is undefined where its directory is gone, `atWork` where a
 * restore may be at work right now. */
export async function describeEarlier(
  context: JobContext,
  app: GuardedApp,
  target: LocatedFile | undefined,
  { atWork = false }: { atWork?: boolean } = {},
): Promise<string[]> {
  const interruption = target === undefined ? undefined : await describeInterrupted(target);
  const said: string[] = [];
  if (interruption !== undefined) {
    const { inPlace, intent } = interruption;
    const which = { old: 'the OLD database is in place, whole', new: 'the NEW database is in place, whole' };
    said.push(
      `a restore of ${intent.backup} was interrupted: ` +
        (inPlace === 'other' ? 'neither the old nor the new database is in place' : which[inPlace]),
    );
  }
  for (const name of target === undefined || atWork ? [] : await leftStaging(target))
    said.push(`a restore that was killed left ${join(target?.directory.path ?? '', name)}`);
  if (await hasRestoringNote(context, app))
    said.push(`its services may be stopped: ${context.services(app).describe()}`);
  if (said.length > 0)
    said.push(
      `restore undo --discard --app ${app.name} settles this and nothing else; restore run and restore undo do so first`,
    );
  return said;
}
