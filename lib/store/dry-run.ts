// A dry run on a store: what is written lies on top of it, in scratch, and is seen by every read that follows; the
// store itself is only read.
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { requireSameBytes } from '../files/hash-file.ts';
import { removeQuietly } from '../files/publish-file.ts';
import type { Scratch } from '../files/scratch.ts';
import { openDirectoryStore } from './directory/open.ts';
import { namesAbove, quoteName, requireObjectName } from './name.ts';
import { nameMissing, nameTaken, requireExpected } from './refusals.ts';
import type { CopyOptions, RemoveOptions, Store, Stored, StoreName } from './store.ts';

export interface DryRunOptions {
  /**
   * Makes a private directory for the bytes that are put or copied, on this machine: asked for with the first of
   * them. Whoever makes it removes it when the run is over.
   */
  scratch(): Promise<Scratch>;
  clock: Clock;
  log: Log;
}

/**
 * `store` for a run that must change nothing: it keeps the contract of a store, and calls nothing of `store` but what
 * reads. Objects that are put lie in scratch, whatever their size, and memory holds only the names that were removed.
 * The staging directory is told for who asks how much room there is; nobody makes anything in it. A copy of what `store`
 * holds fetches its bytes.
 *
 * Not foreseen is what only writing finds out: that `store` is full, refuses the right to write, or has something
 * that is no object under the name. Names that differ in letter case alone are two, also where `store` has them as one.
 */
export function dryRunStore(store: Store, options: DryRunOptions): Store {
  const view = new View(store, options);
  return {
    description: store.description,
    id: store.id,
    stagingDirectory: store.stagingDirectory,
    isRemote: store.isRemote,
    async put(name, file, putOptions = {}) {
      const object = requireObjectName(name);
      await view.requireFree(object, putOptions.replace);
      return (await view.layer()).store.put(object, file, putOptions);
    },
    async get(name, target, getOptions) {
      const object = requireObjectName(name);
      return (await view.holderOf(object)).get(object, target, getOptions);
    },
    async read(name) {
      const object = requireObjectName(name);
      return (await view.holderOf(object)).read(object);
    },
    list: async (prefix) => view.list(prefix),
    stat: async (name) => view.stat(requireObjectName(name)),
    copy: async (from, to, copyOptions = {}) =>
      view.copy(requireObjectName(from), requireObjectName(to), copyOptions),
    remove: async (name, removeOptions = {}) => view.remove(requireObjectName(name), removeOptions),
    space: () => store.space(),
    examine: () => store.examine(),
    traffic: () => store.traffic(),
    remoteTime: () => store.remoteTime?.(),
  };
}

/** Where objects that were put lie. */
interface Layer {
  store: Store;
  /** A path of its own for each that asks. */
  temporary(): string;
}

/** The store below with what was written on top, under names that are valid in any store. */
class View {
  readonly #below: Store;
  readonly #options: DryRunOptions;
  readonly #removed = new Set<StoreName>();
  #layer: Promise<Layer> | undefined;

  constructor(below: Store, options: DryRunOptions) {
    this.#below = below;
    this.#options = options;
  }

  /** Opened when it is first written to. */
  async layer(): Promise<Layer> {
    this.#layer ??= openLayer(this.#options).catch((error: unknown) => {
      this.#layer = undefined; // without scratch nothing can be put, but everything read
      throw error;
    });
    return this.#layer;
  }

  /** Asks the store below unless the answer lies above it, so that a name which that one refuses is refused. */
  async stat(name: StoreName): Promise<Stored | undefined> {
    const above = await (await this.#layer)?.store.stat(name);
    if (above !== undefined || this.#removed.has(name)) return above;
    return this.#below.stat(name);
  }

  /** The store that has the bytes of an object. Throws OpsError `missing` for one that was removed. */
  async holderOf(name: StoreName): Promise<Store> {
    const layer = await this.#layer;
    if ((await layer?.store.stat(name)) !== undefined) return (layer as Layer).store;
    if (this.#removed.has(name)) throw nameMissing(name);
    return this.#below;
  }

  async list(prefix: string): Promise<Stored[]> {
    const below = await this.#below.list(prefix);
    const above = (await (await this.#layer)?.store.list(prefix)) ?? [];
    const hidden = new Set([...this.#removed, ...above.map(({ name }) => name)]);
    return [...above, ...below.filter(({ name }) => !hidden.has(name))].sort((a, b) =>
      a.name < b.name ? -1 : 1,
    );
  }

  async copy(from: StoreName, to: StoreName, { expected, signal }: CopyOptions): Promise<Stored> {
    const holder = await this.holderOf(from);
    if ((await holder.stat(from)) === undefined) throw nameMissing(from);
    await this.requireFree(to);
    const layer = await this.layer();
    if (holder === layer.store) return layer.store.copy(from, to, { expected, signal });
    const fetched = await holder.get(from, layer.temporary(), signal === undefined ? {} : { signal });
    try {
      if (expected !== undefined) requireSameBytes(quoteName(from), fetched, expected);
      return await layer.store.put(to, fetched, { consume: true, signal });
    } finally {
      await removeQuietly(fetched.path);
    }
  }

  async remove(name: StoreName, { expected }: RemoveOptions): Promise<void> {
    const seen = await this.stat(name);
    if (seen === undefined) return;
    requireExpected(name, seen, { expected });
    this.#removed.add(name);
    await (await this.#layer)?.store.remove(name);
  }

  /** Refuses a name that is taken, and one above or below an object; between several puts the layer decides. */
  async requireFree(name: StoreName, replace = false): Promise<void> {
    const taken = await this.stat(name);
    if (taken !== undefined && !replace) throw nameTaken(name, { why: 'it exists already' });
    for (const above of namesAbove(name)) {
      if ((await this.stat(above)) !== undefined) throw nameTaken(name, { why: `${above} is an object` });
    }
    const [below] = await this.list(`${name}/`);
    if (below !== undefined) throw nameTaken(name, { why: `${below.name} lies below it` });
  }
}

async function openLayer({ scratch, clock, log }: DryRunOptions): Promise<Layer> {
  const { file } = await scratch();
  let temporaries = 0;
  return {
    store: await openDirectoryStore({ path: file('dry-run'), create: true, clock, log }),
    temporary: () => file(`fetched-${(temporaries += 1)}`),
  };
}
