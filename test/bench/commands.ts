// The measured commands, as processes.
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

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

/** One `db-backup` on a database, with a state directory of its own below `home`, made anew unless it is to stay. */
export async function dbBackup(
  home: string,
  database: string,
  args: readonly string[],
  { environment = {}, keepState = false }: { environment?: Record<string, string>; keepState?: boolean } = {},
): Promise<void> {
  const state = join(home, 'state');
  if (!keepState) rmSync(state, { recursive: true, force: true });
  mkdirSync(state, { recursive: true });
  await run(join(project, 'bin/db-backup'), [...args, '--quiet'], {
    env: {
      ...process.env,
      DATABASE_PATH: database,
      HOLDFAST_STATE: state,
      HOLDFAST_RUN: join(home, 'run'),
      ...environment,
    },
  });
}

/** The same, and its peak memory in megabytes. */
export async function peakMegabytes(
  home: string,
  database: string,
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<number> {
  const peakFile = join(home, 'peak');
  const preload = `--import=${join(import.meta.dirname, 'report-peak.mjs')}`;
  const measured = { ...environment, NODE_OPTIONS: preload, PEAK_FILE: peakFile };
  await dbBackup(home, database, args, { environment: measured });
  return (Number(readFileSync(peakFile, 'utf8')) * 1024) / 1e6;
}
