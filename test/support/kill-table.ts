// Runs one of our commands once for every step in which it changes something, ends it there, looks at what stands,
// and lets the next run clean up. Only a command that is killed is a process of its own: an interrupt and an error it
// meets in this one, and whatever is typed before and after runs here too.
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Interrupted } from '../../lib/run/failure.ts';
import { bury } from './faults/bury.ts';
import { type CallFault, withFault } from './faults/fail-in-process.ts';
import {
  type Ending,
  type Fault,
  type Operation,
  runWithFault,
  traceOperations,
} from './faults/run-with-faults.ts';
import { runInProcess } from './in-process.ts';
import { jobs, TypedWorld } from './typed-world.ts';
import { filesBelow } from './world.ts';

const project = resolve(import.meta.dirname, '../..');
const hour = 3_600_000;

/** One command to end at each of its steps. */
export interface KillScenario {
  command: string;
  args: readonly string[];
  /** Makes the world the command finds. */
  prepare: (world: TypedWorld) => Promise<void>;
  /** Throws unless what stands right after the end is as it has to be. */
  requireSafe: (world: TypedWorld, ending: Ending) => Promise<void> | void;
  /** The next run, and what has to be true after it. */
  requireRecovered: (world: TypedWorld, ending: Ending) => Promise<void>;
}

/** What ends the command at a step, or at a message of its workers. */
interface End {
  step: string;
  run: (world: TypedWorld) => Promise<Ending>;
}

/** A world that can be put back to its beginning as often as one likes. */
class Stage implements AsyncDisposable {
  /** What is prepared happened in the hour before the time of the machine, which a process has. */
  readonly world = new TypedWorld(new Date(Date.now() - hour).toISOString());
  readonly #saved = mkdtempSync(join(tmpdir(), 'holdfast-stage-'));

  async prepare(scenario: KillScenario): Promise<void> {
    await scenario.prepare(this.world);
    cpSync(this.world.home, this.#saved, { recursive: true, preserveTimestamps: true });
    this.world.clock.advance(hour);
  }

  reset(): void {
    for (const name of readdirSync(this.world.home)) rmSync(join(this.world.home, name), { recursive: true });
    cpSync(this.#saved, this.world.home, { recursive: true, preserveTimestamps: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    rmSync(this.#saved, { recursive: true, force: true });
    await this.world[Symbol.asyncDispose]();
  }
}

/**
 * Kills the command at each of its visible steps, in each of the ways, and at each message of its workers. Returns a
 * sentence for everything that was not as it has to be, and how many ends there were.
 */
export async function runKillTable(
  scenario: KillScenario,
  kinds: readonly ('kill-before' | 'kill-after')[],
  messages = 0,
): Promise<{ problems: string[]; ends: number }> {
  await using first = new Stage();
  await using second = new Stage();
  for (const stage of [first, second]) await stage.prepare(scenario);
  const steps = await traceOperations(program(scenario), scenario.args, environment(first.world));
  const ends = [
    ...endsOf(steps, kinds, ({ number }, kind) => killAt(scenario, { at: number, kind })),
    ...Array.from({ length: messages }, (_, i) => ({
      step: `kill at message ${i + 1}`,
      run: killAt(scenario, { atMessage: i + 1 }),
    })),
  ];
  // While one is looked at here, the other one starts.
  const queue = ends.values();
  const problems = await Promise.all([first, second].map((stage) => endEach(stage, scenario, queue)));
  return { problems: problems.flat(), ends: ends.length };
}

/** Lets the command meet each of the faults at each of its visible steps; returns what `runKillTable` returns. */
export async function runFaultTable(
  scenario: KillScenario,
  kinds: readonly ('int-before' | 'enospc')[],
): Promise<{ problems: string[]; ends: number }> {
  await using stage = new Stage();
  await stage.prepare(scenario);
  const { operations } = await meet(stage.world, scenario);
  const ends = endsOf(operations, kinds, ({ number }, kind) => async (world) => {
    const { result } = await meet(world, scenario, { at: number, kind });
    bury(world.home);
    return result;
  });
  return { problems: await endEach(stage, scenario, ends.values()), ends: ends.length };
}

function endsOf<Kind>(
  operations: readonly Operation[],
  kinds: readonly Kind[],
  run: (operation: Operation, kind: Kind) => End['run'],
): End[] {
  const steps = operations.filter((operation) => operation.thread === 'main' && isVisible(operation));
  return steps.flatMap((operation) =>
    kinds.map((kind) => ({
      step: `${String(kind)} ${operation.name} ${operation.file}`,
      run: run(operation, kind),
    })),
  );
}

async function endEach(stage: Stage, scenario: KillScenario, ends: Iterable<End>): Promise<string[]> {
  const problems: string[] = [];
  for (const { step, run } of ends) {
    stage.reset();
    try {
      const ending = await run(stage.world);
      await scenario.requireSafe(stage.world, ending);
      await scenario.requireRecovered(stage.world, ending);
      requireNothingLeft(stage.world);
    } catch (error) {
      problems.push(`${step}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return problems;
}

function killAt(scenario: KillScenario, fault: Fault): End['run'] {
  return async (world) => {
    const ending = await runWithFault(program(scenario), scenario.args, environment(world), fault);
    if ('at' in fault && ending.signal !== 'SIGKILL')
      throw new Error(`it was not killed: ${JSON.stringify(ending)}`);
    return ending;
  };
}

/** The command in this process, with a fault or without. */
async function meet(
  world: TypedWorld,
  { command, args }: KillScenario,
  fault?: Pick<CallFault, 'at' | 'kind'>,
): Promise<{ result: Ending; operations: Operation[] }> {
  const job = jobs[command];
  if (job === undefined) throw new Error(`there is no job ${command}`);
  const stop = new AbortController();
  const interrupt = () => stop.abort(new Interrupted('SIGINT'));
  world.clock.advance(60_000);
  const options = { clock: world.clock, signal: stop.signal, environment: environment(world) };
  const { result, operations } = await withFault(fault && { ...fault, interrupt }, () =>
    runInProcess(job, args, options),
  );
  if (result === undefined) throw new Error('a kill needs a process');
  return { result, operations };
}

function requireNothingLeft(world: TypedWorld): void {
  const left = filesBelow(world.home).filter((name) =>
    /\.holdfast-[0-9a-f]{8}-|pending\/|\.restore[-.]|restoring\//.test(name),
  );
  if (left.length > 0) throw new Error(`after the next run there is still ${left.join(', ')}`);
}

function program({ command }: KillScenario): string {
  return join(project, 'bin', command);
}

function environment(world: TypedWorld): Record<string, string> {
  return { HOLDFAST_CONFIG: world.config, HOME: tmpdir(), TZ: 'UTC' };
}

/** Whether an end at this step can leave other names or bytes than one at the step before. */
function isVisible({ name }: Operation): boolean {
  return !/sync|chmod|chown/i.test(name);
}

/** Fewer steps than that mean that the command was not run at all. */
const endsMin = 20;

/** Throws unless the command, killed at every step, left what it has to leave; see `runKillTable`. */
export async function requireSafeWhenKilled(scenario: KillScenario, messages = 0): Promise<void> {
  requireNone(await runKillTable(scenario, ['kill-before'], messages));
}

/** The same of one that is interrupted, and says what it left. */
export async function requireSafeWhenInterrupted(scenario: KillScenario): Promise<void> {
  requireNone(await runFaultTable(withEnding(scenario, requireSaidSo), ['int-before']));
}

/** The same of one whose disk is full, and which says that. */
export async function requireSafeOnFullDisk(scenario: KillScenario): Promise<void> {
  requireNone(await runFaultTable(withEnding(scenario, requireNoBug), ['enospc']));
}

function withEnding(scenario: KillScenario, requireEnding: (ending: Ending) => void): KillScenario {
  return {
    ...scenario,
    requireSafe: (world, ending) => {
      requireEnding(ending);
      return scenario.requireSafe(world, ending);
    },
  };
}

function requireNone({ problems, ends }: { problems: readonly string[]; ends: number }): void {
  if (problems.length > 0) throw new Error(problems.join('\n'));
  if (ends <= endsMin) throw new Error(`it ended ${ends} times, and has more steps`);
}

/** Types a command; any other end than good is a problem. Returns what it printed. */
export async function mustSucceed(
  world: TypedWorld,
  command: string,
  args: readonly string[],
): Promise<string> {
  const { exitCode, stdout, stderr } = await world.run(command, args);
  if (exitCode !== 0) throw new Error(`${command} ${args.join(' ')} exits ${exitCode}: ${stderr}`);
  return stdout;
}

/** Throws unless the run was stopped and says what it left, or had ended before the interrupt. */
export function requireSaidSo({ exitCode, stderr }: Ending): void {
  if (exitCode !== 0 && exitCode !== 130) throw new Error(`it exits ${exitCode}: ${stderr}`);
  if (exitCode === 130 && !/stopped by SIGINT: ./.test(stderr)) throw new Error(`it said: ${stderr}`);
}

/** Throws when the end is one that only a mistake of ours brings. */
export function requireNoBug(ending: Ending): void {
  if (ending.signal !== null || ending.exitCode === 70)
    throw new Error(`ended with ${JSON.stringify(ending)}`);
}

/** Throws when a name that was there before is gone or has other bytes. */
export function requireKept(
  world: TypedWorld,
  before: Record<string, string>,
  except: (name: string) => boolean = () => false,
): void {
  const now = world.fingerprint(world.store);
  const lost = Object.entries(before).filter(([name, hash]) => !except(name) && now[name] !== hash);
  if (lost.length > 0) throw new Error(`gone or altered: ${lost.map(([name]) => name).join(', ')}`);
}
