// A directory held by a descriptor, so that what is done in it is done in it. Whoever owns a directory above may rename it
// away and put another one, or a link, in its place between any two calls that name it by its path. Linux takes
// `/proc/self/fd/<n>/<name>` for what openat(2) and its kin do (proc_pid_fd(5)). See docs/threat-model.md.
import { type BigIntStats, closeSync, constants, fstatSync, openSync, readdir } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { OpsError } from '../base/errors.ts';
import { syncDirectory } from './sync.ts';

/** Enough to reach what is inside: also a directory that may be entered but not listed. Node has no name for it. */
const O_PATH = 0o10000000;

/** A directory that stays the same one whatever becomes of its path, until it is disposed of. */
export interface HeldDirectory extends Disposable {
  /** Its path when it was opened: for people, and for other programs. */
  readonly path: string;
  /** The path by which this process, and no other, reaches `name` in it. A link of that name is for the caller to refuse. */
  at(name: string): string;
  status(): Promise<BigIntStats>;
  /** The names in it. Rejects with the system's error. */
  names(): Promise<string[]>;
  /** As `syncDirectory`. */
  sync(): Promise<void>;
  /** A directory in it, never through a link. Rejects with the system's error: ENOTDIR or ELOOP where it is none. */
  hold(name: string): Promise<HeldDirectory>;
}

/** What each path that stands for a directory stood for last: an error may be told after its directory was let go. */
const known = new Map<string, string>();

/** Holds the directory at `path`, whose last part is not followed when it is a link. Rejects with the system's error. */
export async function holdDirectory(path: string, called = path): Promise<HeldDirectory> {
  // Not by the pool of threads: that takes twenty times as long as the call, and a path has many parts.
  const descriptor = openSync(path, O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  const prefix = `/proc/self/fd/${descriptor}`;
  known.set(prefix, called);
  let isOpen = true;
  return {
    path: called,
    at: (name) => `${prefix}/${name}`,
    status: async () => fstatSync(descriptor, { bigint: true }),
    names: () => promisify(readdir)(prefix),
    sync: () => syncDirectory(prefix),
    hold: (name) => holdDirectory(`${prefix}/${name}`, join(called, name)),
    [Symbol.dispose]() {
      if (!isOpen) return;
      isOpen = false;
      closeSync(descriptor);
    },
  };
}

/**
 * Where a path begins that a held directory gave out: it is held once more, and never looked for by a name. Undefined for
 * every other path.
 */
export async function holdAgain(
  path: string,
): Promise<{ directory: HeldDirectory; rest: string } | undefined> {
  const [, prefix = '', rest = ''] = /^(\/proc\/self\/fd\/\d+)(?:$|\/(.*)$)/.exec(path) ?? [];
  const called = known.get(prefix);
  if (called === undefined) return undefined;
  return { directory: await holdDirectory(`${prefix}/.`, called), rest };
}

/** Does `work` on files in held directories, and tells its errors with the paths that people know. */
export async function inKnownPaths<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    const hint = error.hint === undefined ? {} : { hint: knownPaths(error.hint) };
    const message = knownPaths(error.message);
    if (message === error.message && hint.hint === error.hint) throw error;
    const [first = '', ...lines] = message.split('\n');
    throw new OpsError(error.kind, first, { ...hint, lines, cause: error });
  }
}

function knownPaths(text: string): string {
  return text.replace(/\/proc\/self\/fd\/\d+/g, (prefix) => known.get(prefix) ?? prefix);
}
