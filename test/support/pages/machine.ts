// A machine that makes backups in pages of one app, and is killed, put back or doubled; in one store in memory, with all
// that is known of what must come out of it.
import {
  closeSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { type CatalogueEntry, storedPartOf } from '../../../lib/backup/catalogue.ts';
import type { Manifest } from '../../../lib/backup/manifest.ts';
import { backupName } from '../../../lib/backup/name.ts';
import type { PagesPolicy } from '../../../lib/backup/pages-policy.ts';
import { silentLog, silentProgress } from '../../../lib/base/log.ts';
import type { FileDigest } from '../../../lib/files/digest.ts';
import { createPageDigester } from '../../../lib/repository/pages/page-digests.ts';
import type { Added, NewBackup, Repository } from '../../../lib/repository/repository.ts';
import type { MemoryObject } from '../../../lib/store/memory.ts';
import type { Opening, Seal } from '../../../lib/seal/seal.ts';
import type { Store } from '../../../lib/store/store.ts';
import { exampleManifest } from '../../lib/backup/examples.ts';
import { type FixedClock, fixedClock } from '../fixed-clock.ts';
import { type CallFault, withFault } from '../faults/fail-in-process.ts';
import type { House } from './house.ts';

const app = 'ctv';
const naming = { layout: 'app', app, timeZone: 'UTC', latestName: 'latest/ctv.db' } as const;

/** How a run is killed: at a call that changes a file here, or at one that changes the store. */
export type Kill = Required<Pick<CallFault, 'at'>> & {
  kind: 'kill-before' | 'kill-after';
  where: 'files' | 'store';
};

/** How a run ended. */
export type Ended = { added: Added } | 'killed' | { error: unknown };

interface BackupChanges {
  suspect?: string[];
  /** How long a full that waits for its window may be sent. */
  until?: Date | undefined;
  /** What others do once it has decided what to make, before it changes the store. */
  meanwhile?: () => Promise<void>;
}

/** The store, its past, and by its SHA-256 what must come out of each backup that was ever begun. */
export class Ground {
  readonly house: House;
  readonly home: string;
  readonly clock: FixedClock = fixedClock('2026-11-02T00:00:13Z');
  readonly truth = new Map<string, string>();
  /** Bytes in the store that somebody altered: what needs them need not come out, but nothing else may. */
  readonly altered = new WeakSet<Uint8Array>();
  objects = new Map<string, MemoryObject>();
  readonly tellsContentHash: boolean;
  /** With which all backups are sealed, and opened again; undefined for none. */
  readonly keys: { seal: Seal; opening: Opening } | undefined;

  constructor(
    house: House,
    home: string,
    { tellsContentHash = false, keys }: { tellsContentHash?: boolean; keys?: Ground['keys'] } = {},
  ) {
    this.house = house;
    this.home = home;
    this.tellsContentHash = tellsContentHash;
    this.keys = keys;
    mkdirSync(home, { recursive: true });
  }

  store(): Store {
    const { clock, objects, tellsContentHash } = this;
    return this.house.memoryStore({ clock, log: silentLog, objects, isRemote: true, tellsContentHash });
  }

  pastOfStore(): Map<string, MemoryObject> {
    return new Map(this.objects);
  }

  setStoreBack(past: ReadonlyMap<string, MemoryObject>): void {
    this.objects.clear();
    for (const [name, object] of past) this.objects.set(name, object);
  }

  /** Whether bytes that a backup needs are gone or were altered by somebody. */
  isSpoilt(entry: CatalogueEntry, entries: readonly CatalogueEntry[]): boolean {
    for (let at: CatalogueEntry | undefined = entry, steps = 0; at !== undefined && steps < 20; steps += 1) {
      const stored = storedPartOf(at);
      if (stored === undefined) return true;
      const bytes = stored.objects.map(({ name }) => this.objects.get(name)?.bytes);
      if (bytes.some((each) => each === undefined || this.altered.has(each))) return true;
      const base = stored.pages?.base?.name;
      if (base === undefined) return false;
      at = entries.find(({ name }) => name === base);
    }
    return true;
  }
}

let homes = 0;

export class Machine {
  readonly ground: Ground;
  readonly policy: PagesPolicy;
  state: string;

  constructor(ground: Ground, policy: PagesPolicy, state?: string) {
    this.ground = ground;
    this.policy = policy;
    this.state = state ?? this.#newHome('state');
  }

  #newHome(what: string): string {
    const path = join(this.ground.home, `${what}-${(homes += 1)}`);
    mkdirSync(path);
    return path;
  }

  /** Another machine that is a copy of this one. */
  twin(): Machine {
    return new Machine(this.ground, this.policy, this.copyOfState());
  }

  copyOfState(): string {
    const copy = this.#newHome('state');
    cpSync(this.state, copy, { recursive: true });
    return copy;
  }

  /** The files that are kept here between two runs, as paths. */
  files(): string[] {
    return readdirSync(this.state, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(this.state, join(entry.parentPath, entry.name)))
      .sort();
  }

  spoil(file: string, how: 'bit' | 'cut' | 'gone' | 'empty', at: number): void {
    const path = join(this.state, file);
    if (how === 'gone') return void rmSync(path);
    const bytes = readFileSync(path);
    if (how === 'bit' && bytes.length > 0) {
      const place = Math.floor(at * bytes.length);
      bytes[place] = (bytes[place] ?? 0) ^ (1 << Math.floor(at * 7.99));
    }
    const { mode } = statSync(path);
    rmSync(path);
    const kept = how === 'bit' ? bytes : bytes.subarray(0, how === 'cut' ? at * bytes.length : 0);
    writeFileSync(path, kept, { mode });
  }

  /** Moves the full that is kept here, where one is, by a byte: each page is then almost what it was, in another place. */
  spoilKeptFull(): void {
    const path = join(this.state, 'pages', app, 'full.db');
    if (!existsSync(path)) return;
    const bytes = readFileSync(path);
    writeFileSync(path, Buffer.concat([bytes.subarray(1), bytes.subarray(0, 1)]));
  }

  open(store = this.ground.store()): Repository {
    const { house, clock } = this.ground;
    const scratchHome = this.#newHome('scratch');
    return house.openRepository({
      ...{ store, naming, clock, pages: this.policy },
      seal: this.ground.keys?.seal,
      opening: this.ground.keys?.opening,
      stateDirectory: this.state,
      remembered: () => [],
      scratch: () => house.makeScratch(scratchHome, { clock }),
      ...{ log: silentLog, progress: silentProgress, signal: new AbortController().signal },
      noteLeft: () => undefined,
    });
  }

  list(): Promise<CatalogueEntry[]> {
    return this.open().list();
  }

  /** Backs up the database at `path`, as `db-backup backup` does it once the snapshot is proven. */
  async backUp(path: string, changes: BackupChanges = {}, kill?: Kill): Promise<Ended> {
    const backup = await this.#newBackup(path, changes);
    const ended = await this.run((repository) => repository.add(backup), kill, changes.meanwhile);
    await backup.scratch.remove().catch(() => undefined);
    return ended === 'killed' || 'error' in ended ? ended : { added: ended.done };
  }

  async #newBackup(path: string, { suspect = [], until }: BackupChanges): Promise<NewBackup> {
    const { house, home, clock, truth, keys } = this.ground;
    clock.advance(1000);
    const name = backupName('app', app, clock.now(), {
      ...{ timeZone: 'UTC', engine: 'sqlite', format: 'pages' },
      isSealed: keys !== undefined,
    });
    const own = await house.makeScratch(home, { clock });
    const copy = own.file('copy.db');
    linkSync(path, copy); // nobody writes it before the run is over
    const digester = createPageDigester();
    const file = await house.readWhole(copy, {}, async (block) => digester.update(block));
    truth.set(name, file.sha256);
    const manifest = { ...manifestOf(name, file, clock.now()), suspect };
    return { file, manifest, refreshLatest: false, scratch: own, until, pages: digester.finish() };
  }

  /** A run that ends by itself, or is killed: then what goes on of it works on what nobody will ever see. */
  async run<T>(
    work: (repository: Repository) => Promise<T>,
    kill?: Kill,
    meanwhile?: () => Promise<void>,
  ): Promise<{ done: T } | 'killed' | { error: unknown }> {
    const view = mortal(this.ground.store(), kill?.where === 'store' ? kill : undefined, meanwhile);
    const repository = this.open(view.store);
    const go = () => work(repository);
    try {
      if (kill === undefined) return { done: await go() };
      const going = kill.where === 'files' ? withFault(kill, go).then(({ result }) => result) : go();
      const done = await Promise.race([going, view.died]);
      if (done !== undefined && done !== dead) return { done: done as T };
    } catch (error) {
      return { error };
    }
    view.end();
    const abandoned = this.state;
    this.state = this.copyOfState();
    rmSync(abandoned, { recursive: true, force: true });
    return 'killed';
  }
}

function manifestOf(backup: string, file: FileDigest, takenAt: Date): Manifest {
  const { sizeBytes, sha256, contentHash } = file;
  const pageSize = pageSizeOf(file.path);
  const facts = { pageSize, pageCount: sizeBytes / pageSize, sizeBytes, sha256, contentHash };
  return exampleManifest({ ...facts, app, backup, takenAt });
}

function pageSizeOf(path: string): number {
  const header = Buffer.alloc(100);
  const file = openSync(path, 'r');
  readSync(file, header);
  closeSync(file);
  const size = header.readUInt16BE(16);
  return size === 1 ? 65_536 : size;
}

const dead = Symbol('dead');

/** A view of a store that dies at one of the calls that change it: none ever returns again. */
function mortal(
  store: Store,
  kill: Pick<Kill, 'at' | 'kind'> | undefined,
  meanwhile: (() => Promise<void>) | undefined,
): { store: Store; died: Promise<typeof dead>; end(): void } {
  const { promise: died, resolve } = Promise.withResolvers<typeof dead>();
  let calls = 0;
  let isDead = false;
  const end = () => {
    isDead = true;
    resolve(dead);
  };
  const never = <T>() => new Promise<T>(() => undefined);
  const alive = <T>(call: () => Promise<T>): Promise<T> => (isDead ? never() : call());
  const changing = async <T>(call: () => Promise<T>): Promise<T> => {
    if (isDead) return never();
    calls += 1;
    if (calls === 1) await meanwhile?.();
    const isIt = calls === kill?.at;
    if (isIt && kill.kind === 'kill-before') end();
    else {
      const result = await call();
      if (!isIt) return result;
      end();
    }
    return never();
  };
  return {
    died,
    end,
    store: {
      ...store,
      put: (...given) => changing(() => store.put(...given)),
      copy: (...given) => changing(() => store.copy(...given)),
      remove: (...given) => changing(() => store.remove(...given)),
      get: (...given) => alive(() => store.get(...given)),
      read: (...given) => alive(() => store.read(...given)),
      list: (...given) => alive(() => store.list(...given)),
      stat: (...given) => alive(() => store.stat(...given)),
    },
  };
}
