// What a seed of the fuzz happens to: an app, the machine that pushes its rows, their receiver, and copies of all three.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import type { ReplicaPolicy, TablePolicy } from '../../lib/delta/policy.ts';
import type { DeltaWriter } from './delta-app.ts';
import { differencesBetween } from './delta-compare.ts';
import type { FrozenRows } from './delta-frozen.ts';
import { type DeathAt, type Ending, Machine, type OpenCapture, type Sizes } from './delta-machine.ts';
import { type Random, randomFrom } from './delta-random.ts';
import type { ReplicaPlace } from './delta-places.ts';
import { type OpenReplica, Receiver } from './delta-receiver.ts';

export interface Ground {
  readonly home: string;
  readonly writer: DeltaWriter;
  readonly openCapture: OpenCapture;
  readonly openReplica: OpenReplica;
  /** Where the replica lies; in a file unless said. */
  readonly place?: ReplicaPlace | undefined;
  /** Nothing but rows changes. */
  readonly isSchemaFixed?: boolean;
  /** The app has these tables, and not some of all. */
  readonly only?: readonly string[] | undefined;
}

const ofTable: TablePolicy = {
  day: undefined,
  updatedAt: undefined,
  deletions: 'apply',
  deletionsMax: { rows: 1_000_000, percent: 100 },
};

/** Days in two tables, and nothing else that would keep a row back. */
export const policy: ReplicaPolicy = {
  sources: ['laptop'],
  schema: 'follow',
  audit: false,
  tombstonesKeptMs: 90 * 86_400_000,
  otherTables: ofTable,
  tables: {
    day: { ...ofTable, day: { column: 'date' } },
    visit: { ...ofTable, day: { column: 'day_id', parent: { table: 'day', key: 'id', day: 'date' } } },
  },
};

export class SeedWorld {
  readonly flaws: string[] = [];
  readonly happened: string[] = [];
  syncPoints = 0;
  readonly random: Random;
  readonly home: string;
  readonly mode: string;
  readonly receiver: Receiver;
  machine: Machine;
  /** Copies that may be put back: of the database, of it with the state directory, of the replica. */
  readonly copies: Readonly<Record<'database' | 'machine' | 'replica', string[]>> = {
    database: [],
    machine: [],
    replica: [],
  };
  frozen: FrozenRows[] = [];
  /** Whether somebody may have sent under our name: then a fork is no flaw. */
  mayFork = false;
  readonly ground: Ground;
  readonly #sizes: Sizes;
  /** Undefined where all that is written may wait. */
  readonly #logRowsMax: number | undefined;
  #places = 0;

  constructor(seed: number, ground: Ground) {
    this.ground = ground;
    this.random = randomFrom(seed);
    this.home = join(ground.home, String(seed));
    mkdirSync(this.home);
    this.mode = this.random.chance(0.75) ? 'wal' : 'delete';
    this.#sizes = {
      rowsMax: this.random.pick([3, 20, 1000]),
      snapshotRowsMax: this.random.pick([0, 8, 1000]),
    };
    this.#logRowsMax = this.random.chance(0.2) ? this.random.pick([2, 20]) : undefined;
    this.machine = this.machineIn(join(this.home, 'machine'));
    this.receiver = new Receiver(this.home, ground.openReplica, policy, ground.place);
  }

  get peer() {
    return this.receiver.peerOf('laptop');
  }

  machineIn(home: string): Machine {
    const { openCapture } = this.ground;
    return new Machine(home, (database, state) => openCapture(database, state, this.#logRowsMax));
  }

  place(called: string): string {
    return join(this.home, `${called}-${(this.#places += 1)}`);
  }

  async openApp(fresh: boolean): Promise<void> {
    const encoding = this.random.chance(0.1) ? 'UTF-16le' : 'UTF-8';
    const { database: path } = this.machine;
    await this.ask({
      do: 'open',
      path,
      seed: this.random.below(1e9),
      mode: this.mode,
      fresh,
      encoding,
      only: this.ground.only,
    });
  }

  async ask(request: Record<string, unknown>): Promise<void> {
    const { log, differences } = await this.ground.writer.ask(request);
    this.happened.push(...log);
    this.flaws.push(...differences);
  }

  async write(): Promise<void> {
    const schema = this.ground.isSchemaFixed === true ? 0 : this.random.pick([0, 0.03, 0.2]);
    await this.ask({ do: 'step', statements: this.random.pick([1, 5, 20]), schema });
    if (this.random.chance(0.15)) this.keepMachine();
    if (this.random.chance(0.1)) await this.keepReplica();
  }

  keepMachine(): void {
    for (const called of ['database', 'machine'] as const) {
      const place = this.place(called);
      this.machine.copyTo(place, called === 'machine');
      this.copies[called].push(place);
    }
  }

  async keepReplica(): Promise<void> {
    const place = this.place('replica');
    await this.receiver.copyTo(place);
    this.copies.replica.push(place);
  }

  /** A few cycles, of which some die. A person takes over where that is asked for. */
  async push(): Promise<void> {
    const cycles = this.random.pick([1, 1, 2, 4]);
    for (let cycle = 0; cycle < cycles; cycle += 1) {
      const ending = await this.cycle(this.random.chance(0.35));
      if (ending === 'fork') await this.machine.takeOver(this.peer).catch(() => undefined);
    }
  }

  async cycle(dies: boolean | DeathAt = false): Promise<Ending> {
    const { machine, random } = this;
    const somewhere = () => ({ step: 1 + random.below(24), isAfter: random.chance(0.5) });
    const deathAt = dies === true ? somewhere() : dies === false ? undefined : dies;
    const ending = await machine.cycle(this.peer, this.#sizes, deathAt);
    const why = ending === 'done' ? '' : ` (${machine.lastTrouble})`;
    this.happened.push(`-- cycle: ${ending}${why}, after ${machine.lastSteps.join(' ')}`);
    if (ending === 'fork' && !this.mayFork) this.flaws.push('a fork, though nobody else has sent');
    return ending;
  }

  /** When it is calm, one machine sends, and nothing is held: both sides hold the same, after a few cycles. */
  async agree(isKept = true): Promise<void> {
    this.happened.push('-- it is calm');
    this.receiver.weather = undefined;
    await this.reopen();
    for (let cycle = 0; cycle < 4; cycle += 1) {
      await (await this.receiver.replica).approve();
      const ending = await this.cycle();
      if (ending === 'fork') await this.machine.takeOver(this.peer);
      if (ending === 'trouble') this.flaws.push(`trouble though it is calm: ${this.machine.lastTrouble}`);
    }
    const replica = await this.receiver.replica;
    await replica.release({});
    for (const { table, key, reason } of await replica.held())
      // What has no room there is kept beside it, and compared with the rest.
      if (reason !== 'unfit') this.flaws.push(`${table} ${inspect(key)} is still held: ${reason}`);
    await this.receiver.restart();
    this.flaws.push(...differencesBetween(this.machine.database, await this.receiver.read(true)));
    this.syncPoints += 1;
    if (!isKept) return;
    this.keepMachine();
    await this.keepReplica();
  }

  /** All days that are frozen, and nothing of them has changed. */
  async reopen(): Promise<void> {
    const replica = await this.receiver.replica;
    const rows = await this.receiver.read(false);
    this.flaws.push(...this.frozen.flatMap((frozen) => frozen.changesIn(rows)));
    this.frozen = [];
    for (const { day } of await replica.frozenDays())
      await replica.reopen(day, { by: 'test', reason: 'fuzz', force: true });
  }

  async end(): Promise<void> {
    await this.receiver.restart().catch(() => undefined);
    await this.ground.writer.ask({ do: 'close' }).catch(() => undefined);
    await this.ground.place?.forget(this.home);
  }
}
