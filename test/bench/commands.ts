// The measured commands, as processes.
import { execFile } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { watchAnonymousMemory } from '../support/anonymous-memory.ts';
import type { MemoryGroup } from '../support/machine/memory.ts';

export const run = promisify(execFile);
export const project = resolve(import.meta.dirname, '../..');

/** Runs a file of this project in a Node of its own, and returns what it prints. */
export async function node(args: string[], environment: Record<string, string> = {}): Promise<string> {
  const { stdout } = await run(process.execPath, args, {
    cwd: project,
    env: { ...process.env, ...environment },
  });
  return stdout;
}

/** How a command of ours is run for a measurement. */
interface RunOptions {
  environment?: Record<string, string>;
  /** Leaves the state directory as the run before has left it. */
  keepState?: boolean;
  onStart?: (pid: number) => void;
  /** Its memory is limited, as that of a unit is. */
  within?: MemoryGroup;
}

/** One `db-backup` on a database, with a state directory of its own below `home`, made anew unless it is to stay. */
export async function dbBackup(
  home: string,
  database: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<void> {
  await command('db-backup', home, database, args, options);
}

/** The same of any command. */
export async function command(
  name: 'db-backup' | 'restore',
  home: string,
  database: string,
  args: readonly string[],
  { environment = {}, keepState = false, onStart, within }: RunOptions = {},
): Promise<void> {
  const state = join(home, 'state');
  if (!keepState) rmSync(state, { recursive: true, force: true });
  mkdirSync(state, { recursive: true });
  const typed = [join(project, 'bin', name), ...args, '--quiet'];
  const [file = '', ...rest] = within?.enter(typed) ?? typed;
  const running = run(file, rest, {
    env: {
      ...process.env,
      DATABASE_PATH: database,
      HOLDFAST_STATE: state,
      HOLDFAST_RUN: join(home, 'run'),
      ...environment,
    },
  });
  if (running.child.pid !== undefined) onStart?.(running.child.pid);
  await running;
}

/** The same, and the most anonymous memory that it and its children held at once, in megabytes. */
export async function peakMegabytes(
  home: string,
  database: string,
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<number> {
  let memory: ReturnType<typeof watchAnonymousMemory> | undefined;
  await dbBackup(home, database, args, {
    environment,
    onStart: (pid) => void (memory = watchAnonymousMemory(pid)),
  });
  return (memory?.end() ?? Number.NaN) / 1e6;
}

export const theThree = '.backup + integrity_check + sha256sum';

/** What somebody would type instead of a backup, one after the other. */
export async function threeCommands(database: string, copy: string, within?: MemoryGroup): Promise<void> {
  for (const typed of [
    ['sqlite3', database, `.backup ${copy}`],
    ['sqlite3', copy, 'pragma integrity_check'],
    ['sha256sum', copy],
  ]) {
    const [file = '', ...args] = within?.enter(typed) ?? typed;
    await run(file, args);
  }
}
