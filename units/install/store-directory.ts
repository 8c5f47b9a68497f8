// A store in a directory must belong to the user of the jobs. A new one is made; one that is root's, because a run by hand
// was the first, is handed over: what is root's in it, and only what is a store's.
import { shellWord } from '../../lib/base/shell-word.ts';
import { existsSync, readdirSync, type Stats, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Config, type GuardedApp, guardedApps } from '../../lib/config/config.ts';
import { errorCode, systemError } from '../../lib/base/errors.ts';
import { markerName } from '../../lib/store/mark.ts';
import { userId } from './accounts.ts';
import type { Machine } from './machine.ts';
import type { Problems } from './problems.ts';

export interface StoreDirectory {
  path: string;
  user: string;
  /** `ready`: nothing is to be done. */
  action: 'ready' | 'make' | 'hand over';
  /** Names in it that are plain copies, beside the backups. */
  latest: readonly string[];
}

/** What has to be done to the store of the configuration; undefined where there is no directory of its own to look after. */
export function examineStoreDirectory(
  { root, user, stateDirectory }: { root: string; user: string; stateDirectory: string },
  { store, apps }: Pick<Config, 'store' | 'apps'>,
  problems: Problems,
): StoreDirectory | undefined {
  if (store.kind !== 'directory' || user === 'root' || `${store.path}/`.startsWith(`${stateDirectory}/`))
    return undefined;
  const { path } = store;
  const action = problems.attempt(() => actionOf(join(root, path), userId(root, user)));
  if (action === undefined) return undefined;
  if (action === 'no parent')
    problems.add(
      `the store ${path} cannot be made: ${dirname(path)} is not there`,
      `is its disk mounted? findmnt; else mkdir -p ${shellWord(dirname(path))}`,
    );
  else if (action === 'no directory') problems.add(`the store ${path} is not a directory`);
  else if (action === 'foreign')
    problems.add(
      `${user} may not write the store ${path}, and what is in it is not Holdfast's`,
      `name a directory of its own in [store], such as ${join(path, 'holdfast')}`,
    );
  else return { path, user, action, latest: latestNames(guardedApps({ apps })) };
  return undefined;
}

type Action = StoreDirectory['action'] | 'no parent' | 'no directory' | 'foreign';

function actionOf(path: string, uid: number | undefined): Action {
  const found = look(path);
  if (found === undefined) return existsSync(dirname(path)) ? 'make' : 'no parent';
  if (!found.isDirectory()) return 'no directory';
  if (found.uid === uid || (found.mode & 0o002) !== 0) return 'ready';
  const isStore = existsSync(join(path, markerName));
  const isEmpty = readdirSync(path).every((name) => name === 'lost+found');
  return found.uid === 0 && (isStore || isEmpty) ? 'hand over' : 'foreign';
}

function look(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw systemError(`use the store directory ${path}`, error);
  }
}

function latestNames(apps: readonly GuardedApp[]): string[] {
  return apps.flatMap(({ latest }) => (latest === undefined ? [] : [latest]));
}

/** In a few words, where there is something to do. */
export function storeDirectoryLine({ path, user, action }: StoreDirectory): string | undefined {
  if (action === 'ready') return undefined;
  return action === 'make'
    ? `${path} is made, and belongs to ${user}`
    : `what is root's in ${path} is given to ${user}`;
}

/** Does it, on the running system, where the user is there by now. */
export async function prepareStoreDirectory(
  { path, user, action, latest }: StoreDirectory,
  machine: Machine,
): Promise<void> {
  if (action === 'ready') return;
  if (action === 'make')
    return void (await machine.run('install', '-d', '-o', user, '-g', user, '-m', '750', path));
  const inside = (names: readonly string[]) =>
    names.map((name) => join(path, name)).filter((one) => existsSync(one));
  const chown = (...args: string[]) => machine.run('chown', '-h', '--from=root', ...args);
  const [backups, others] = [inside(['backups']), inside([markerName, ...latest, ...foldersOf(latest)])];
  if (backups.length > 0) await chown('-R', `${user}:`, '--', ...backups);
  if (others.length > 0) await chown(`${user}:`, '--', ...others);
  await machine.run('chown', `${user}:`, '--', path);
}

/** `latest/ctv.db` lies in a directory of its own, in which the next one is made. */
function foldersOf(names: readonly string[]): string[] {
  return [...new Set(names.map((name) => dirname(name)))].filter((folder) => folder !== '.');
}
