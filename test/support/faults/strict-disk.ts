// A file system that keeps nothing it was not told to keep: what a power cut may leave of a directory. A name made, removed
// or exchanged since its directory was synced is there or not, each for itself; so are bytes written since their file was, or half of them.
import { closeSync, lstatSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scratch } from '../scratch.ts';
import type { Call } from './fail-in-process.ts';

/** Which of so many possible states; the first is that of the last sync, the last one what a running program sees. */
export type Choice = (states: number) => number;

/** Nothing that was not synced is there after the cut. */
export const lost: Choice = () => 0;
/** All of it is. */
export const kept: Choice = (states) => states - 1;

/** Some of it: another choice for each seed. */
export function some(seed: number): Choice {
  let state = seed;
  return (states) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % states;
  };
}

type Inode = number;

interface Directory {
  durable: Map<string, Inode>;
  /** What each name has stood for since the last sync, in order. */
  since: Map<string, (Inode | undefined)[]>;
}

interface File {
  durable: Buffer;
  now: Buffer;
}

export class StrictDisk implements Disposable {
  readonly #root: string;
  readonly #directories = new Map<Inode, Directory>();
  readonly #files = new Map<Inode, File>();
  /** Held open, so that no number is used again. */
  readonly #held: number[] = [];

  /** All that is below `root` now is on the device. */
  constructor(root: string) {
    this.#root = root;
    this.#look(root);
    for (const inode of this.#directories.keys()) this.#syncNames(inode);
    for (const file of this.#files.values()) file.durable = file.now;
  }

  /** To be called after each call. */
  see({ name, path }: Call): void {
    this.#look(this.#root);
    if (!/sync$/i.test(name)) return;
    const inode = lstatSync(path, { throwIfNoEntry: false })?.ino ?? 0;
    if (this.#directories.has(inode)) this.#syncNames(inode);
    const file = this.#files.get(inode);
    if (file !== undefined) file.durable = file.now;
  }

  /** What a cut now may leave, in a directory of its own. */
  cut(choose: Choice): string {
    const made = join(scratch(), 'after');
    this.#leave(lstatSync(this.#root).ino, made, choose);
    return made;
  }

  [Symbol.dispose](): void {
    for (const descriptor of this.#held.splice(0)) closeSync(descriptor);
  }

  #look(path: string): Inode {
    const stats = lstatSync(path);
    const { ino } = stats;
    const isNew = !this.#directories.has(ino) && !this.#files.has(ino);
    if (isNew) this.#held.push(openSync(path, 'r'));
    if (!stats.isDirectory()) {
      const now = readFileSync(path);
      this.#files.set(ino, { durable: this.#files.get(ino)?.durable ?? Buffer.alloc(0), now });
      return ino;
    }
    const directory = this.#directories.get(ino) ?? { durable: new Map(), since: new Map() };
    this.#directories.set(ino, directory);
    const names = new Map(readdirSync(path).map((name) => [name, this.#look(join(path, name))]));
    const known = new Set([...names.keys(), ...directory.durable.keys(), ...directory.since.keys()]);
    for (const name of known) {
      const seen = directory.since.get(name) ?? [directory.durable.get(name)];
      if (seen.at(-1) !== names.get(name)) directory.since.set(name, [...seen, names.get(name)]);
    }
    return ino;
  }

  #syncNames(inode: Inode): void {
    const directory = this.#directories.get(inode);
    if (directory === undefined) return;
    for (const [name, seen] of directory.since) {
      const last = seen.at(-1);
      if (last === undefined) directory.durable.delete(name);
      else directory.durable.set(name, last);
    }
    directory.since.clear();
  }

  #leave(inode: Inode, path: string, choose: Choice): void {
    const file = this.#files.get(inode);
    if (file !== undefined) {
      const states = file.durable.equals(file.now) ? [file.now] : [file.durable, torn(file.now), file.now];
      return writeFileSync(path, states[choose(states.length)] ?? file.now);
    }
    mkdirSync(path);
    const directory = this.#directories.get(inode);
    const names = new Set([...(directory?.durable.keys() ?? []), ...(directory?.since.keys() ?? [])]);
    for (const name of names) {
      const states = directory?.since.get(name) ?? [directory?.durable.get(name)];
      const chosen = states[choose(states.length)];
      if (chosen !== undefined) this.#leave(chosen, join(path, name), choose);
    }
  }
}

/** Its length has come to the device, and the first half of its bytes. */
function torn(bytes: Buffer): Buffer {
  return Buffer.from(bytes).fill(0, bytes.length >> 1);
}
