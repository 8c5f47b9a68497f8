// A backup and the live database, both as files in scratch, compared there: the app may write meanwhile, its log does not grow by
// this, and nothing of what is compared can change.
import { OpsError } from '../../../lib/base/errors.ts';
import type { FileApp } from '../../../lib/config/config.ts';
import type { Scratch } from '../../../lib/files/scratch.ts';
import { requireSpace } from '../../../lib/files/space.ts';
import { stagingIn } from '../../../lib/placement/staging.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import {
  type CountedTable,
  type DiffPair,
  type DiffSession,
  stateOf,
  type TableDiff,
} from '../../../lib/source/database-diff.ts';
import type { SourceLook } from '../../../lib/source/source.ts';
import type { ChosenEntry } from '../../steps/choose-entry.ts';
import { copyDatabase, spaceNeeded } from '../../steps/snapshot.ts';
import { withSoundBackup } from './next-sound.ts';
import { type DiffOrder, noTable, type RestoreDiff, restoreDiff } from './restore-diff.ts';
import { choose } from './restored.ts';
import { roomToFetch } from './room-to-fetch.ts';
import { stageBackup } from './stage-backup.ts';

/** Why there is no database to compare with: then a restore would bring everything back. */
interface Gone {
  current: 'none' | 'damaged';
  problem: string;
}

/** Throws OpsError where one of the two cannot be read. Nothing is changed, but that a backup which is bad is known as that. */
export async function diffFiles(context: JobContext, app: FileApp, order: DiffOrder): Promise<RestoreDiff> {
  const live = await unlessGone(() => context.source(app).look());
  const chosen = () => choose(context, app, order);
  const { result, passedOver } = await withSoundBackup(context, order, chosen, (choice) =>
    compareChosen(context, app, order, { live, choice }),
  );
  return { ...result, passedOver };
}

async function compareChosen(
  context: JobContext,
  app: FileApp,
  order: DiffOrder,
  { live, choice }: { live: SourceLook | Gone; choice: ChosenEntry },
): Promise<Omit<RestoreDiff, 'passedOver'>> {
  await using scratch = await context.scratch();
  await requireRoom(scratch, app, { live, fetch: await roomToFetch(context, choice, scratch.path), choice });
  const staging = stagingIn(scratch.directory);
  await stageBackup(context, app, choice, staging, { recheck: false, foundBy: 'restore diff' });
  const [now, alone] = [
    scratch.file('now.db'),
    { backup: staging.path, now: undefined, temporary: scratch.path },
  ];
  const found = isGone(live)
    ? live
    : await unlessGone(async () => {
        await copyDatabase(context, app, live, now);
        return compare(context, app, order, { ...alone, now });
      });
  if (!isGone(found))
    return restoreDiff(app, choice, { ...found, current: 'readable', problems: [], compared: 'rows' });
  const { current, problem } = found;
  const all = await compare(context, app, order, alone);
  return restoreDiff(app, choice, { ...all, current, problems: [problem], compared: 'rows' });
}

async function unlessGone<T>(work: () => Promise<T>): Promise<T | Gone> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    if (error.kind === 'missing') return { current: 'none', problem: error.message };
    if (error.kind === 'damaged') return { current: 'damaged', problem: error.message };
    throw error;
  }
}

function isGone(found: object): found is Gone {
  return 'problem' in found;
}

async function requireRoom(
  scratch: Scratch,
  app: FileApp,
  {
    live,
    choice,
    fetch,
  }: { live: SourceLook | Gone; choice: ChosenEntry; fetch: Awaited<ReturnType<typeof roomToFetch>> },
): Promise<void> {
  const [obstacle] = fetch.obstacles;
  const act = `compare ${choice.entry.name} with the database of ${app.name}`;
  if (obstacle !== undefined)
    throw new OpsError('io', `cannot ${act}: ${obstacle.message}`, { hint: obstacle.hint });
  const backupBytes = choice.entry.sizeBytes + fetch.besideBytes;
  const neededBytes = backupBytes + (isGone(live) ? 0 : spaceNeeded(live, 1));
  await requireSpace({ directory: scratch.path, neededBytes, purpose: act });
}

/** The tables one after the other, each in one pass. */
async function compare(
  { openDiff, progress }: JobContext,
  app: FileApp,
  { table, keysMax }: DiffOrder,
  pair: DiffPair,
): Promise<Pick<RestoreDiff, 'tables' | 'schema'>> {
  progress.start(`${app.name}: comparing`, 0);
  const session = await openDiff(pair);
  try {
    const { tables: counted, schema } = await session.outline(table);
    if (table !== undefined && counted.length === 0) throw noTable(table);
    const total = counted.reduce((sum, one) => sum + rowsOf(one), 0);
    progress.start(`${app.name}: comparing`, total, 'rows');
    const tables: TableDiff[] = [];
    let done = 0;
    for (const one of counted) {
      progress.update(done, one.name);
      tables.push(await compared(session, one, keysMax));
      progress.update((done += rowsOf(one)), one.name);
    }
    return { tables, schema };
  } finally {
    progress.end();
    await session.close();
  }
}

function rowsOf({ backup = 0, now = 0 }: CountedTable): number {
  return backup + now;
}

async function compared(session: DiffSession, table: CountedTable, keysMax: number): Promise<TableDiff> {
  const { isIn, ...counted } = table;
  const { name, backup = 0, now = 0, problem } = counted;
  if (isIn === 'backup') return { ...counted, state: 'vanished', added: 0, removed: backup, changed: 0 };
  if (isIn === 'now') return { ...counted, state: 'appeared', added: now, removed: 0, changed: 0 };
  if (problem !== undefined) return { ...counted, state: 'unknown' };
  const rows = await session.rows(name, keysMax);
  return 'problem' in rows
    ? { ...counted, state: 'unknown', ...rows }
    : { ...counted, state: stateOf(rows), ...rows };
}
