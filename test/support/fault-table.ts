// Runs a placement once for every operation it makes, with a fault at that operation, and looks each time at what
// stands in place: then, after the recovery, and after another placement.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { systemClock } from '../../lib/base/clock.ts';
import { silentLog } from '../../lib/base/log.ts';
import { listUndoSets } from '../../lib/placement/undo-list.ts';
import { inodesOf, makeDatabase, namesBeside, readRows, rowsOf } from './database-sets.ts';
import {
  type Ending,
  type FaultKind,
  type Operation,
  runWithFault,
  traceOperations,
} from './faults/run-with-faults.ts';
import { placeOnce, recoverOnce } from './placements.ts';

/** One kind of placement to put under faults. */
export interface Scenario {
  /** Makes what is in place at the start; an empty directory is given. */
  prepare: (target: string) => Promise<void>;
  action: 'place' | 'place-and-undo' | 'undo';
  /** The rows in place at the start, undefined when there is no database or none that can be read. */
  old: readonly string[] | undefined;
  new: readonly string[];
}

/** What lay there before the placement began. */
export interface Start {
  /** By suffix. */
  inodes: Map<string, number>;
  names: string[];
}

/** A directory with a database to place, and the path of the one to be replaced. */
export interface Place extends AsyncDisposable {
  target: string;
  source: string;
}

const program = fileURLToPath(new URL('../fixtures/place-once.ts', import.meta.url));
// Some hundred short programs are started: compiling them anew each time would take most of the time.
const env = {
  NODE_COMPILE_CACHE: fileURLToPath(new URL('../../node_modules/.cache/fault-table', import.meta.url)),
};
const context = { clock: systemClock, log: silentLog };
const newer = rowsOf('newer', 20);

/** Prepares a scenario in a directory of its own. */
export async function makePlace(scenario: Scenario): Promise<Place> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-place-'));
  await mkdir(join(directory, 'data'));
  const place: Place = {
    target: join(directory, 'data', 'app.db'),
    source: join(directory, 'source.db'),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
  makeDatabase(place.source, 'new', 50);
  makeDatabase(`${place.source}-newer`, 'newer', 20);
  await scenario.prepare(place.target);
  return place;
}

/** Remembers what lies there now. */
export async function lookAt({ target }: Place): Promise<Start> {
  return { inodes: await inodesOf(target), names: await namesBeside(target) };
}

/** Runs the program on a place, with a fault. */
export function runAt(
  { target, source }: Place,
  action: Scenario['action'] | 'recover',
  at: number,
  kind: FaultKind,
): Promise<Ending> {
  return runWithFault(process.execPath, [program, action, target, source], env, { at, kind });
}

/** The operations the program makes on a place that is as it is now; it is another place afterwards. */
function traceAt({ target, source }: Place, action: Scenario['action'] | 'recover'): Promise<Operation[]> {
  return traceOperations(process.execPath, [program, action, target, source], env);
}

/** The operations of a scenario that nothing disturbs. */
export async function traceScenario(scenario: Scenario): Promise<Operation[]> {
  await using place = await makePlace(scenario);
  return await traceAt(place, scenario.action);
}

/** Whether a kill at the operation can leave other names or bytes than a kill at the one before. */
export function isVisible({ name }: Operation): boolean {
  return !['sync', 'chmod', 'chown'].includes(name);
}

/**
 * Puts the operations of the scenario under each kind of fault: all, or those that `chosen` picks. Returns a
 * sentence for everything that was not as it has to be, and how often each database was found in place.
 */
export async function runFaultTable(
  scenario: Scenario,
  kinds: readonly FaultKind[],
  chosen: (operation: Operation) => boolean = () => true,
): Promise<{ problems: string[]; found: { old: number; new: number } }> {
  const operations = (await traceScenario(scenario)).filter(chosen);
  const found = { old: 0, new: 0 };
  const problems = await inPairs(
    operations.flatMap(({ number, name, file }) => kinds.map((kind) => ({ number, kind, name, file }))),
    async ({ number, kind }) => {
      await using place = await makePlace(scenario);
      const start = await lookAt(place);
      const ending = await runAt(place, scenario.action, number, kind);
      requireFault(ending, kind);
      found[await requireWhole(place, scenario, start)] += 1;
      await requireSettles(place, scenario, start);
    },
  );
  return { problems, found };
}

/** Recovers, and throws unless the same database is in place as before, nothing is left, and it can be replaced. */
export async function requireSettles(place: Place, scenario: Scenario, start: Start): Promise<void> {
  const inPlace = await requireWhole(place, scenario, start);
  if (inPlace === 'new') await requireKept(place, start);
  await recoverOnce(place.target, context);
  const after = await requireWhole(place, scenario, start);
  if (after !== inPlace)
    throw new Error(`the ${inPlace} database was in place, after the recovery the ${after} one`);
  const { inodes, names } = await lookAt(place);
  const isUntouched = isDeepStrictEqual(inodes, start.inodes);
  const left = names.filter((name) => name.startsWith('.') || (isUntouched && !start.names.includes(name)));
  if (left.length > 0) throw new Error(`the recovery left ${left.join(', ')}`);

  await placeOnce(place.target, `${place.source}-newer`, context);
  if (!isDeepStrictEqual(await readRows(place.target), newer))
    throw new Error('the next placement went wrong');
}

/** Throws unless an undo set holds every file that was in place at the start. */
async function requireKept({ target }: Place, start: Start): Promise<void> {
  for (const { path } of await listUndoSets(target)) {
    if (isDeepStrictEqual(await inodesOf(join(path, basename(target))), start.inodes)) return;
  }
  throw new Error('no undo set holds what was in place');
}

/** Which database is in place; throws unless it is exactly one of the two, without a file of the other beside it. */
export async function requireWhole(
  { target }: Place,
  scenario: Scenario,
  { inodes: before }: Start,
): Promise<'old' | 'new'> {
  const now = await inodesOf(target);
  if (!now.has('')) {
    if (before.has('')) throw new Error('nothing is in place');
    return 'old';
  }
  const rows = await readRows(target).catch((error: unknown) => {
    if (scenario.old === undefined && now.get('') === before.get('')) return undefined;
    throw error;
  });
  const sides = [...now].filter(([suffix]) => suffix !== '');
  if (isDeepStrictEqual(rows, scenario.new)) {
    if (sides.length > 0) throw new Error(`beside the new database lies ${sides.join(' ')}`);
    return 'new';
  }
  const foreign = sides.filter(([suffix, inode]) => before.get(suffix) !== inode);
  if (foreign.length > 0) throw new Error(`beside the old database lies ${foreign.join(' ')}`);
  if (isDeepStrictEqual(rows, scenario.old)) return 'old';
  throw new Error(`in place are ${rows?.length ?? 'no'} rows that are neither the old nor the new ones`);
}

function requireFault(ending: Ending, kind: FaultKind): void {
  const killed = kind === 'kill-before' || kind === 'kill-after';
  if (killed && ending.signal === 'SIGKILL') return;
  if (!killed && ending.exitCode === 74 && ending.stderr.startsWith('io: cannot ')) return;
  throw new Error(`the program ended with ${JSON.stringify(ending)}`);
}

/** Works on two items at a time; what `work` throws becomes a sentence about the item. */
export async function inPairs<Item>(
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<string[]> {
  const problems: string[] = [];
  const queue = items.values();
  const worker = async () => {
    for (const item of queue) {
      try {
        await work(item);
      } catch (error) {
        problems.push(`${JSON.stringify(item)}: ${String(error)}`);
      }
    }
  };
  await Promise.all([worker(), worker()]);
  return problems;
}
