// The tree of files, and its history: an append-only log of changes from which the tree, the revisions and the change
// feed all follow.
import { randomBytes } from 'node:crypto';
import type { DurableLog, DurableState } from './durable.ts';
import type { DeletedEntry, Entry, FileEntry, Present } from './entries.ts';
import { lowerPath, nameOf, parentOf } from './paths.ts';
import { formatTimestamp } from './virtual-clock.ts';

export interface Change {
  /** Position in the feed, from 1. */
  sequence: number;
  /** Changes of one request share a number: they become visible together. */
  group: number;
  at: number;
  entry: Entry;
}

/** The tree at one point of the history. */
export class Tree {
  readonly entries = new Map<string, Present>();
  usedBytes = 0;
  /** How many entries were applied: the position in the feed that this tree shows. */
  position = 0;
  private sorted: Present[] | undefined;

  apply(entry: Entry): void {
    this.sorted = undefined;
    this.position += 1;
    const before = this.entries.get(entry.pathLower);
    if (before?.kind === 'folder' && entry.kind !== 'folder') {
      for (const below of this.below(entry.pathLower)) this.remove(below);
    }
    if (before !== undefined) this.remove(before);
    if (entry.kind === 'deleted') return;
    this.entries.set(entry.pathLower, entry);
    this.usedBytes += entry.kind === 'file' ? entry.size : 0;
  }

  /** Everything below a folder, parents before children. */
  below(pathLower: string): Present[] {
    return this.all().filter((entry) => entry.pathLower.startsWith(`${pathLower}/`));
  }

  all(): Present[] {
    this.sorted ??= [...this.entries.values()].sort((a, b) => (a.pathLower < b.pathLower ? -1 : 1));
    return this.sorted;
  }

  private remove(entry: Present): void {
    this.entries.delete(entry.pathLower);
    this.usedBytes -= entry.kind === 'file' ? entry.size : 0;
    this.sorted = undefined;
  }
}

/** One account's files. Nothing here knows of requests; rules about what may be written are in write.ts. */
export class Namespace {
  readonly tree = new Tree();
  readonly history: Change[] = [];
  private readonly byRev = new Map<string, FileEntry>();
  private readonly byId = new Map<string, string>();
  private readonly byPath = new Map<string, Change[]>();
  private readonly log: DurableLog<Change>;
  private readonly state: DurableState;
  private readonly listeners = new Set<() => void>();

  constructor(state: DurableState) {
    this.state = state;
    this.log = state.log<Change>();
    for (const change of this.log.stored) this.apply(change);
  }

  get latest(): number {
    return this.history.length;
  }

  at(path: string): Present | undefined {
    return this.tree.entries.get(lowerPath(path));
  }

  atId(id: string): Present | undefined {
    return this.tree.entries.get(this.byId.get(id) ?? '');
  }

  revision(rev: string): FileEntry | undefined {
    return this.byRev.get(rev);
  }

  changesOf(pathLower: string): readonly Change[] {
    return this.byPath.get(pathLower) ?? [];
  }

  /** Writes all entries as one change: all are there after a kill, or none. */
  commit(entries: readonly Entry[], at: number): void {
    const group = (this.history.at(-1)?.group ?? 0) + 1;
    const changes = entries.map((entry, index) => ({ sequence: this.latest + index + 1, group, at, entry }));
    this.state.atomically(() => changes.forEach((change) => this.log.append(change)));
    for (const change of changes) this.apply(change);
    for (const listener of [...this.listeners]) listener();
  }

  /** The tree as it was before the latest `groups` changes. */
  before(groups: number): Tree {
    const until = (this.history.at(-1)?.group ?? 0) - groups;
    const tree = new Tree();
    for (const change of this.history) if (change.group <= until) tree.apply(change.entry);
    return tree;
  }

  /** The tree as it was at an instant. */
  asOf(instant: number): Tree {
    const tree = new Tree();
    for (const change of this.history) if (change.at <= instant) tree.apply(change.entry);
    return tree;
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** How a path is shown: the parent as it is spelled already, the name as given. */
  displayOf(path: string): string {
    const parent = parentOf(path);
    return `${parent === '' ? '' : (this.at(parent)?.pathDisplay ?? this.displayOf(parent))}/${nameOf(path)}`;
  }

  newId(): string {
    return `id:${randomBytes(16).toString('base64url')}`;
  }

  newRev(offset = 0): string {
    return `0${(this.latest + 1 + offset).toString(16).padStart(12, '0')}00000002a51c84f3`;
  }

  deletedAt(path: string): DeletedEntry | undefined {
    const last = this.changesOf(lowerPath(path)).at(-1)?.entry;
    if (last === undefined || this.at(path) !== undefined) return undefined;
    const { name, pathLower, pathDisplay } = last;
    return { kind: 'deleted', name, pathLower, pathDisplay };
  }

  /** When what was at a path went away, also with a folder above it; undefined while something is there. */
  deletionTime(pathLower: string): string | undefined {
    if (this.tree.entries.has(pathLower)) return undefined;
    const gone = this.history.findLast(
      ({ entry }) =>
        entry.kind === 'deleted' &&
        (entry.pathLower === pathLower || pathLower.startsWith(`${entry.pathLower}/`)),
    );
    return gone === undefined ? undefined : formatTimestamp(gone.at);
  }

  private apply(change: Change): void {
    const { entry } = change;
    this.history.push(change);
    this.tree.apply(entry);
    if (entry.kind === 'file') this.byRev.set(entry.rev, entry);
    if (entry.kind !== 'deleted') this.byId.set(entry.id, entry.pathLower);
    const changes = this.byPath.get(entry.pathLower);
    if (changes === undefined) this.byPath.set(entry.pathLower, [change]);
    else changes.push(change);
  }
}
