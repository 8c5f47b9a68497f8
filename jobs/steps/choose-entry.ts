// From what was typed to one file of the store.
import { type CatalogueEntry, storedPartOf } from '../../lib/backup/catalogue.ts';
import { chooseBackup } from '../../lib/backup/choose.ts';
import { engineOf, type Manifest, parseManifest } from '../../lib/backup/manifest.ts';
import { backupOfPart, formatByName, manifestName } from '../../lib/backup/name.ts';
import { parseTime, type ReadTime } from '../../lib/backup/parse-time.ts';
import { OpsError } from '../../lib/base/errors.ts';
import { shellWord } from '../../lib/base/shell-word.ts';
import type { GuardedApp } from '../../lib/config/config.ts';
import { engineCalled } from '../../lib/source/engines.ts';
import type { JobContext } from '../../lib/run/context.ts';
import { requireStoreName } from '../../lib/store/name.ts';
import type { Store } from '../../lib/store/store.ts';
import { backupsOf, type RestorableApp } from './restorable-apps.ts';

/** What was meant. */
export interface ChosenEntry {
  entry: CatalogueEntry;
  entries: CatalogueEntry[];
  /** How --at was understood, where that was given. */
  asOf?: ReadTime;
}

/**
 * The backup that `[name]` or `--at` names. A name that is no backup of the app may be any other file of the store:
 * the latest copy, or one that somebody put there. Throws OpsError `usage` or `missing`.
 */
export async function chooseEntry(
  context: JobContext,
  store: Store,
  app: RestorableApp,
  { name, at, orCopy = false }: { name?: string | undefined; at?: string | undefined; orCopy?: boolean },
): Promise<ChosenEntry> {
  if (name !== undefined && at !== undefined) {
    throw new OpsError('usage', 'cannot restore by name and by time at once: give a name or --at');
  }
  if (name === undefined && at === undefined) {
    throw new OpsError('usage', 'cannot tell which backup is meant', {
      hint: 'name it: "latest", a name from restore list, or --at <time>',
    });
  }
  if (at !== undefined) {
    const { timeZone } = context.config;
    const { instant, said } = parseTime(at, { timeZone, now: context.clock.now() });
    const entries = await backupsOf(context, app);
    const entry = chooseBackup(entries, { kind: 'at', at: instant, said }, timeZone);
    return { entry, entries, asOf: { instant, said } };
  }
  if (orCopy && name === 'latest') return chooseLatestOrCopy(context, store, app);
  return chooseNamed(context, store, app, name ?? 'latest');
}

/** The newest proven backup; the latest copy only where there is nothing of a backup, neither ours nor another program's. */
async function chooseLatestOrCopy(context: JobContext, store: Store, app: RestorableApp) {
  try {
    return await chooseNamed(context, store, app, 'latest');
  } catch (error) {
    const { latest } = app;
    if (!(error instanceof OpsError) || error.kind !== 'missing' || latest === undefined) throw error;
    if ((await backupsOf(context, app)).length > 0 || (await store.stat(latest)) === undefined) throw error;
    context.log.warn(`${app.name}: there is no backup; the latest copy ${latest} is taken instead`);
    return chooseNamed(context, store, app, latest);
  }
}

/** The entry a person names; see `chooseEntry`. */
export async function chooseNamed(context: JobContext, store: Store, app: RestorableApp, name: string) {
  const storeName = requireStoreName(name);
  const { timeZone } = context.config;
  const entries = await backupsOf(context, app);
  if (name === 'latest') return { entry: chooseBackup(entries, { kind: 'latest' }, timeZone), entries };
  try {
    return { entry: chooseBackup(entries, { kind: 'name', name }, timeZone), entries };
  } catch (error) {
    if (!(error instanceof OpsError) || error.kind !== 'missing') throw error;
    const stored = await store.stat(storeName);
    if (stored === undefined) throw error;
    const { sizeBytes } = stored;
    const manifest = await manifestBeside(store, storeName, sizeBytes);
    const takenAt = manifest?.takenAt ?? stored.modifiedAt;
    const entry: CatalogueEntry = {
      name: storeName,
      sizeBytes,
      storedBytes: sizeBytes,
      takenAt,
      state: 'foreign',
      named: true,
      ...(manifest === undefined ? {} : { manifest }),
    };
    return { entry: { ...entry, problem: 'it is no backup of this app, but a file of the store' }, entries };
  }
}

/**
 * The manifest of a file that is no backup of the app, as its configuration has it: the store may be all that is left of
 * another one. What it says of the bytes is proven like any other; one that does not fit is none.
 */
async function manifestBeside(store: Store, name: string, sizeBytes: number): Promise<Manifest | undefined> {
  try {
    const text = Buffer.from(await store.read(manifestName(name))).toString('utf8');
    const manifest = parseManifest(text, name);
    return manifest.backup === name && manifest.sizeBytes === sizeBytes ? manifest : undefined;
  } catch (error) {
    if (error instanceof OpsError && ['missing', 'damaged'].includes(error.kind)) return undefined;
    throw error;
  }
}

/** Why there is no database in an object of pages alone: there is one only together with others, and nothing says with which. */
function pieceProblem({ name, state, problem = '' }: CatalogueEntry, app: GuardedApp): OpsError {
  const whole = backupOfPart(name);
  if (whole !== undefined)
    return new OpsError('usage', `cannot restore ${name}: it is one part of a backup, and no database`, {
      hint: `name the backup itself: restore plan ${shellWord(whole)} --app ${app.name}`,
    });
  const other = /^backups\/([^/]+)\//.exec(name)?.[1];
  if (other !== undefined && other !== app.name && app.layout === 'app')
    return new OpsError('usage', `cannot restore ${name}: it is in pages, and of the app ${other}`, {
      hint: `say so: restore plan ${shellWord(name)} --app ${other}`,
    });
  return new OpsError('damaged', `cannot restore ${name}: it is in pages, and ${state}: ${problem}`, {
    hint: `nothing says what it is to be put together with; choose another backup: restore list --app ${app.name}`,
  });
}

/** Whether it is an object of a backup in pages of which no manifest says what it is a part of. */
export function isPiece(entry: CatalogueEntry): boolean {
  return formatByName(entry.name) === 'pages' && storedPartOf(entry) === undefined;
}

/**
 * Why a backup cannot take the place of the database of an app: it was kept in another engine when it was made, or what was
 * chosen is a piece of one. Undefined where it can.
 */
export function misfitOf(app: GuardedApp, entry: CatalogueEntry): OpsError | undefined {
  if (isPiece(entry)) return pieceProblem(entry, app);
  const engine = engineOf(entry);
  if (engine === app.engine) return undefined;
  const [is, has] = [engineCalled(engine), engineCalled(app.engine)];
  return new OpsError(
    'refused',
    `cannot restore ${entry.name}: it is of ${is}, and the database of ${app.name} is of ${has}`,
    {
      hint: `choose one of ${has}: restore list --app ${app.name}; or take this file: restore download ${shellWord(entry.name)} .`,
    },
  );
}

/**
 * Requires that the entry may be restored as it is. A damaged or newer manifest is no manifest: it takes the
 * operator's word to go on without it.
 */
export function requireRestorable(app: GuardedApp, entry: CatalogueEntry, unproven: boolean): CatalogueEntry {
  const unfit = misfitOf(app, entry);
  if (unfit !== undefined) throw unfit;
  if (entry.state !== 'damaged') return entry;
  const isInPages = formatByName(entry.name) === 'pages';
  if (unproven && !isInPages) {
    const { manifest, ...rest } = entry;
    void manifest;
    return { ...rest, state: 'foreign' };
  }
  throw new OpsError(
    'damaged',
    `cannot restore ${entry.name}: ${entry.problem ?? 'its manifest cannot be used'}`,
    { hint: damagedHint(entry, app) },
  );
}

/** What helps where a backup is damaged. One in pages cannot do without its manifest, nor without what it is based on. */
export function damagedHint({ name }: CatalogueEntry, { name: app }: GuardedApp): string {
  if (formatByName(name) === 'pages') return `choose another backup: restore list --app ${app}`;
  return 'choose another backup; to try this one all the same, checked by SQLite only, add --unproven';
}
