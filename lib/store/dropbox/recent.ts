// What this run was told of its own writes. Dropbox does not show a write at once everywhere: a look right after it may
// still see what was there before, and is not believed at once.
import { NoObject, type RemoteFile } from './metadata.ts';
import { fold } from './paths.ts';

/** What is known of one path. */
interface Known {
  path: string;
  /** What was put there last; undefined where that was removed. */
  file: RemoteFile | undefined;
  /** Revisions that were there before and will never be again: what comes back has a new one. */
  past: Set<string>;
}

/** What was seen at a path. */
export type Seen = RemoteFile | NoObject | undefined;

/** The writes of one opened store. */
export class RecentWrites {
  readonly #known = new Map<string, Known>();

  /** `file` was acknowledged, in the place of `before`. */
  wrote(path: string, file: RemoteFile, before?: RemoteFile): void {
    const known = this.#at(path);
    for (const rev of [before?.rev, known.file?.rev]) if (rev !== undefined) known.past.add(rev);
    known.past.delete(file.rev);
    known.file = file;
  }

  /** That very revision is gone. */
  removed(path: string, rev: string): void {
    const known = this.#at(path);
    known.past.add(rev);
    if (known.file?.rev === rev) known.file = undefined;
  }

  /** What is seen there is nothing that we know better: somebody else was there, or it came to nothing after all. */
  believe(path: string): void {
    this.#known.delete(fold(path));
  }

  /** Whether what is seen at a path is from before a write of ours, or says of that write what it is not. */
  contradicts(path: string, seen: Seen): boolean {
    const known = this.#known.get(fold(path));
    if (known === undefined || seen instanceof NoObject) return false;
    if (seen === undefined) return known.file !== undefined;
    if (seen.rev !== known.file?.rev) return known.past.has(seen.rev);
    return seen.sizeBytes !== known.file.sizeBytes || seen.contentHash !== known.file.contentHash;
  }

  /** Whether what was there is known to be removed, whatever is still seen of it. */
  isRemoved(path: string): boolean {
    const known = this.#known.get(fold(path));
    return known !== undefined && known.file === undefined;
  }

  /** The paths below a folder at which something was written or removed. */
  pathsBelow(folder: string): string[] {
    const known = [...this.#known.values()].map(({ path }) => path);
    return known.filter((path) => fold(path).startsWith(`${fold(folder)}/`));
  }

  #at(path: string): Known {
    const known = this.#known.get(fold(path)) ?? { path, file: undefined, past: new Set<string>() };
    this.#known.set(fold(path), known);
    return known;
  }
}
