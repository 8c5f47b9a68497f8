// A note in the state directory that services were stopped for a restore: after a kill, the next command starts them.
import type { GuardedApp } from '../../lib/config/config.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { StateNote } from '../../lib/files/state-note.ts';
import { restoringNote } from '../../lib/run/lost-runs.ts';

/** Written before the services are stopped, removed when they were started. */
interface RestoringNote {
  app: string;
  since: string;
}

/** Notes that the services of the app are about to be stopped. */
export async function writeRestoringNote(context: JobContext, app: GuardedApp): Promise<void> {
  const note: RestoringNote = { app: app.name, since: context.clock.now().toISOString() };
  await noteOf(context, app).write(`${JSON.stringify(note)}\n`);
}

export async function removeRestoringNote(context: JobContext, app: GuardedApp): Promise<void> {
  await noteOf(context, app).remove();
}

/** Whether a restore of the app stopped its services and has not started them since. */
export async function hasRestoringNote(context: JobContext, app: GuardedApp): Promise<boolean> {
  return (await noteOf(context, app).read()) !== undefined;
}

function noteOf(context: JobContext, app: GuardedApp): StateNote {
  return restoringNote(context.config, app.name);
}
