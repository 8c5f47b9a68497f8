// Where state and locks are: as the file says, else the environment, else in the place of all or of this user. Kept light, for a
// shell that completes a word waits for it.
import { accessSync, constants } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { OpsError } from '../base/errors.ts';
import { absolute, type Environment, nonEmpty } from './environment.ts';
import { stands } from './known-place.ts';

/** The part of the file that is about directories. */
interface DirectoryTable {
  readonly state_directory?: string | undefined;
  readonly run_directory?: string | undefined;
}

/** Throws OpsError `config` for a variable that holds no absolute path, and where there is no place at all. */
export function stateDirectory(table: DirectoryTable, environment: Environment): string {
  const given =
    table.state_directory ??
    absolute(environment, 'HOLDFAST_STATE') ??
    nonEmpty(environment.STATE_DIRECTORY)?.split(':')[0];
  return given ?? (isPlaceOfAll('/var/lib/holdfast') ? '/var/lib/holdfast' : ownState(environment));
}

/** Throws OpsError `config` for a variable that holds no absolute path. */
export function runDirectory(
  table: DirectoryTable,
  environment: Environment,
  stateDirectory: string,
): string {
  const given = table.run_directory ?? absolute(environment, 'HOLDFAST_RUN');
  return given ?? (isPlaceOfAll('/run/holdfast') ? '/run/holdfast' : join(stateDirectory, 'run'));
}

/**
 * Whether state and locks are there for everybody, or can be made there. Where such a directory stands, it is the place also for who
 * may not write it: a lock of one's own would keep nobody out, and in a state of one's own nothing is ever wrong. They are refused.
 */
function isPlaceOfAll(path: string): boolean {
  return stands(path) || mayMakeNamesIn(dirname(path));
}

/** For root before the first run as after it, so that a run by hand and one by the timer have one idea of it. */
function mayMakeNamesIn(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK);
    return true;
  } catch {
    return false; // not ours: the next place is tried
  }
}

/** Of a user with databases of their own. A relative path in either variable is none. */
function ownState(environment: Environment): string {
  const given = nonEmpty(environment.XDG_STATE_HOME);
  if (given !== undefined && isAbsolute(given)) return join(given, 'holdfast');
  const home = homeOf(environment);
  if (home !== undefined) return join(home, '.local/state/holdfast');
  throw new OpsError('config', 'cannot find a place for the state: this user has no home directory', {
    hint: 'set HOLDFAST_STATE=/path/to/a/directory, or state_directory in a configuration file',
  });
}

function homeOf(environment: Environment): string | undefined {
  const given = nonEmpty(environment.HOME);
  if (given !== undefined && isAbsolute(given)) return given;
  try {
    return userInfo().homedir;
  } catch {
    return undefined; // a user without an entry in the table of users
  }
}
