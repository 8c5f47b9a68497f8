// What a restore would meet: found out without fetching anything, for `restore plan` and for the question before a restore.
import { shellWord } from '../../../lib/base/shell-word.ts';
import { resolve } from 'node:path';
import type { ReadTime } from '../../../lib/backup/parse-time.ts';
import type { CatalogueEntry } from '../../../lib/backup/catalogue.ts';
import { formatByName, isSealedName } from '../../../lib/backup/name.ts';
import { errorCode, OpsError } from '../../../lib/base/errors.ts';
import type { Finding } from '../../../lib/base/finding.ts';
import { formatBytes } from '../../../lib/base/format.ts';
import type { FileApp, GuardedApp } from '../../../lib/config/config.ts';
import { type LocatedFile, locateFile } from '../../../lib/files/locate-file.ts';
import { sizeIfThere } from '../../../lib/files/size.ts';
import { freeBytes, spaceCommand } from '../../../lib/files/space.ts';
import { inspectSet, isSpread, setSizeBytes } from '../../../lib/placement/database-set.ts';
import { type OpenIn, processesOf, processWords, stopCommand } from '../../../lib/placement/holder-words.ts';
import { findHolders } from '../../../lib/placement/holders.ts';
import { requireFree } from '../../../lib/placement/place-new.ts';
import { requireOrdinary } from '../../../lib/placement/readiness.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import { type GoneDirectory, goneDirectory, goneHint, goneWords } from './database-directory.ts';
import { damagedHint, misfitOf } from '../../steps/choose-entry.ts';
import { type ListedBackup, noteOf } from '../../steps/listed-backup.ts';
import { type NeededBackups, neededBackups } from '../../steps/needed-backups.ts';
import { describeEarlier } from '../../steps/earlier-restore.ts';
import { roomToFetch } from './room-to-fetch.ts';
import { type Stakes, stakesOf } from './stakes.ts';

/** Everything is as it was a moment ago. */
export interface RestorePlan {
  app: string;
  /** `sizeBytes` is of the database that comes out of it. */
  backup: Pick<ListedBackup, 'name' | 'takenAt' | 'sizeBytes' | 'state' | 'note'> & NeededBackups;
  /** How --at was understood. */
  asOf?: ReadTime;
  target: string;
  /** The size of what is there now, with its log. */
  currentBytes: number | undefined;
  neededBytes: number;
  freeBytes: number | undefined;
  /** What a restore in place of the live database meets; undefined with --to. */
  services?: string;
  /** Each process once. */
  holders?: OpenIn[];
  /** Who is connected to the database of a server, in words. */
  connected?: string;
  interrupted?: string[];
  stakes?: Stakes;
  /** Whether something stops and starts the app. */
  stopsServices: boolean;
  /** Why it would not work, in sentences. */
  obstacles: string[];
}

/** Why a restore would not work, and what helps. */
export interface Obstacle {
  message: string;
  hint: string | undefined;
}

/** A plan, and its obstacles as news. */
export interface Planned {
  plan: RestorePlan;
  findings: Finding[];
}

export interface PlanOrder<App extends GuardedApp = FileApp> {
  app: App;
  entry: CatalogueEntry;
  entries: readonly CatalogueEntry[];
  asOf?: ReadTime | undefined;
  /** A new file; in place of the live database unless given. */
  to: string | undefined;
}

const takenHint =
  'name a file that does not exist; without --to the live database is replaced, and kept as an undo set';

/**
 * Finds it all out. A restore that would not work is bad news: a script that plans first must not go on. Throws OpsError
 * where the target cannot be looked at.
 */
export async function planRestore(context: JobContext, order: PlanOrder): Promise<Planned> {
  return plannedOf(await findOut(context, order));
}

/** What was found out, with its obstacles as news. */
export function plannedOf({ obstacles, ...plan }: Found): Planned {
  return {
    plan: { ...plan, obstacles: obstacles.map(({ message }) => message) },
    findings: obstacles.map((obstacle) => ({ subject: plan.app, severity: 'critical', ...obstacle })),
  };
}

export type Found = Omit<RestorePlan, 'obstacles'> & { obstacles: Obstacle[] };

async function findOut(context: JobContext, order: PlanOrder): Promise<Found> {
  const { app, entry, entries, to } = order;
  const gone = to === undefined ? await goneDirectory(app, entry, entries) : undefined;
  if (gone !== undefined) return planWithoutDirectory(context, order, gone);
  using target = await locateFile(to === undefined ? app.database : resolve(to));
  const set = await attempt(() => inspectSet(target));
  const spreadBytes = set.found !== undefined && isSpread(set.found) ? setSizeBytes(set.found) : 0;
  // Besides the backup: the copies of a database that is spread over several files, see `makeUndoSet` and `mergeCopy`.
  const room = await roomToFetch(context, order, target.directory.path);
  const neededBytes = entry.sizeBytes + room.besideBytes + (to === undefined ? 2 * spreadBytes : 0);
  const free = await freeBytes(target.directory.at('.'));
  const inPlace = to === undefined ? await inPlaceFacts(context, order, target) : undefined;
  const obstacles = [
    ...set.obstacles,
    ...(set.found === undefined ? [] : await inTheWay(order, target)),
    ...(await unusableEntry(context, app, entry)),
    ...room.obstacles,
    ...tooLittleSpace(target.path, neededBytes, free),
    ...(context.services(app).isNone ? heldOpen(target.path, inPlace?.holders ?? []) : []),
  ];
  return {
    ...planned(context, order),
    target: target.path,
    currentBytes:
      set.found === undefined ? await sizeIfThere(target.directory.at(target.name)) : sizeOf(set.found),
    neededBytes,
    freeBytes: free,
    ...inPlace,
    obstacles,
  };
}

async function planWithoutDirectory(
  context: JobContext,
  order: PlanOrder,
  gone: GoneDirectory,
): Promise<Found> {
  const { app, entry } = order;
  const free = await freeBytes(gone.path);
  return {
    ...planned(context, order),
    target: app.database,
    currentBytes: undefined,
    neededBytes: entry.sizeBytes,
    freeBytes: free,
    services: context.services(app).describe(),
    holders: [],
    interrupted: await describeEarlier(context, app, undefined),
    stakes: await stakesOf(context, app, entry),
    obstacles: [
      { message: goneWords(gone), hint: goneHint(app, gone, entry.name) },
      ...(await unusableEntry(context, app, entry)),
      ...tooLittleSpace(app.database, entry.sizeBytes, free),
    ],
  };
}

export function planned(context: JobContext, { app, asOf, entry, entries }: PlanOrder<GuardedApp>) {
  const { name, takenAt, sizeBytes, state } = entry;
  return {
    app: app.name,
    backup: { name, takenAt, sizeBytes, state, note: noteOf(entry), ...neededBackups(entry, entries) },
    ...(asOf === undefined ? {} : { asOf }),
    stopsServices: !context.services(app).isNone,
  };
}

async function inPlaceFacts(context: JobContext, { app, entry }: PlanOrder, target: LocatedFile) {
  return {
    services: context.services(app).describe(),
    holders: await holdersOf(target),
    interrupted: await describeEarlier(context, app, target),
    stakes: await stakesOf(context, app, entry),
  };
}

/** Who has it open is worth knowing, and no reason to fail when it cannot be known. */
async function holdersOf(target: LocatedFile): Promise<OpenIn[]> {
  try {
    return processesOf((await findHolders(target)).holders);
  } catch (error) {
    if (error instanceof OpsError || errorCode(error) !== undefined) return [];
    throw error;
  }
}

async function inTheWay({ to }: PlanOrder, target: LocatedFile): Promise<Obstacle[]> {
  const look =
    to === undefined ? () => requireOrdinary(target) : () => requireFree(target, { taken: takenHint });
  return (await attempt(look)).obstacles;
}

/** What `look` finds; what it refuses is an obstacle. */
async function attempt<T>(look: () => Promise<T>): Promise<{ found?: T; obstacles: Obstacle[] }> {
  try {
    return { found: await look(), obstacles: [] };
  } catch (error) {
    if (!(error instanceof OpsError) || error.kind !== 'refused') throw error;
    return { obstacles: [{ message: error.message, hint: error.hint }] };
  }
}

export async function unusableEntry(
  context: JobContext,
  app: GuardedApp,
  entry: CatalogueEntry,
): Promise<Obstacle[]> {
  try {
    // What lies ready on this machine needs no store, and is not sealed.
    if (isSealedName(entry.name)) await (await context.openRepository(app)).requireOpen(entry);
    return unfit(app, entry);
  } catch (error) {
    if (!(error instanceof OpsError) || error.kind !== 'denied') throw error;
    return [...unfit(app, entry), { message: error.message, hint: error.hint }];
  }
}

function unfit(app: GuardedApp, entry: CatalogueEntry): Obstacle[] {
  const misfit = misfitOf(app, entry);
  if (misfit !== undefined) return [{ message: misfit.message, hint: misfit.hint }];
  const { state, name, problem = '' } = entry;
  if (state !== 'damaged') return [];
  return [
    {
      message:
        formatByName(name) === 'pages'
          ? `${name} cannot be restored: ${problem}`
          : `the manifest of ${name} cannot be used: ${problem}`,
      hint: damagedHint(entry, app),
    },
  ];
}

function tooLittleSpace(path: string, neededBytes: number, free: number | undefined): Obstacle[] {
  if (free === undefined || free >= neededBytes) return [];
  return [
    {
      message: `it needs ${formatBytes(neededBytes)}, ${formatBytes(free)} are free beside ${path}`,
      hint: `free some space there; ${spaceCommand(path)} shows what is used`,
    },
  ];
}

function heldOpen(path: string, holders: readonly OpenIn[]): Obstacle[] {
  return holders.map((holder) => {
    const message = `${processWords(holder)} has the database open; it has to be stopped`;
    const stop = stopCommand([holder]) ?? `fuser -v ${shellWord(path)} shows what uses the database`;
    return { message, hint: `stop it first: ${stop}` };
  });
}

function sizeOf(set: Awaited<ReturnType<typeof inspectSet>>): number | undefined {
  return set.size === 0 ? undefined : setSizeBytes(set);
}
