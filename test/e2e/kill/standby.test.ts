// restore standby and restore promote, ended at every step.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import { type KillScenario, mustSucceed, runKillTable } from '../../support/kill-table.ts';
import type { TypedWorld } from '../../support/typed-world.ts';
import { type Booking, makeBookings, readBookings } from '../../support/world.ts';
import { requireEither, requireStarted } from './replacement.ts';

/** Many commands, one after the other; a slow machine may take its time. */
const timeout = 900_000;

/** A warm copy lies ready, and a newer backup is in the store. */
const pull: KillScenario = {
  command: 'restore',
  args: ['standby'],
  prepare: async (world) => {
    await standBy(world, 'old');
    await backUpElsewhere(world, 'new');
  },
  requireSafe: (world) => {
    requireReady(world);
  },
  requireRecovered: async (world) => {
    await mustSucceed(world, 'restore', ['standby']);
    if (requireReady(world) !== 'new') throw new Error('after the next pull the older copy lies ready');
    const copies = readdirSync(dirname(world.database)).filter((name) => name.includes('.standby-'));
    if (copies.length !== 1) throw new Error(`there are ${copies.join(', ')}`);
  },
};

/** A database is in place, as old as that of a machine that was live once. */
const promote: KillScenario = {
  command: 'restore',
  args: ['promote', '--yes'],
  prepare: async (world) => {
    await standBy(world, 'new');
    makeBookings(world.database, { rows: 7, label: 'old' });
    writeFileSync(join(world.home, 'old.json'), JSON.stringify(readBookings(world.database)));
  },
  requireSafe: (world) => {
    requireEither(world);
    requireReady(world);
  },
  requireRecovered: async (world) => {
    const inPlace = requireEither(world);
    const next = await world.run('restore', ['promote', '--yes']);
    // It is live here exactly where the new database is in place: then a second one is refused, and says so.
    if (next.exitCode !== (inPlace === 'new' ? 73 : 0))
      throw new Error(`with the ${inPlace} database in place it exits ${next.exitCode}: ${next.stderr}`);
    if (requireEither(world) !== 'new') throw new Error('after the next one the old database is in place');
    requireStarted(world);
    await mustSucceed(world, 'db-backup', ['run', '--accept', '*']);
  },
};

test(
  'restore standby, killed at every step: what lay ready is whole, or the new one is',
  { timeout },
  async () => {
    const { problems, ends } = await runKillTable(pull, ['kill-before']);
    expect(problems).toEqual([]);
    expect(ends).toBeGreaterThan(15);
  },
);

test(
  'restore promote, killed at every step: it is live where the new one is in place',
  { timeout },
  async () => {
    const { problems, ends } = await runKillTable(promote, ['kill-before']);
    expect(problems).toEqual([]);
    expect(ends).toBeGreaterThan(30);
  },
);

/** A machine with a warm copy of what another one backed up. */
async function standBy(world: TypedWorld, label: 'old' | 'new'): Promise<void> {
  await backUpElsewhere(world, label);
  await mustSucceed(world, 'restore', ['standby']);
}

/** The other machine: the same store, and no standby. Its database is gone afterwards, as if it had been elsewhere. */
async function backUpElsewhere(world: TypedWorld, label: 'old' | 'new'): Promise<void> {
  const services = `stop = "echo stop >> ${world.home}/told"\nstart = "echo start >> ${world.home}/told"`;
  world.configure({ app: services });
  makeBookings(world.database, { rows: label === 'old' ? 40 : 60, label });
  await mustSucceed(world, 'db-backup', ['backup']);
  writeFileSync(join(world.home, `${label}.json`), JSON.stringify(readBookings(world.database)));
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${world.database}${suffix}`, { force: true });
  world.configure({ app: `${services}\n[apps.bookings.standby]` });
}

/** Which copy is noted, and that its file is whole. */
function requireReady(world: TypedWorld): 'old' | 'new' {
  const note = JSON.parse(readFileSync(join(world.state, 'standby/bookings/note.json'), 'utf8')) as {
    file: string;
  };
  const path = join(dirname(world.database), note.file);
  if (!existsSync(path)) throw new Error(`${note.file} is noted and is not there`);
  // Read under another name, with which SQLite makes nothing beside it.
  const rows = readBookings(path);
  const of = (label: string) =>
    JSON.parse(
      existsSync(join(world.home, `${label}.json`))
        ? readFileSync(join(world.home, `${label}.json`), 'utf8')
        : '[]',
    ) as Booking[];
  if (isDeepStrictEqual(rows, of('new'))) return 'new';
  if (isDeepStrictEqual(rows, of('old'))) return 'old';
  throw new Error(`${rows.length} rows of neither lie ready`);
}
