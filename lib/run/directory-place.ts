// A directory as a place of a store: what was one before and is empty or gone now is a disk that is not mounted.
import { lstat, readdir, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { dataEnding } from '../backup/catalogue.ts';
import { errorCode } from '../base/errors.ts';
import type { Config } from '../config/config.ts';
import { ownDirectory } from '../config/sections/store-directory.ts';
import { ifPathThere } from '../files/if-there.ts';
import { createDirectories } from '../files/make-directories.ts';
import { isScratchName } from '../files/scratch-owner.ts';
import { inStateDirectory } from '../files/state-directory.ts';
import { makeStoreMark, readStoreMark } from '../store/directory/marker.ts';
import { openDirectoryStore } from '../store/directory/open.ts';
import { noStoreYet } from '../store/no-store.ts';
import type { StoreSurroundings } from './open-store.ts';
import type { StorePlace } from './store-identity.ts';

/** The directory at `configured`; it is made where a store is made. */
export function directoryPlace(
  configured: string,
  { stateDirectory }: Pick<Config, 'stateDirectory'>,
  { clock, log }: StoreSurroundings,
): StorePlace {
  const path = resolve(configured);
  return {
    called: `the store directory ${path}`,
    path,
    question: 'is the path right, and its disk mounted? findmnt lists what is',
    readMark: () => readStoreMark(path),
    async look() {
      const names = (await ifPathThere(readdir(path).catch(whatIsNoDirectory))) ?? [];
      const foreign = names.filter((name) => name !== 'lost+found' && !isScratchName(name)).sort()[0];
      return { isFree: await isFree(path), hasCopies: holdsCopies(names), foreign };
    },
    async makeMark() {
      if (path === ownDirectory(stateDirectory).path)
        await inStateDirectory(`create the state directory ${stateDirectory}`, () =>
          createDirectories(stateDirectory),
        );
      return makeStoreMark({ path, clock, log });
    },
    open: () => openDirectoryStore({ path, clock, log }),
    openUnmarked({ isTried }) {
      if (isTried) return noStoreYet(path);
      log.warn('the directory has copies and no marker of a store: it is only looked into', { path });
      return openDirectoryStore({ path, unmarked: true, clock, log });
    },
  };
}

/** Whether somebody has put backups there, or copies of databases, in a way of which we know. */
export function holdsCopies(names: readonly string[]): boolean {
  return names.some((name) => name === 'backups' || name === 'latest' || dataEnding.test(name));
}

/** Nothing is there, or a directory; what is something else is told as such by whoever opens it. */
async function isFree(path: string): Promise<boolean> {
  const found = await ifPathThere(lstat(path));
  return found === undefined || (await ifPathThere(stat(path)))?.isDirectory() === true;
}

/** That is told by whoever opens it. */
function whatIsNoDirectory(error: unknown): string[] {
  if (errorCode(error) === 'ENOTDIR') return [];
  throw error;
}
