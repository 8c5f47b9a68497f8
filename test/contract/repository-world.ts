// What the parts of the repository conformance suite share: databases to back up, and a store that fails when told.
import { usualPages } from '../../lib/backup/pages-policy.ts';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { CatalogueNaming } from '../../lib/backup/catalogue.ts';
import { isSealedName } from '../../lib/backup/name.ts';
import type { Manifest } from '../../lib/backup/manifest.ts';
import { OpsError } from '../../lib/base/errors.ts';
import { silentLog, silentProgress } from '../../lib/base/log.ts';
import { digestFile } from '../../lib/files/hash-file.ts';
import { makeScratch } from '../../lib/files/scratch.ts';
import type { RepositoryOptions } from '../../lib/repository/options.ts';
import type { NewBackup, Repository } from '../../lib/repository/repository.ts';
import type { MeasuredFacts } from '../../lib/source/facts.ts';
import type { Source } from '../../lib/source/source.ts';
import { measureDatabase } from '../../lib/sqlite/measure.ts';
import { sqliteSource } from '../../lib/sqlite/sqlite-source.ts';
import type { Store } from '../../lib/store/store.ts';
import { exampleManifest } from '../lib/backup/examples.ts';
import { makeLedger } from '../lib/sqlite/databases.ts';
import { fixedClock } from '../support/fixed-clock.ts';
import { scratch } from '../support/scratch.ts';
import { someBytes } from '../support/some-bytes.ts';
import type { OpenedStore } from './store-world.ts';

/** One format under test, and what the suite does behind its back. */
export interface RepositoryFormat {
  /** How the names of its backups end. */
  ending: string;
  /** Whether an object of the name of a backup is the very file that was backed up. */
  isPlain: boolean;
  open(options: RepositoryOptions): Repository;
  /** Makes what describes the backup unreadable. */
  spoilDescription(store: Store, name: string): Promise<void>;
  /** Changes bytes of the backup, and not how many there are. */
  alterBytes(store: Store, name: string): Promise<void>;
  /** Takes the bytes away, and leaves what describes them. */
  loseBytes(store: Store, name: string): Promise<void>;
}

export interface World {
  store: Store;
  format: RepositoryFormat;
  repository: Repository;
  /** The repository of another run, which finds what the ones before have left; on another view of the store. */
  reopen(view?: Store, changes?: Partial<RepositoryOptions>): Repository;
}

export type OpenWorld = () => Promise<World>;

const app = 'ctv';
export const naming: CatalogueNaming = {
  ...{ layout: 'app', app, timeZone: 'UTC' },
  latestName: 'latest/ctv.db',
};
/** Of which engine the backups are. */
interface BackupKind {
  /** Proves whatever is such a backup, wherever it lies. */
  source: Source;
  /** A backup of a database with one table, `ledger`, of so many rows. */
  make(rows: number): Promise<Template>;
  /** Damages it, and leaves its size. */
  damage(whole: Buffer): Buffer;
}

interface Template {
  bytes: Buffer;
  facts: MeasuredFacts;
}

const sqliteKind: BackupKind = {
  source: sqliteSource('/nowhere'),
  async make(rows) {
    const path = join(scratch(), 'template.db');
    makeLedger(path, { rows });
    return { bytes: readFileSync(path), facts: (await measureDatabase(path)).facts };
  },
  damage: (whole) => whole.fill('?', 4096, 8192),
};

/** The same with so much in the first row that few of the pages differ from one day to the next. */
export function largerKind(firstBytes = 400_000): BackupKind {
  return {
    ...sqliteKind,
    async make(rows) {
      const path = join(scratch(), 'template.db');
      makeLedger(path, { rows, firstBallast: someBytes(firstBytes) });
      return { bytes: readFileSync(path), facts: (await measureDatabase(path)).facts };
    },
  };
}

let kind = sqliteKind;

/** From here on backups are of that engine, of SQLite unless given. */
export function useKind(wanted = sqliteKind): void {
  kind = wanted;
  templates.clear();
}

/** Proves backups of the kind in use. */
export const source: Source = {
  engine: 'sqlite',
  gentlerHint: '',
  look: () => kind.source.look(),
  begin: (...given) => kind.source.begin(...given),
  copy: (...given) => kind.source.copy(...given),
  survey: (...given) => kind.source.survey(...given),
  measure: (...given) => kind.source.measure(...given),
  compare: (...given) => kind.source.compare(...given),
};

/** A backup that is damaged as its manifest says it is. */
export const damaged = (whole: Buffer) => kind.damage(whole);

export async function openWorld(format: RepositoryFormat, open: () => Promise<OpenedStore>): Promise<World> {
  const { store, cleanUp } = await open();
  onTestFinished(async () => cleanUp());
  const stateDirectory = scratch();
  const reopen = (view = store, changes: Partial<RepositoryOptions> = {}) =>
    format.open({
      store: view,
      naming: { ...naming, latestName: namesOf(format).latestName },
      clock: fixedClock(),
      remembered: () => [],
      pages: usualPages,
      seal: undefined,
      opening: undefined,
      stateDirectory,
      scratch: () => makeScratch(store.stagingDirectory ?? scratch(), { clock: fixedClock() }),
      log: silentLog,
      progress: silentProgress,
      signal: new AbortController().signal,
      noteLeft: () => undefined,
      ...changes,
    });
  return { store, format, repository: reopen(), reopen };
}

/** The name of the plain backup of a day. */
export function nameOf(day: number): string {
  return nameIn({ ending: '.db' }, day);
}

function nameIn({ ending }: Pick<RepositoryFormat, 'ending'>, day: number): string {
  return `backups/ctv/ctv-202611${String(day).padStart(2, '0')}T020513Z${ending}`;
}

/** The names of backups of that format. */
export function namesOf(format: RepositoryFormat) {
  const name = (day: number) => nameIn(format, day);
  const latestName = `${naming.latestName}${isSealedName(format.ending) ? '.age' : ''}`;
  return { one: name(1), two: name(2), three: name(3), nameOf: name, latestName };
}

const templates = new Map<number, Promise<Template>>();

/** A database of so many rows, made and measured once. */
function templateOf(rows: number): Promise<Template> {
  const known = templates.get(rows) ?? kind.make(rows);
  templates.set(rows, known);
  return known;
}

/** A backup of that day, of a database with `day` rows, ready to be added. */
export async function newBackup(
  world: World,
  day: number,
  changes: Partial<Manifest> & { bytes?: (bytes: Buffer) => Buffer; refreshLatest?: boolean } = {},
): Promise<NewBackup> {
  const { bytes: change = (same: Buffer) => same, refreshLatest = false, ...stated } = changes;
  const { bytes, facts } = await templateOf(day);
  const own = await makeScratch(world.store.stagingDirectory ?? scratch(), { clock: fixedClock() });
  onTestFinished(() => own.remove());
  await writeFile(own.file('copy.db'), change(Buffer.from(bytes)));
  const file = await digestFile(own.file('copy.db'));
  const { sha256, contentHash } = file;
  const takenAt = new Date(`2026-11-${String(day).padStart(2, '0')}T02:05:13.250Z`);
  const { source: from, host, integrity, holdfastVersion, runId, clock, suspect } = exampleManifest();
  const origin = { source: from, host, integrity, holdfastVersion, runId, clock, suspect };
  const manifest = {
    ...origin,
    ...facts,
    app,
    backup: nameIn(world.format, day),
    takenAt,
    sha256,
    contentHash,
    ...stated,
  };
  return { file, manifest: manifest as Manifest, refreshLatest, scratch: own };
}

/** Each backup with its state, newest first. */
export async function statesOf(repository: Repository): Promise<Record<string, string>> {
  return Object.fromEntries((await repository.list()).map(({ name, state }) => [name, state]));
}

/** What becomes of the n-th call that changes the store, and of all after it. */
export type Fault = 'fails' | 'dies before' | 'dies after';

export interface FaultyStore extends Store {
  /** Settles when the process that uses it is to be thought of as killed. */
  died: Promise<void>;
  /** Calls so far that change the store: each as its kind and name. */
  changes: string[];
}

/**
 * A view of `store` whose call number `at` (from 0) of those that change it fails, once and without an effect; or in
 * which it is as if the process had been killed, and no call ever returns again.
 */
export function faultyStore(store: Store, at: number, fault: Fault): FaultyStore {
  const { promise: died, resolve: die } = Promise.withResolvers<void>();
  const changes: string[] = [];
  let isDead = false;
  const never = <T>(): Promise<T> => {
    isDead = true;
    die();
    return new Promise<T>(() => undefined);
  };
  const alive = <T>(call: () => Promise<T>): Promise<T> => (isDead ? never() : call());
  const changing = async <T>(what: string, call: () => Promise<T>): Promise<T> => {
    if (isDead) return never();
    const number = changes.push(what) - 1;
    if (number !== at) return call();
    if (fault === 'fails') throw new OpsError('unavailable', `cannot ${what}: told to fail`);
    if (fault === 'dies after') await call();
    return never();
  };
  return {
    ...store,
    died,
    changes,
    put: (name, file, options) => changing(`put ${name}`, () => store.put(name, file, options)),
    copy: (from, to, options) => changing(`copy ${to}`, () => store.copy(from, to, options)),
    remove: (name) => changing(`remove ${name}`, () => store.remove(name)),
    get: (...given) => alive(() => store.get(...given)),
    read: (name) => alive(() => store.read(name)),
    list: (prefix) => alive(() => store.list(prefix)),
    stat: (name) => alive(() => store.stat(name)),
  };
}
