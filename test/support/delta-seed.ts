// What one seed of the fuzz does: an app that writes, a sender that pushes, both of which die and are put back, over a link
// that loses and repeats; and again and again, once it is calm, both sides have to hold the same rows.
import { join } from 'node:path';
import { copyDatabase, losePower } from './delta-app.ts';
import { tooLargeBytes } from './delta-compare.ts';
import { FrozenRows } from './delta-frozen.ts';
import type { Machine } from './delta-machine.ts';
import { type Ground, SeedWorld } from './delta-seed-world.ts';

/** What was wrong, and all that happened before. */
export interface Verdict {
  readonly seed: number;
  /** None where all is well. */
  readonly flaws: readonly string[];
  readonly happened: readonly string[];
  readonly syncPoints: number;
}

export async function runSeed(seed: number, ground: Ground): Promise<Verdict> {
  const world = new SeedWorld(seed, ground);
  try {
    await world.openApp(true);
    if (world.random.chance(0.7)) await world.write();
    for (let round = 0; round < 14 && world.flaws.length === 0; round += 1) await playRound(world);
    await world.agree();
  } catch (error) {
    world.flaws.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  } finally {
    await world.end();
  }
  const { flaws, happened, syncPoints } = world;
  return { seed, flaws, happened, syncPoints };
}

async function playRound(world: SeedWorld): Promise<void> {
  await world.write();
  world.receiver.weather = { random: world.random, trouble: world.random.pick([0, 0, 0.1, 0.3]) };
  const [name, { happen }] = draw(world);
  world.happened.push(`-- ${name}`);
  await happen(world);
  if (world.random.chance(0.5)) await world.push();
}

interface Event {
  /** How often of a hundred times. */
  readonly share: number;
  readonly happen: (world: SeedWorld) => Promise<void>;
}

const events: Readonly<Record<string, Event>> = {
  'a push': { share: 39.6, happen: (world) => world.push() },
  'a lost commit': { share: 6, happen: loseCommit },
  'a power loss': { share: 5, happen: cutPower },
  'an old database': { share: 6, happen: (world) => putBack(world, 'database') },
  'an old machine': { share: 3, happen: (world) => putBack(world, 'machine') },
  'an old receiver': { share: 6, happen: putReceiverBack },
  'a clone': { share: 4, happen: alternate },
  'an old batch': { share: 8, happen: repeatBatch },
  'a frozen day': { share: 5, happen: freeze },
  'open days': { share: 4, happen: (world) => world.reopen() },
  'a checkpoint': { share: 5, happen: checkpoint },
  'a walk': { share: 3, happen: walkAgain },
  'a large row': { share: 0.4, happen: growRow },
  'a calm': { share: 5, happen: (world) => world.agree() },
};

function draw({ random }: SeedWorld): [string, Event] {
  const all = Object.entries(events);
  let drawn = random.next() * 100;
  return all.find(([, { share }]) => (drawn -= share) < 0) ?? (all[0] as [string, Event]);
}

/** The machine stops at once: commits that no checkpoint has seen are gone, some of them or all. */
async function cutPower(world: SeedWorld): Promise<void> {
  if (world.mode !== 'wal') return;
  const { database } = world.machine;
  const copy = join(world.home, 'power');
  copyDatabase(database, copy);
  losePower(database, copy, world.random.pick([0, 0.5, 0.8, 0.95]));
  await world.ask({ do: 'close' });
  copyDatabase(copy, database);
  await world.openApp(false);
}

/** What was pushed a moment ago is put back to before it was written, and nobody has heard that it arrived. */
async function loseCommit(world: SeedWorld): Promise<void> {
  world.receiver.weather = undefined;
  await world.cycle();
  const before = world.place('before');
  world.machine.copyTo(before, false);
  await world.write();
  await world.cycle({ step: 'peer.send', isAfter: world.random.chance(0.8) });
  await world.ask({ do: 'close' });
  world.machine.putBack(before, false);
  await world.openApp(false);
}

async function putBack(world: SeedWorld, what: 'database' | 'machine'): Promise<void> {
  if (world.copies[what].length === 0) return;
  await world.ask({ do: 'close' });
  world.machine.putBack(world.random.pick(world.copies[what]), what === 'machine');
  world.mayFork ||= what === 'machine';
  await world.openApp(false);
}

async function putReceiverBack(world: SeedWorld): Promise<void> {
  if (world.copies.replica.length === 0) return;
  await world.receiver.putBack(world.random.pick(world.copies.replica));
  world.frozen = []; // other days may be frozen now
}

/** The card is copied, and both machines push in turns: one of them has to be told that it is not the only one. */
async function alternate(world: SeedWorld): Promise<void> {
  world.receiver.weather = undefined;
  world.mayFork = true;
  const [own, twin] = [world.machine, world.machineIn(world.place('twin'))];
  const card = world.place('card');
  own.copyTo(card, true);
  twin.putBack(card, true);
  const [first, second] = world.random.chance(0.5) ? [own, twin] : [twin, own];
  const [endings, senders] = [new Set<string>(), new Set<Machine>()];
  for (const machine of [first, second, first, second]) {
    await world.ask({ do: 'close' });
    world.machine = machine;
    await world.openApp(false);
    await world.write();
    endings.add(await world.cycle());
    if (machine.lastSteps.includes('peer.send')) senders.add(machine);
  }
  if (senders.size > 1 && !endings.has('fork'))
    world.flaws.push('both machines have pushed, and neither was told of the other');
}

/** A batch of the past comes once more: nothing changes but where the receiver was put back to before it. */
async function repeatBatch(world: SeedWorld): Promise<void> {
  const { seen } = world.receiver;
  if (seen.length === 0) return;
  const { bytes, sha256 } = world.random.pick(seen);
  world.receiver.weather = undefined;
  await world.receiver.applyFile(await world.receiver.replica, bytes, sha256).catch(() => undefined);
}

async function freeze(world: SeedWorld): Promise<void> {
  const day = `2026-06-0${1 + world.random.below(6)}`;
  const replica = await world.receiver.replica;
  const frozen = await replica.frozenDays();
  if (frozen.some((each) => each.day === day)) return;
  await replica.freeze(day, { by: 'test', reason: 'fuzz', exceptions: [] });
  world.frozen.push(new FrozenRows(await world.receiver.read(false), day));
  world.happened.push(`-- ${day} is frozen`);
}

/** One that travelled becomes too large to, and is small again or gone: its neighbours notice nothing of it. */
async function growRow(world: SeedWorld): Promise<void> {
  const run = (...text: string[]) => world.ask({ do: 'sql', text });
  await run(
    'CREATE TABLE IF NOT EXISTS large (id INTEGER PRIMARY KEY, v)',
    "REPLACE INTO large VALUES (1, 'a'), (2, 'b'), (3, 'c')",
  );
  await world.push();
  await run(
    `UPDATE large SET v = zeroblob(${tooLargeBytes}) WHERE id = 2`,
    "UPDATE large SET v = 'd' WHERE id = 3",
  );
  await world.ask({ do: 'step', statements: 5, schema: 0 });
  await world.agree(false);
  await run(
    world.random.pick(["UPDATE large SET v = 'small' WHERE id = 2", 'DELETE FROM large WHERE id = 2']),
  );
  await world.agree(false);
  // Or every copy from now on would be as large.
  await run('DELETE FROM large WHERE length(v) > 1000', 'VACUUM');
  await world.ask({ do: 'checkpoint', how: 'TRUNCATE' });
}

async function checkpoint(world: SeedWorld): Promise<void> {
  await world.ask({ do: 'checkpoint', how: world.random.pick(['PASSIVE', 'TRUNCATE', 'RESTART']) });
}

async function walkAgain(world: SeedWorld): Promise<void> {
  const { database, state } = world.machine;
  const capture = await world.ground.openCapture(database, join(state, 'delta', 'app'));
  capture.walk();
  capture.close();
}
