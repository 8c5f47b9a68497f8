// Runs a placement once for every operation it makes, with a fault at that operation, and looks each time at what
// stands in place: then, after the recovery, and after another placement.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { systemClock } from '../../lib/base/clock.ts';
import { OpsError } from '../../lib/base/errors.ts';
import { silentLog } from '../../lib/base/log.ts';
import { listUndoSets } from './by-path.ts';
import './in-memory.ts';
import { contentsOf, inodesOf, makeDatabase, namesBeside, readRows, rowsOf } from './database-sets.ts';
import { bury } from './faults/bury.ts';
import { withFault } from './faults/fail-in-process.ts';
import {
  type Ending,
  type FaultKind,
  type Operation,
  runWithFault,
  traceOperations,
} from './faults/run-with-faults.ts';
import { act, type Action, placeOnce, recoverOnce } from './placements.ts';

/** One kind of placement to put under faults. */
export interface Scenario {
  /** Makes what is in place at the start; an empty directory is given. */
  prepare: (target: string) => Promise<void>;
  action: Exclude<Action, 'recover'>;
  /** The rows in place at the start, undefined when there is no database or none that can be read. */
  old: readonly string[] | undefined;
  new: readonly string[];
}

/** What lay there before the placement began. */
export interface Start {
  /** By suffix. */
  inodes: Map<string, number>;
  contents: Map<string, string>;
  names: string[];
}

/** A directory with a database to place, and the path of the one to be replaced. */
export interface Place extends AsyncDisposable {
  target: string;
  source: string;
}

const program = fileURLToPath(new URL('../fixtures/place-once.ts', import.meta.url));
// Many short programs are started: compiling them anew each time would take most of the time.
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
  return {
    inodes: await inodesOf(target),
    contents: await contentsOf(target),
    names: await namesBeside(target),
  };
}

/** Runs an action on a place, with a fault at one of its operations. */
export type Run = (place: Place, action: Action, at: number, kind: FaultKind) => Promise<Ending>;

/** In a process of its own. */
export const runAlone: Run = ({ target, source }, action, at, kind) =>
  runWithFault(process.execPath, [program, action, target, source], env, { at, kind });

/** In this process, where one that is killed stands still for ever, and counts as dead. */
export const runHere: Run = async ({ target, source }, action, at, kind) => {
  const { result } = await withFault({ at, kind }, () => endingOf(act(action, target, source, context)));
  bury(dirname(dirname(target)));
  return result ?? { exitCode: null, signal: 'SIGKILL', stdout: '', stderr: '' };
};

async function endingOf(action: Promise<void>): Promise<Ending> {
  const ended = { signal: null, stdout: '' };
  try {
    await action;
    return { ...ended, exitCode: 0, stderr: '' };
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    return { ...ended, exitCode: 74, stderr: `${error.kind}: ${error.message}` };
  }
}

/** The operations of a scenario that nothing disturbs, in this process. */
export async function traceScenario(scenario: Scenario): Promise<Operation[]> {
  await using place = await makePlace(scenario);
  const { target, source } = place;
  return (await withFault(undefined, () => act(scenario.action, target, source, context))).operations;
}

async function traceAlone(scenario: Scenario): Promise<Operation[]> {
  await using place = await makePlace(scenario);
  return await traceOperations(process.execPath, [program, scenario.action, place.target, place.source], env);
}

/** Whether a kill at the operation can leave other names or bytes than a kill at the one before. */
export function isVisible({ name }: Operation): boolean {
  return !['sync', 'chmod', 'chown'].includes(name);
}

/** What a table found: a sentence for everything that was not as it has to be, and how often each database was in place. */
export interface Findings {
  problems: string[];
  found: { old: number; new: number };
}

/** Puts the operations of the scenario under each kind of fault here: all, or those that `chosen` picks. */
export async function runFaultTable(
  scenario: Scenario,
  kinds: readonly FaultKind[],
  chosen: (operation: Operation) => boolean = () => true,
): Promise<Findings> {
  const operations = (await traceScenario(scenario)).filter(chosen).filter(isNews);
  return faultEach(scenario, faultsAt(operations, kinds), runHere);
}

/** The same with a process for each fault at each operation, two of them at a time. */
export async function runKillTable(scenario: Scenario, kinds: readonly FaultKind[]): Promise<Findings> {
  const queue = faultsAt(await traceAlone(scenario), kinds).values();
  const [first, second] = await Promise.all([
    faultEach(scenario, queue, runAlone),
    faultEach(scenario, queue, runAlone),
  ]);
  return {
    problems: [...first.problems, ...second.problems],
    found: { old: first.found.old + second.found.old, new: first.found.new + second.found.new },
  };
}

/** Scratch that cannot be removed is left for the next run's sweep, and the work goes on. */
function isNews({ name, file }: Operation): boolean {
  return !/^(unlink|rmdir)$/.test(name) || !/^(database\.db|owner\.json|\.holdfast-.*)$/.test(file);
}

interface PlacedFault extends Operation {
  kind: FaultKind;
}

function faultsAt(operations: readonly Operation[], kinds: readonly FaultKind[]): PlacedFault[] {
  return operations.flatMap((operation) => kinds.map((kind) => ({ ...operation, kind })));
}

async function faultEach(scenario: Scenario, faults: Iterable<PlacedFault>, run: Run): Promise<Findings> {
  const found = { old: 0, new: 0 };
  const problems = await problemsOf(faults, async ({ number, kind }) => {
    await using place = await makePlace(scenario);
    const start = await lookAt(place);
    requireFault(await run(place, scenario.action, number, kind), kind);
    found[await requireWhole(place, scenario, start)] += 1;
    await requireSettles(place, scenario, start);
  });
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

/** Throws unless an undo set holds what was in place at the start. */
async function requireKept({ target }: Place, start: Start): Promise<void> {
  for (const { path } of await listUndoSets(target)) {
    if (isDeepStrictEqual(await contentsOf(join(path, basename(target))), start.contents)) return;
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

/** Works on one item after the other; what `work` throws becomes a sentence about the item. */
export async function problemsOf<Item>(
  items: Iterable<Item>,
  work: (item: Item) => Promise<void>,
): Promise<string[]> {
  const problems: string[] = [];
  for (const item of items) {
    try {
      await work(item);
    } catch (error) {
      problems.push(`${JSON.stringify(item)}: ${String(error)}`);
    }
  }
  return problems;
}
