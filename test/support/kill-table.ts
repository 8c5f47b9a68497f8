// Runs one of our commands once for every step in which it changes something, ends it there, looks at what stands,
// and lets the next run clean up.
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  type Ending,
  type Fault,
  type FaultKind,
  type Operation,
  runWithFault,
  traceOperations,
} from './faults/run-with-faults.ts';
import { filesBelow, runProgram, World } from './world.ts';

const project = resolve(import.meta.dirname, '../..');

/** One command to end at each of its steps. */
export interface KillScenario {
  command: string;
  args: readonly string[];
  /** Makes the world the command finds. */
  prepare: (world: World) => Promise<void>;
  /** Throws unless what stands right after the end is as it has to be. */
  requireSafe: (world: World, ending: Ending) => Promise<void> | void;
  /** The next run, and what has to be true after it. */
  requireRecovered: (world: World, ending: Ending) => Promise<void>;
}

/** A world that can be put back to its beginning as often as one likes. */
class Stage implements AsyncDisposable {
  readonly world = new World();
  readonly #saved = mkdtempSync(join(tmpdir(), 'holdfast-stage-'));

  async prepare(scenario: KillScenario): Promise<void> {
    await scenario.prepare(this.world);
    cpSync(this.world.home, this.#saved, { recursive: true, preserveTimestamps: true });
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

/** The steps of the scenario, as an undisturbed run makes them. */
async function stepsOf(scenario: KillScenario): Promise<Operation[]> {
  await using stage = new Stage();
  await stage.prepare(scenario);
  await warmUp(stage.world, scenario);
  const operations = await traceOperations(program(scenario), scenario.args, environment(stage.world));
  return operations.filter(({ thread }) => thread === 'main');
}

/**
 * Ends the command with each kind of fault at each of its visible steps, and with a kill at each message of its
 * workers. Returns a sentence for everything that was not as it has to be, and how many ends there were.
 */
export async function runKillTable(
  scenario: KillScenario,
  kinds: readonly FaultKind[],
  messages = 0,
): Promise<{ problems: string[]; ends: number }> {
  const steps = (await stepsOf(scenario)).filter(isVisible);
  const faults: { fault: Fault; step: string }[] = [
    ...steps.flatMap((step) =>
      kinds.map((kind) => ({ fault: { at: step.number, kind }, step: `${kind} ${step.name} ${step.file}` })),
    ),
    ...Array.from({ length: messages }, (_, i) => ({
      fault: { atMessage: i + 1 },
      step: `kill at message ${i + 1}`,
    })),
  ];
  const problems: string[] = [];
  const queue = faults.values();
  const worker = async () => {
    await using stage = new Stage();
    await stage.prepare(scenario);
    for (const { fault, step } of queue) {
      stage.reset();
      try {
        await endOnce(stage.world, scenario, fault);
      } catch (error) {
        problems.push(`${step}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  };
  await Promise.all([worker(), worker()]);
  return { problems, ends: faults.length };
}

async function endOnce(world: World, scenario: KillScenario, fault: Fault): Promise<void> {
  const ending = await runWithFault(program(scenario), scenario.args, environment(world), fault);
  if ('at' in fault && fault.kind.startsWith('kill') && ending.signal !== 'SIGKILL') {
    throw new Error(`it was not killed: ${JSON.stringify(ending)}`);
  }
  await scenario.requireSafe(world, ending);
  await scenario.requireRecovered(world, ending);
  const left = filesBelow(world.home).filter((name) =>
    /\.holdfast-[0-9a-f]{8}-|pending\/|\.restore[-.]|restoring\//.test(name),
  );
  if (left.length > 0) throw new Error(`after the next run there is still ${left.join(', ')}`);
}

/** Compiled code is cached on the first run; writing it must not shift the numbers of the steps. */
async function warmUp(world: World, scenario: KillScenario): Promise<void> {
  await runProgram(program(scenario), [...scenario.args, '--dry-run'], { environment: environment(world) });
}

function program({ command }: KillScenario): string {
  return join(project, 'bin', command);
}

function environment(world: World): Record<string, string> {
  return { HOLDFAST_CONFIG: world.config, HOME: tmpdir(), TZ: 'UTC', TSX_DISABLE_CACHE: '' };
}

/** Whether an end at this step can leave other names or bytes than one at the step before. */
function isVisible({ name }: Operation): boolean {
  return !/sync|chmod|chown/i.test(name);
}

/** Runs a command until the second in a backup's name is a new one; any other end than good is a problem. */
export async function mustSucceed(world: World, command: string, args: readonly string[]): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    const { exitCode, stdout, stderr } = await world.run(command, args);
    if (exitCode === 0) return stdout;
    if (exitCode !== 73 || attempt === 20)
      throw new Error(`${command} ${args.join(' ')} exits ${exitCode}: ${stderr}`);
  }
}

/** Throws when a name that was there before is gone or has other bytes. */
export function requireKept(
  world: World,
  before: Record<string, string>,
  except: (name: string) => boolean = () => false,
): void {
  const now = world.fingerprint(world.store);
  const lost = Object.entries(before).filter(([name, hash]) => !except(name) && now[name] !== hash);
  if (lost.length > 0) throw new Error(`gone or altered: ${lost.map(([name]) => name).join(', ')}`);
}
