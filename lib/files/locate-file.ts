// Where a file really lies, found without being led astray. A link is followed when root or we made it, or when who made
// it also owns what it leads to: else the app's user could make root, or a user that reads many databases, work on any
// file of the system. Each directory on the way is held while the next one is looked for, so that no part of the path can
// be exchanged behind our back. (The rule is systemd's for "unsafe transitions".)
import { lstatSync, readlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { OpsError, systemError } from '../base/errors.ts';
import { NoAnswer, requireAnswer, servedMountAt } from './answering-mounts.ts';
import { isRootOrUs } from './borrowed.ts';
import { type HeldDirectory, holdAgain, holdDirectory } from './held-directory.ts';

/** A name in a directory that is held: what the whole of a path led to. */
export interface LocatedFile extends Disposable {
  readonly directory: HeldDirectory;
  readonly name: string;
  /** The real path: no part of it is a link. For people, and for programs that open it themselves. */
  readonly path: string;
  /** Whether something has the name; a link has not. */
  readonly exists: boolean;
}

/** As many as Linux follows (path_resolution(7)). */
const linksMax = 40;

interface Link {
  path: string;
  uid: number;
}

/**
 * Follows every link of `path`. The file itself may be missing, its directory may not. Throws OpsError `missing` for that
 * and for a link that leads to nothing, `refused` for a link that is not to be trusted, `denied` where it may not be entered,
 * `unavailable` where a mount on the way does not answer.
 */
export async function locateFile(path: string): Promise<LocatedFile> {
  const absolute = resolve(path);
  try {
    const found = await walk(absolute);
    if (found.name !== undefined) return located(found.directory, found.name, found.exists);
    found.directory[Symbol.dispose]();
    throw new OpsError('missing', `cannot find ${absolute}: it is a directory`);
  } catch (error) {
    throw systemError(`find ${absolute}`, error);
  }
}

/**
 * Holds the directory that `path` leads to, by the same rule. Rejects with the system's error, so that the caller says
 * what it wanted there; throws OpsError `refused` for a link that is not to be trusted.
 */
export async function locateDirectory(path: string): Promise<HeldDirectory> {
  return (await walk(resolve(path), true)).directory;
}

/** Throws OpsError `unavailable` where a mount on the way to `path` does not answer, and nothing whatever else is wrong with it. */
export async function requireWay(path: string): Promise<void> {
  try {
    using found = await locateDirectory(path);
    void found;
  } catch (error) {
    if (error instanceof NoAnswer) throw error;
  }
}

/** Where a walk ended: a name in a directory, or the directory itself. */
interface Arrival {
  directory: HeldDirectory;
  name: string | undefined;
  exists: boolean;
}

async function walk(absolute: string, isDirectory = false): Promise<Arrival> {
  const again = await holdAgain(absolute);
  const parts = partsOf(again?.rest ?? absolute);
  const doubtful: Link[] = [];
  let links = 0;
  let isNameOfLink = false;
  let at = again?.directory ?? (await holdDirectory('/'));
  const enter = (next: HeldDirectory) => {
    at[Symbol.dispose]();
    at = next;
  };
  try {
    for (let name = parts.shift(); name !== undefined; name = parts.shift()) {
      const mount = servedMountAt(join(at.path, name));
      if (mount !== undefined) await requireAnswer(mount, absolute);
      const status = lstatSync(at.at(name), { throwIfNoEntry: false });
      if (status?.isSymbolicLink() === true) {
        if ((links += 1) > linksMax)
          throw new OpsError('missing', `cannot find ${absolute}: its symbolic links form a loop`);
        if (!isRootOrUs(status.uid)) doubtful.push({ path: join(at.path, name), uid: status.uid });
        const target = readlinkSync(at.at(name));
        isNameOfLink ||= parts.length === 0;
        parts.unshift(...partsOf(target));
        if (target.startsWith('/')) enter(await holdDirectory('/'));
      } else if (name === '..') enter(await holdDirectory(at.at('..'), dirname(at.path)));
      else if (parts.length > 0 || isDirectory) enter(await at.hold(name));
      else {
        if (status === undefined && isNameOfLink)
          throw new OpsError(
            'missing',
            `cannot find ${absolute}: it is a link to ${join(at.path, name)}, which is not there`,
          );
        const ownerUid = status?.uid ?? Number((await at.status()).uid);
        requireTrusted(absolute, doubtful, join(at.path, name), ownerUid);
        return { directory: at, name, exists: status !== undefined };
      }
    }
    if (isDirectory) requireTrusted(absolute, doubtful, at.path, Number((await at.status()).uid));
    return { directory: at, name: undefined, exists: true };
  } catch (error) {
    at[Symbol.dispose]();
    throw error;
  }
}

function located(directory: HeldDirectory, name: string, exists: boolean): LocatedFile {
  return {
    directory,
    name,
    path: join(directory.path, name),
    exists,
    [Symbol.dispose]: () => directory[Symbol.dispose](),
  };
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

/** Throws OpsError `refused` unless who made the links owns what they lead to. */
function requireTrusted(absolute: string, links: readonly Link[], found: string, ownerUid: number): void {
  const link = links.find(({ uid }) => uid !== ownerUid);
  if (link === undefined) return;
  throw new OpsError(
    'refused',
    `cannot use ${absolute}: ${link.path} is a link that user ${link.uid} made, to what belongs to user ${ownerUid}`,
    { hint: `if ${found} is what is meant, name that file itself` },
  );
}
