// `state_directory` and `run_directory`: what must survive a reboot, and what need not.
import { accessSync, constants, existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { z } from 'zod';
import { absolute, type Environment, nonEmpty } from '../environment.ts';
import { absolutePath } from './values.ts';

export const directoryKeys = {
  state_directory: absolutePath.optional().describe('ops.db and scratch; $HOLDFAST_STATE unless given'),
  run_directory: absolutePath.optional().describe('locks; $HOLDFAST_RUN unless given'),
};

/** The part of the file that is about directories. */
type DirectoryTable = z.infer<z.ZodObject<typeof directoryKeys>>;

/** Throws OpsError `config` for a variable that holds no absolute path. */
export function stateDirectory(table: DirectoryTable, environment: Environment): string {
  const given =
    table.state_directory ??
    absolute(environment, 'HOLDFAST_STATE') ??
    nonEmpty(environment.STATE_DIRECTORY)?.split(':')[0];
  if (given !== undefined) return given;
  if (mayHold('/var/lib/holdfast')) return '/var/lib/holdfast';
  return join(nonEmpty(environment.XDG_STATE_HOME) ?? join(homedir(), '.local/state'), 'holdfast');
}

/** Throws OpsError `config` for a variable that holds no absolute path. */
export function runDirectory(
  table: DirectoryTable,
  environment: Environment,
  stateDirectory: string,
): string {
  const given = table.run_directory ?? absolute(environment, 'HOLDFAST_RUN');
  if (given !== undefined) return given;
  return mayHold('/run/holdfast') ? '/run/holdfast' : join(stateDirectory, 'run');
}

/**
 * Whether a directory can be written, or made: for root before the first run as after it, so that a run by hand and
 * one by the timer never have different ideas of where state and locks are.
 */
function mayHold(path: string): boolean {
  const place = existsSync(path) ? path : dirname(path);
  try {
    accessSync(place, constants.W_OK);
    return true;
  } catch {
    return false; // not ours: the next place is tried
  }
}
