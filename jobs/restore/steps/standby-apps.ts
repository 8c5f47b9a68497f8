// The apps of which this machine is a standby, and what of each of them makes it one.
import { OpsError } from '../../../lib/base/errors.ts';
import { formatBytes, formatDuration, formatInstant } from '../../../lib/base/format.ts';
import type { FileApp } from '../../../lib/config/config.ts';
import type { StandbyConfig } from '../../../lib/config/standby-config.ts';
import type { LocatedFile } from '../../../lib/files/locate-file.ts';
import { processWords } from '../../../lib/placement/holder-words.ts';
import { findHolders } from '../../../lib/placement/holders.ts';
import { readWarmCopy } from '../../../lib/placement/warm-copy.ts';
import type { WarmCopy } from '../../../lib/placement/warm-copy-record.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import { requireFileApp, selectedApp, selectedApps } from '../../steps/each-app.ts';
import { promotionOf } from '../../steps/live-here.ts';

/** An app with a standby. */
export type StandbyApp = FileApp & { readonly standby: StandbyConfig };

/** So far ahead of our clock that of another machine may be. */
const aheadMsMax = 10 * 60_000;

/** The one that was named, else all. Throws OpsError `config` for one of which this machine is no standby. */
export function standbyApps(context: JobContext, name: string | undefined): readonly StandbyApp[] {
  const apps = selectedApps(context, name);
  if (name !== undefined) return apps.map(requireStandby);
  const found = apps.flatMap((app) => (isStandby(app) ? [app] : []));
  if (found.length === 0) throw noStandby(`no app of ${context.config.source} has [apps.<name>.standby]`);
  return found;
}

/** The one that is meant. */
export function standbyApp(context: JobContext, name: string | undefined): StandbyApp {
  return requireStandby(selectedApp(context, name));
}

/** By what its notes are found. */
export function notesOf({ config }: JobContext, { name, database }: FileApp) {
  return { stateDirectory: config.stateDirectory, app: name, database };
}

/** Its warm copy, where there is one; a note that cannot be used is none, and is said. */
export async function warmCopyOf(context: JobContext, app: FileApp): Promise<WarmCopy | undefined> {
  try {
    return await readWarmCopy(notesOf(context, app));
  } catch (error) {
    if (!(error instanceof OpsError) || error.kind !== 'damaged') throw error;
    context.log.warn(`${app.name}: ${error.message}`);
    return undefined;
  }
}

/** Throws OpsError `refused` where the app lives on this machine, or may well do so. */
export async function requireStandingBy(
  context: JobContext,
  app: StandbyApp,
  target: LocatedFile,
): Promise<void> {
  const promotion = await promotionOf(context, app);
  if (promotion !== undefined)
    throw new OpsError(
      'refused',
      `cannot stand by for ${app.name}: it is live on this machine since ${formatInstant(promotion.at, context.config.timeZone)}`,
      { hint: `when it is live on another one again: restore standby --step-down --app ${app.name}` },
    );
  await requireNobodyAtWork(app, target, 'stand by for');
}

/** Throws OpsError `refused` where a program has the database open: it lives here, whatever the configuration says. */
export async function requireNobodyAtWork(app: StandbyApp, target: LocatedFile, act: string): Promise<void> {
  const [holder] = (await findHolders(target)).holders;
  if (holder === undefined) return;
  const [unit] = app.services.units;
  const stop = unit === undefined ? 'stop the app' : `systemctl disable --now ${unit}`;
  throw new OpsError(
    'refused',
    `cannot ${act} ${app.name}: ${processWords(holder)} has ${target.path} open, so it is live here`,
    {
      hint: `if it lives elsewhere: ${stop}; if here: take [apps.${app.name}.standby] out of the configuration`,
    },
  );
}

/** Why a copy is not to be made live without a word, in sentences: it is too old or too small. */
export function flawsOf(
  { standby: { ageMsMax, sizeBytesMin } }: StandbyApp,
  { takenAt, sizeBytes }: { takenAt: Date; sizeBytes: number },
  now: Date,
): string[] {
  const ageMs = now.getTime() - takenAt.getTime();
  const flaws: string[] = [];
  if (ageMs > ageMsMax)
    flaws.push(
      `it was taken ${formatDuration(ageMs)} ago, and may be ${formatDuration(ageMsMax)} old at most`,
    );
  if (ageMs < -aheadMsMax)
    flaws.push(
      `it is dated ${formatDuration(-ageMs)} in the future, so a clock is wrong and nobody can tell how old it is`,
    );
  if (sizeBytesMin !== undefined && sizeBytes < sizeBytesMin)
    flaws.push(
      `it has only ${formatBytes(sizeBytes)}, and should have ${formatBytes(sizeBytesMin)} at least`,
    );
  return flaws;
}

/** Whether this machine is one of it, promoted or not. */
export function isStandby(app: object): app is StandbyApp {
  return 'standby' in app && app.standby !== undefined;
}

function requireStandby(app: Parameters<typeof requireFileApp>[0]): StandbyApp {
  const file = requireFileApp(app, {
    act: 'keep a standby of',
    instead: 'PostgreSQL has standbys of its own: pg_basebackup -R',
  });
  if (isStandby(file)) return file;
  throw noStandby(`there is no [apps.${app.name}.standby] in the configuration`);
}

function noStandby(why: string): OpsError {
  return new OpsError('config', `cannot find a standby: ${why}`, {
    hint: 'on the machine that is to stand by, write that table; docs/operations.md#the-standby says what belongs to it',
  });
}
