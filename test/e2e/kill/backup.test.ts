// db-backup, ended at every step: nothing half-done at a final name, nothing old gone, and the next run cleans up.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'vitest';
import { isDeepStrictEqual } from 'node:util';
import {
  type KillScenario,
  mustSucceed,
  requireKept,
  requireSafeOnFullDisk,
  requireSafeWhenInterrupted,
  requireSafeWhenKilled,
} from '../../support/kill-table.ts';
import { makeBookings, readBookings, type World } from '../../support/world.ts';

const prunable = 'backups/bookings/bookings-20260101T020000Z';

/** A night that does everything: a new backup, a latest copy to replace, an old backup to remove. */
const night: KillScenario = {
  command: 'db-backup',
  args: ['run'],
  prepare: async (world) => {
    world.configure({ app: 'keep = { last = 1 }', top: 'clock = "trusted"' });
    makeBookings(world.database, { journalMode: 'delete', rows: 50, label: 'before' });
    await mustSucceed(world, 'db-backup', ['backup', 'named']);
    plantOld(world);
    await mustSucceed(world, 'db-backup', ['upload']);
    makeBookings(world.database, { journalMode: 'delete', rows: 50, label: 'since' });
    writeFileSync(join(world.store, 'backups/bookings/foreign.db'), 'not ours');
    save(world);
  },
  requireSafe: (world) => {
    const { store, source } = saved(world);
    const proven = requireWholeBackups(world);
    requireKept(
      world,
      store,
      (name) => name === 'latest/bookings.db' || (proven && name.startsWith(prunable)),
    );
    requireWhole(world, 'latest/bookings.db');
    requireUnchanged(world, source);
  },
  requireRecovered: async (world) => {
    await mustSucceed(world, 'db-backup', ['run']);
    const { json } = await world.runJson('db-backup', ['list-backups']);
    const states = json.result.apps[0].value.backups.map(({ state }: { state: string }) => state) as string[];
    if (states.some((state) => state !== 'proven' && state !== 'foreign'))
      throw new Error(`left: ${states.join(', ')}`);
    requireWholeBackups(world);
    if (world.stored().some((name) => name.startsWith(prunable)))
      throw new Error('the old backup was not pruned');
  },
};

/** Many commands, one after the other; a slow machine may take its time. */
const timeout = 900_000;

test('db-backup run, killed at every step', { timeout }, () => requireSafeWhenKilled(night, 4));

test('db-backup run, interrupted at every step, says what it left', { timeout }, () =>
  requireSafeWhenInterrupted(night),
);

test('db-backup run, with a full disk at every step', { timeout }, () => requireSafeOnFullDisk(night));

function plantOld(world: World): void {
  const folder = join(world.store, 'backups/bookings');
  const manifest = JSON.parse(readFileSync(join(folder, 'named.json'), 'utf8')) as Record<string, unknown>;
  manifest['backup'] = `${prunable}.db`;
  manifest['taken_at'] = '2026-01-01T02:00:00.000Z';
  writeFileSync(join(world.store, `${prunable}.db`), readFileSync(join(folder, 'named.db')));
  writeFileSync(join(world.store, `${prunable}.json`), JSON.stringify(manifest));
}

interface Saved {
  store: Record<string, string>;
  source: Record<string, string>;
}

/** What was there before, kept in the world itself so that a reset brings it back too. */
function save(world: World): void {
  const state: Saved = {
    store: world.fingerprint(world.store),
    source: world.fingerprint(join(world.home, 'app')),
  };
  writeFileSync(join(world.home, 'saved.json'), JSON.stringify(state));
}

function saved(world: World): Saved {
  return JSON.parse(readFileSync(join(world.home, 'saved.json'), 'utf8')) as Saved;
}

function requireUnchanged(world: World, before: Record<string, string>): void {
  const now = world.fingerprint(join(world.home, 'app'));
  if (!isDeepStrictEqual(now, before))
    throw new Error(`the source is ${JSON.stringify(now)}, it was ${JSON.stringify(before)}`);
}

/** Every visible backup is a whole database, and every manifest true of it. Returns whether a new one is proven. */
function requireWholeBackups(world: World): boolean {
  const before = saved(world).store;
  requireNoEarlyManifest(world, before);
  let proven = false;
  for (const name of world.stored().filter((file) => file.startsWith('backups/') && file.endsWith('.db'))) {
    if (name.endsWith('foreign.db')) continue;
    requireWhole(world, name);
    const manifest = name.replace(/db$/, 'json');
    if (!world.stored().includes(manifest)) continue;
    const { sha256 } = JSON.parse(readFileSync(join(world.store, manifest), 'utf8')) as { sha256: string };
    const found = createHash('sha256')
      .update(readFileSync(join(world.store, name)))
      .digest('hex');
    if (found !== sha256) throw new Error(`${name} is not what its manifest says`);
    if (before[name] === undefined) proven = true;
  }
  return proven;
}

/** The manifest is the commit point: a new one that stands before its data vouches for nothing. */
function requireNoEarlyManifest(world: World, before: Record<string, string>): void {
  const stored = world.stored();
  const early = stored.filter(
    (name) =>
      name.endsWith('.json') && before[name] === undefined && !stored.includes(name.replace(/json$/, 'db')),
  );
  if (early.length > 0) throw new Error(`there before its data: ${early.join(', ')}`);
}

function requireWhole(world: World, name: string): void {
  const rows = readBookings(join(world.store, name)).length;
  if (rows !== 50 && rows !== 100) throw new Error(`${name} has ${rows} rows`);
}
