// One seed of the fuzz of backups in pages: a database, changes, backups, removals, kills and damage, all by chance; and what
// has to be so of the list after each, and of every backup at the end.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type CatalogueEntry, isSuspect, storedPartOf } from '../../../lib/backup/catalogue.ts';
import { errorMessage } from '../../../lib/base/errors.ts';
import { digestFile } from '../../../lib/files/hash-file.ts';
import type { Repository } from '../../../lib/repository/repository.ts';
import { type Random, randomFrom } from '../delta-random.ts';
import type { House } from './house.ts';
import { LivingDatabase } from './living-database.ts';
import { Ground, type Kill, Machine } from './machine.ts';
import { planOf } from './plan.ts';

export interface Verdict {
  seed: number;
  flaws: string[];
  happened: string[];
  /** What was made, so that a fuzz which makes nothing of a kind is seen. */
  made: Record<'full' | 'increment' | 'killed' | 'fetched' | 'refused', number>;
}

export interface SeedOptions {
  house: House;
  home: string;
  /** Backups, about. */
  steps?: number;
  /** About so large. */
  bytes?: number;
  /** What is disturbed, and nothing else. */
  only?: readonly Disturbance[] | undefined;
  /** With which some seeds seal what they store. */
  keys?: Ground['keys'];
}

type Disturbance = 'store back' | 'state back' | 'state lost' | 'twin' | 'local' | 'kept full' | 'object';

const hour = 3_600_000;
const sizes = [20_000, 20_000, 60_000, 60_000, 300_000, 300_000, 300_000, 2_500_000];

export async function runSeed(seed: number, options: SeedOptions): Promise<Verdict> {
  const run = new Run(seed, options);
  await run.go();
  return run.verdict;
}

class Run {
  readonly verdict: Verdict;
  readonly #random: Random;
  readonly #ground: Ground;
  readonly #living: LivingDatabase;
  readonly #steps: number;
  readonly #only: SeedOptions['only'];
  readonly #pasts: { store: ReturnType<Ground['pastOfStore']>; state: string }[] = [];
  #machine: Machine;
  #twin: Machine | undefined;
  /** Somebody has changed what only the machine changes: until a full is there again anything may be missing. */
  #isDisturbed = false;

  constructor(seed: number, { house, home, steps = 7, bytes, keys, only }: SeedOptions) {
    this.#only = only;
    this.verdict = {
      ...{ seed, flaws: [], happened: [] },
      made: { full: 0, increment: 0, killed: 0, fetched: 0, refused: 0 },
    };
    this.#random = randomFrom(seed);
    const random = this.#random;
    const tellsContentHash = random.chance(0.3);
    this.#ground = new Ground(house, home, { tellsContentHash, keys: random.chance(0.2) ? keys : undefined });
    this.#machine = new Machine(this.#ground, {
      levels: random.pick([1, 2, 2, 3] as const),
      full: random.pick(['when-due', 'when-due', 'weekly', 'monthly'] as const),
      keepsFull: random.chance(0.75),
      fullWindow: random.chance(0.25)
        ? { weekday: random.below(7), startMinutes: random.below(1440), lengthMs: 8 * hour }
        : undefined,
    });
    const size = bytes ?? random.pick(sizes);
    this.#living = new LivingDatabase(join(home, 'living.db'), random, size);
    this.#steps = steps;
    this.#say(
      `${size} bytes, ${this.#ground.keys === undefined ? 'clear' : 'sealed'}, ${JSON.stringify(this.#machine.policy)}`,
    );
  }

  get #isCalm(): boolean {
    return this.#only?.length === 0;
  }

  #say(what: string): void {
    this.verdict.happened.push(what);
  }

  #flaw(what: string): void {
    this.#say(`FLAW ${what}`);
    this.verdict.flaws.push(what);
  }

  async go(): Promise<void> {
    for (let step = 0; step < this.#steps; step += 1) {
      await this.#step(this.#random);
      await this.#look();
      if (this.verdict.flaws.length > 3) return;
    }
    await this.#machine.run((repository) => repository.finishPending());
    await this.#look();
    await this.#fetchAll();
  }

  async #step(random: Random): Promise<void> {
    this.#ground.clock.advance(random.pick([1, 1, 1, 5, 24, 24 * 8]) * hour);
    this.#say(this.#living.change(random));
    if (random.chance(0.2) && !this.#isCalm) this.#disturb(random);
    if (random.chance(0.2)) await this.#prune(random);
    if (random.chance(0.3)) this.#remember();
    await this.#backUp(random, random.chance(0.3) ? this.#kill(random) : undefined);
    if (this.#twin !== undefined && random.chance(0.5)) await this.#backUpElsewhere(this.#twin);
  }

  #kill(random: Random): Kill {
    const where = random.pick(['files', 'store'] as const);
    const at = 1 + random.below(where === 'store' ? 4 : random.pick([6, 30, 60]));
    return { at, where, kind: random.pick(['kill-before', 'kill-after'] as const) };
  }

  async #backUp(random: Random, kill: Kill | undefined): Promise<void> {
    const suspect = random.chance(0.12) ? ['it looks emptied'] : [];
    // Where a call to a file is the last one, whose it is would be chance.
    const isAlone = this.#isCalm || kill?.where === 'files' || random.chance(0.8);
    const other = isAlone ? undefined : this.#machine.twin();
    const meanwhile = () => this.#meanwhile(random, other);
    const ended = await this.#machine.backUp(
      this.#living.path,
      { suspect, meanwhile, until: this.#until(random) },
      kill,
    );
    if (ended === 'killed') {
      this.verdict.made.killed += 1;
      return this.#say(`killed ${kill?.kind} ${kill?.where} ${kill?.at}`);
    }
    if ('error' in ended) {
      // A copy of this machine that runs in the same second may have finished what both had begun.
      const isTaken = other !== undefined && kindOf(ended.error) === 'refused';
      return isTaken ? this.#say('taken') : this.#flaw(`a backup failed: ${said(ended.error)}`);
    }
    const { made, why } = ended.added;
    if (made === 'full' || made === 'increment') this.verdict.made[made] += 1;
    this.#say(
      `${made} (${why ?? ''}${ended.added.underWay === undefined ? '' : ', a full is under way'})${suspect.length > 0 ? ', suspect' : ''}`,
    );
    await this.#requireListed(ended.added.manifest.backup, suspect.length > 0);
  }

  /** Where fulls have a window it is shut, open, or over before anything could be sent. */
  #until(random: Random): Date | undefined {
    if (this.#machine.policy.fullWindow === undefined || random.chance(0.4)) return undefined;
    return new Date(this.#ground.clock.now().getTime() + random.pick([0, 8 * hour]));
  }

  /** What `add` has made is in the list, with its state. */
  async #requireListed(name: string, isMarked: boolean): Promise<void> {
    const entry = (await this.#machine.list()).find((each) => each.name === name);
    const wanted = isMarked ? 'suspect' : 'proven';
    if (entry?.state !== wanted)
      this.#flaw(`${name} was added, and is ${entry?.state ?? 'not listed'} (${entry?.problem ?? ''})`);
  }

  /** Another machine, between what this one has decided and what it puts: it goes on with the series, or lets a part of it go. */
  async #meanwhile(random: Random, other: Machine | undefined): Promise<void> {
    if (other === undefined) return;
    if (random.chance(0.4)) {
      this.#isDisturbed = true;
      return this.#backUpElsewhere(other);
    }
    // What goes in the very instant between the last look and the manifest leaves one that is damaged, and is listed so.
    this.#isDisturbed = true;
    const entries = await this.#machine.list();
    if (entries.length === 0) return;
    const gone = new Set([random.pick(entries).name]);
    for (const entry of entries.toReversed()) {
      const base = storedPartOf(entry)?.pages?.base?.name;
      if (base !== undefined && gone.has(base)) gone.add(entry.name);
    }
    this.#say(`meanwhile ${[...gone].join(', ')} went`);
    const elsewhere = other.open();
    await elsewhere.list();
    for (const name of [...gone].toReversed()) await elsewhere.remove(name);
  }

  async #backUpElsewhere(twin: Machine): Promise<void> {
    const ended = await twin.backUp(this.#living.path);
    if (ended === 'killed') return;
    // A full that the first one has made beside an increment may have its name.
    if ('error' in ended && kindOf(ended.error) === 'refused')
      return this.#say('the second machine: its name is taken');
    if ('error' in ended) return this.#flaw(`the second machine failed: ${said(ended.error)}`);
    this.#say(`the second machine: ${ended.added.made} (${ended.added.why ?? ''})`);
  }

  #remember(): void {
    this.#pasts.push({ store: this.#ground.pastOfStore(), state: this.#machine.copyOfState() });
  }

  /** What nobody may do, and what happens all the same. */
  #disturb(random: Random): void {
    this.#isDisturbed = true;
    const kinds =
      this.#only ??
      (['store back', 'state back', 'state lost', 'twin', 'local', 'local', 'object', 'object'] as const);
    const kind = random.pick(kinds);
    if (kind === 'store back' && this.#pasts.length > 0)
      this.#ground.setStoreBack(random.pick(this.#pasts).store);
    if (kind === 'state back' && this.#pasts.length > 0) {
      const past = new Machine(this.#ground, this.#machine.policy, random.pick(this.#pasts).state);
      this.#machine = past.twin();
    }
    if (kind === 'state lost') this.#machine = new Machine(this.#ground, this.#machine.policy);
    if (kind === 'twin') this.#twin = this.#machine.twin();
    if (kind === 'kept full') this.#machine.spoilKeptFull();
    const what =
      kind === 'local' ? this.#spoilLocal(random) : kind === 'object' ? this.#spoilObject(random) : '';
    this.#say(`disturbed: ${kind} ${what}`);
  }

  #spoilLocal(random: Random): string {
    const files = this.#machine.files();
    if (files.length === 0) return 'nothing';
    const [file, how] = [random.pick(files), random.pick(['bit', 'cut', 'gone', 'empty'] as const)];
    this.#machine.spoil(file, how, random.next());
    return `${file} ${how}`;
  }

  #spoilObject(random: Random): string {
    const { objects, altered } = this.#ground;
    const names = [...objects.keys()];
    if (names.length === 0) return 'nothing';
    const [name, other] = [random.pick(names), random.pick(names)];
    const object = objects.get(name);
    const how = random.pick(['bit', 'bit', 'cut', 'gone', 'swapped'] as const);
    if (object === undefined) return 'nothing';
    if (how === 'gone') objects.delete(name);
    else {
      const from = how === 'swapped' ? (objects.get(other) ?? object) : object;
      const bytes = Buffer.from(
        how === 'cut' ? from.bytes.subarray(0, random.next() * from.bytes.length) : from.bytes,
      );
      const place = random.below(bytes.length);
      if (how === 'bit') bytes[place] = (bytes[place] ?? 0) ^ (1 << random.below(8));
      altered.add(bytes);
      objects.set(name, { ...object, bytes });
    }
    return `${name} ${how}`;
  }

  /** What retention lets go; or one by hand, with or without what is based on it. */
  async #prune(random: Random): Promise<void> {
    const kill = random.chance(0.3) ? this.#killOfStore(random) : undefined;
    if (random.chance(0.6)) return this.#pruneByPolicy(random, kill);
    const entries = await this.#machine.list();
    if (entries.length === 0) return;
    const { name } = random.pick(entries);
    if (entries.some((entry) => storedPartOf(entry)?.pages?.base?.name === name)) this.#isDisturbed = true;
    await this.#remove([name], kill);
  }

  async #pruneByPolicy(random: Random, kill: Kill | undefined): Promise<void> {
    const few = () => random.below(3);
    const policy = { last: 1 + few(), hourly: few(), daily: few(), weekly: few(), monthly: few() };
    const { removals } = planOf(
      this.#ground.house,
      await this.#machine.list(),
      policy,
      this.#ground.clock.now(),
    );
    if (removals.length > 0) await this.#remove(removals, kill);
  }

  async #remove(names: readonly string[], kill: Kill | undefined): Promise<void> {
    const ended = await this.#machine.run(async (repository) => {
      await repository.list();
      for (const name of names) await repository.remove(name);
    }, kill);
    this.#say(
      `removed ${names.join(', ')}: ${ended === 'killed' ? ended : 'error' in ended ? said(ended.error) : ''}`,
    );
    if (ended !== 'killed' && 'error' in ended) this.#flaw(`a removal failed: ${said(ended.error)}`);
  }

  #killOfStore(random: Random): Kill {
    return { at: 1 + random.below(3), kind: 'kill-after', where: 'store' };
  }

  /** What has to be so of every list. */
  async #look(): Promise<void> {
    const entries = await this.#machine.list();
    const byName = new Map(entries.map((entry) => [entry.name, entry]));
    const places = new Map<string, string>();
    for (const entry of entries) {
      const pages = storedPartOf(entry)?.pages;
      if (pages === undefined || !isUsable(entry)) continue;
      const place = `${pages.series} ${pages.sequence}`;
      const other = places.get(place);
      if (other !== undefined) this.#flaw(`${entry.name} and ${other} have one place in a series`);
      places.set(place, entry.name);
      if (pages.level > this.#machine.policy.levels) this.#flaw(`${entry.name} is of level ${pages.level}`);
      const base = pages.base && byName.get(pages.base.name);
      if (base !== undefined && isSuspect(base)) this.#flaw(`${entry.name} is based on a suspect one`);
      if (pages.base !== undefined && (base === undefined || !isUsable(base)))
        this.#flaw(`${entry.name} is ${entry.state}, and what it is based on is ${base?.state ?? 'gone'}`);
    }
    const bad = entries.filter(({ state }) => state === 'damaged' || state === 'lost');
    if (!this.#isDisturbed && bad.some(({ state }) => state === 'damaged'))
      this.#flaw(
        `nobody did anything, and ${bad.map(({ name, problem }) => `${name}: ${problem}`).join('; ')}`,
      );
  }

  async #fetchAll(): Promise<void> {
    const repository = this.#machine.open();
    const entries = await repository.list();
    for (const entry of entries) if (isUsable(entry)) await this.#fetch(repository, entry, entries);
  }

  /** A full that is made in its window beside an increment has a name of its own, and is of the same database. */
  #ofFullBeside(entry: CatalogueEntry): string | undefined {
    const known = new Set(this.#ground.truth.values());
    const isOne = storedPartOf(entry)?.pages?.level === 0 && this.#machine.policy.fullWindow !== undefined;
    return isOne && known.has(entry.manifest?.sha256 ?? '') ? entry.manifest?.sha256 : undefined;
  }

  async #fetch(
    repository: Repository,
    entry: CatalogueEntry,
    entries: readonly CatalogueEntry[],
  ): Promise<void> {
    const target = join(this.#ground.home, 'restored.db');
    const truth = this.#ground.truth.get(entry.name) ?? this.#ofFullBeside(entry);
    try {
      await repository.fetch(entry, target);
      this.verdict.made.fetched += 1;
      const { sha256 } = await digestFile(target);
      if (sha256 !== truth) this.#flaw(`${entry.name} came out as something else`);
    } catch (error) {
      this.verdict.made.refused += 1;
      const kind = kindOf(error);
      if (!this.#ground.isSpoilt(entry, entries) || kind !== 'damaged')
        this.#flaw(`${entry.name} is ${entry.state}, and does not come out: ${said(error)}`);
    }
    rmSync(target, { force: true });
  }
}

function isUsable({ state }: CatalogueEntry): boolean {
  return state === 'proven' || state === 'suspect' || state === 'future';
}

function kindOf(error: unknown): string | undefined {
  return (error as { kind?: string }).kind;
}

function said(error: unknown): string {
  const isOurs = error instanceof Error && 'kind' in error;
  return isOurs || !(error instanceof Error) ? errorMessage(error) : (error.stack ?? error.message);
}
