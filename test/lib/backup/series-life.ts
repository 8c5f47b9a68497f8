// Machines that back one database up in pages, whose clocks jump, and a store that is set back, pruned and damaged, as far as
// decisions go: pages are numbers, and time passes when a test says so.
import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import { type CatalogueEntry, isSuspect, storedPartOf } from '../../../lib/backup/catalogue.ts';
import { chainOf } from '../../../lib/backup/chain.ts';
import { retentionPlan } from '../../../lib/backup/retention.ts';
import { choosePlace, type KnownBase, type SeriesState } from '../../../lib/backup/series.ts';
import type { SqliteManifest } from './examples.ts';
import { entriesOf, linkTo, pagesManifest, pagesName } from './pages-examples.ts';

const hourMs = 3_600_000;
const pageCount = 12;

type Pages = readonly number[];

/** A backup in the store: its manifest, the pages in its objects, and what it is to rebuild to. */
interface Made {
  manifest: SqliteManifest;
  held: ReadonlyMap<number, number>;
  whole: Pages;
}

/** What one machine remembers: the series, and of each base the pages that its digests stand for. */
interface Memory {
  state: SeriesState;
  digests: ReadonlyMap<string, Pages>;
}

export class Life {
  store = new Map<string, Made>();
  readonly stores: Map<string, Made>[] = [];
  readonly memories: (Memory | undefined)[] = [];
  memory: Memory | undefined;
  database: Pages = Array.from({ length: pageCount }, () => 0);
  trueMs = Date.UTC(2026, 10, 1, 2);
  skewMs = 0;
  made = 0;
  removed = 0;
  increments = 0;
  readonly levels: 1 | 2 | 3;

  constructor(levels: 1 | 2 | 3) {
    this.levels = levels;
  }

  get now(): Date {
    return new Date(this.trueMs + this.skewMs);
  }

  list(store = this.store): CatalogueEntry[] {
    return entriesOf(
      [...store.values()].map(({ manifest }) => manifest),
      { now: this.now },
    );
  }

  change(pages: number): void {
    this.made += 1;
    this.database = this.database.map((page, index) =>
      (index * 7 + this.made) % pageCount < pages ? this.made : page,
    );
  }

  /** One run of a machine that remembers `memory` and sees `seen`; what it remembers then. */
  run(memory: Memory | undefined, seen = this.list(), suspect: string[] = []): Memory | undefined {
    const place = choosePlace({
      entries: seen,
      state: memory?.state,
      policy: { levels: this.levels, full: 'when-due', keepsFull: true, fullWindow: undefined },
      ...{ now: this.now, timeZone: 'UTC', pageSize: 4096, pageCount },
      changedOf: ({ name }) => this.differing(memory?.digests.get(name)).size,
    });
    const chosen = suspect.length > 0 && place.kind === 'full' ? (place.instead ?? place) : place;
    if (chosen.kind === 'full' || memory === undefined) return this.addFull(memory, suspect);
    this.increments += 1;
    const { base, level, sequence } = chosen;
    const { series, full } = memory.state;
    const pages = {
      series,
      level,
      full: { name: full.name, id: full.id },
      base: { name: base.name, id: base.id },
    };
    const held = this.differing(memory.digests.get(base.name));
    return this.remember(memory, this.add(sequence, pages, held, suspect));
  }

  addFull(memory: Memory | undefined, suspect: string[]): Memory | undefined {
    const series = createHash('md5').update(`${this.made}`).digest('hex');
    const added = this.add(0, { series }, this.differing(undefined), suspect);
    if (suspect.length > 0) return memory;
    const link = linkTo(added.manifest);
    const full = { ...link, takenAt: this.now, storedBytes: 1_000_000 };
    const state = { series, full, head: { ...link, sequence: 0 }, incrementBytes: 0, bases: [known(added)] };
    return { state, digests: new Map([[link.name, this.database]]) };
  }

  add(sequence: number, pages: object, held: ReadonlyMap<number, number>, suspect: string[]): Made {
    const stamp = this.freeStamp();
    const manifest = pagesManifest(stamp, sequence, undefined, pages, { suspect });
    const sha256 = createHash('sha256')
      .update(`${this.made} ${stamp} ${JSON.stringify([...held])}`)
      .digest('hex');
    const objects = [{ ...manifest.stored!.objects[0]!, sha256, contentHash: sha256 }];
    const made = {
      manifest: { ...manifest, stored: { ...manifest.stored!, objects } },
      held,
      whole: this.database,
    };
    this.store.set(made.manifest.backup, made);
    return made;
  }

  freeStamp(): string {
    for (let ms = this.now.getTime(); ; ms += 1000) {
      const stamp = new Date(ms).toISOString().replace(/[-:]|\.\d+/g, '');
      if (!this.store.has(pagesName(stamp))) return stamp;
    }
  }

  remember({ state, digests }: Memory, added: Made): Memory {
    const { suspect, stored } = added.manifest;
    const link = linkTo(added.manifest);
    const head = { ...link, sequence: stored!.pages!.sequence };
    if (suspect.length > 0) return { state: { ...state, head }, digests };
    const bases = [...state.bases.filter(({ level }) => level < stored!.pages!.level), known(added)];
    return { state: { ...state, head, bases }, digests: new Map([...digests, [link.name, this.database]]) };
  }

  differing(base: Pages | undefined): ReadonlyMap<number, number> {
    return new Map([...this.database.entries()].filter(([index, page]) => base?.[index] !== page));
  }

  prune(last: number): void {
    const before = this.list();
    const isCandidate = ({ state }: CatalogueEntry) => ['proven', 'suspect', 'future'].includes(state);
    const linkOf = (entry: CatalogueEntry) => ({
      name: entry.name,
      base: storedPartOf(entry)?.pages?.base?.name,
    });
    const { removals } = retentionPlan({
      backups: before
        .filter(isCandidate)
        .map((entry) => ({ ...linkOf(entry), takenAt: entry.takenAt, suspect: isSuspect(entry) })),
      others: before.filter((entry) => !isCandidate(entry)).map(linkOf),
      policy: { last: last + 1, hourly: 6, daily: 2, weekly: 1, monthly: 0 },
      ...{ now: this.now, timeZone: 'UTC', clock: 'unknown' },
    });
    for (const name of removals) {
      this.store.delete(name);
      this.removed += 1;
      this.requireSound();
    }
    const lost = this.list().filter(
      (entry) =>
        entry.state === 'damaged' && before.find(({ name }) => name === entry.name)?.state !== 'damaged',
    );
    expect(lost).toEqual([]);
  }

  /** All that is not damaged rebuilds to what it was, from full upwards. */
  requireSound(): void {
    const entries = this.list();
    for (const entry of entries) {
      if (entry.state === 'damaged') continue;
      const rebuilt: number[] = [];
      const chain = chainOf(entry, entries);
      expect(chain.length).toBeLessThanOrEqual(this.levels + 1);
      for (const { name } of chain)
        for (const [index, page] of this.store.get(name)!.held) rebuilt[index] = page;
      const { whole } = this.store.get(entry.name)!;
      // Compared as text first: this is asked a hundred thousand times.
      if (String(rebuilt) !== String(whole)) expect(rebuilt, entry.name).toEqual(whole);
    }
  }

  /** Two machines never go on with one series in turn: beyond what both made at once there is nothing. */
  requireOneWriter(): void {
    const parts = [...this.store.values()].map(({ manifest }) => manifest.stored!.pages!);
    for (const { series, sequence } of parts) {
      const same = parts.filter((part) => part.series === series && part.sequence === sequence);
      const later = parts.filter((part) => part.series === series && part.sequence > sequence);
      if (same.length > 1) expect(later).toEqual([]);
    }
  }

  step([kind, also]: [string, number]): void {
    this.trueMs += hourMs;
    if (kind === 'run') {
      this.change(also);
      this.memory = this.run(this.memory);
    } else if (kind === 'suspect') this.memory = this.run(this.memory, this.list(), ['rows are gone']);
    else if (kind === 'most pages change') this.change(pageCount);
    else if (kind === 'prune') this.prune(also);
    else if (kind === 'clock') this.skewMs = also * hourMs;
    else if (kind === 'clock is right') this.skewMs = 0;
    else if (kind === 'store set back') this.store = new Map(this.stores.at(-1 - also) ?? this.store);
    else if (kind === 'machine set back') this.memory = this.memories.at(-1 - also);
    else if (kind === 'removed by hand') this.store.delete([...this.store.keys()][also] ?? '');
    else if (kind === 'digests lost')
      this.memory = this.memory && { ...this.memory, state: { ...this.memory.state, bases: [] } };
    else this.runBoth(kind === 'other machine at once');
    this.stores.push(new Map(this.store));
    this.memories.push(this.memory);
  }

  /** A copy of this machine makes a backup as well: after it, or with a list that has none of the other's. */
  runBoth(isAtOnce: boolean): void {
    const [memory, seen] = [this.memory, this.list()];
    this.change(2);
    this.memory = this.run(memory, seen);
    this.change(3);
    const other = this.run(memory, isAtOnce ? seen : this.list());
    this.change(1);
    this.memory = this.run(this.memory);
    this.run(other);
  }
}

function known({ manifest }: Made): KnownBase {
  const { level, sequence } = manifest.stored!.pages!;
  return { ...linkTo(manifest), level, sequence, pageSize: 4096, pageCount };
}
