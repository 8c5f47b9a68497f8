// One app, its machine and its receiver, for a test that says what happens: statements, cycles, what is put back.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Peer } from '../../lib/delta/peer.ts';
import { copyDatabase, type DeltaWriter, losePower } from './delta-app.ts';
import { differencesBetween } from './delta-compare.ts';
import { type DeathAt, type Ending, Machine } from './delta-machine.ts';
import { openCapture } from './delta-openers.ts';
import { inFiles, type ReplicaPlace } from './delta-places.ts';
import { Receiver } from './delta-receiver.ts';
import { policy } from './delta-seed-world.ts';

export class DeltaWorld {
  readonly receiver: Receiver;
  machine: Machine;
  readonly #home: string;
  readonly #writer: DeltaWriter;
  readonly #mode: string;
  #copies = 0;

  private constructor(home: string, writer: DeltaWriter, mode: string, place: ReplicaPlace) {
    this.#home = home;
    this.#writer = writer;
    this.#mode = mode;
    this.machine = new Machine(join(home, 'machine'), openCapture);
    this.receiver = new Receiver(home, place.open, policy, place);
  }

  /** With these statements run, and all of it pushed. */
  static async with(
    home: string,
    writer: DeltaWriter,
    sql: readonly string[],
    mode = 'wal',
    place = inFiles,
  ): Promise<DeltaWorld> {
    const world = new DeltaWorld(home, writer, mode, place);
    await world.#open();
    await world.app(...sql);
    await world.push();
    return world;
  }

  /** What the app runs; what it was told where that was an error, and undefined where not, for each. */
  async app(...sql: readonly string[]): Promise<(string | undefined)[]> {
    const { log, differences } = await this.#writer.ask({ do: 'sql', text: sql });
    if (differences.length > 0) throw new Error(`the app notices: ${differences.join('; ')}`);
    return log.map((line) => line.split('; -- ')[1]);
  }

  /** `meanwhile` happens before and after each call over the link. */
  push(deathAt?: DeathAt, machine = this.machine, meanwhile?: () => Promise<void>): Promise<Ending> {
    const peer = this.receiver.peerOf('laptop');
    return machine.cycle(
      meanwhile === undefined ? peer : between(peer, meanwhile),
      { rowsMax: 1000, snapshotRowsMax: 1000 },
      deathAt,
    );
  }

  /** The source's rows that are not at the receiver, and the other way round, as sentences. */
  async differences(): Promise<string[]> {
    await this.receiver.restart();
    return differencesBetween(this.machine.database, await this.receiver.read(true));
  }

  /** A copy of the database, and of the state directory where `whole`. */
  copy(whole = false): string {
    const place = join(this.#home, `copy-${(this.#copies += 1)}`);
    mkdirSync(place);
    this.machine.copyTo(place, whole);
    return place;
  }

  async putBack(place: string): Promise<void> {
    await this.#writer.ask({ do: 'close' });
    this.machine.putBack(place, existsSync(join(place, 'state')));
    await this.#open(false);
  }

  async copyReceiver(): Promise<string> {
    const place = join(this.#home, `receiver-${(this.#copies += 1)}`);
    await this.receiver.copyTo(place);
    return place;
  }

  /** Another machine, with the card of this one. */
  clone(): Machine {
    const twin = new Machine(join(this.#home, `twin-${(this.#copies += 1)}`), openCapture);
    twin.putBack(this.copy(true), true);
    return twin;
  }

  /** The app is on this machine from now on. */
  async moveTo(machine: Machine): Promise<void> {
    await this.#writer.ask({ do: 'close' });
    this.machine = machine;
    await this.#open(false);
  }

  /** The last commits are gone: that share of what no checkpoint has seen stays. */
  async losePower(share: number): Promise<void> {
    const copy = join(this.#home, 'power');
    copyDatabase(this.machine.database, copy);
    losePower(this.machine.database, copy, share);
    await this.#writer.ask({ do: 'close' });
    copyDatabase(copy, this.machine.database);
    await this.#open(false);
  }

  async #open(fresh = true): Promise<void> {
    await this.#writer.ask({
      do: 'open',
      path: this.machine.database,
      seed: 1,
      mode: this.#mode,
      fresh,
      kinds: 'none',
    });
  }
}

function between(peer: Peer, work: () => Promise<void>): Peer {
  return new Proxy(peer, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function' || name === 'close') return value;
      return async (...given: unknown[]): Promise<unknown> => {
        await work();
        const answer: unknown = await Reflect.apply(value, target, given);
        await work();
        return answer;
      };
    },
  });
}
