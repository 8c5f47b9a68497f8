// db-backup of an app in pages, ended at every step: in the store and in the state directory nothing half-done counts, nothing old
// is gone, and the next run makes of it what restores.
import Database from 'better-sqlite3';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { join } from 'node:path';
import { test } from 'vitest';
import {
  type KillScenario,
  mustSucceed,
  requireKept,
  requireSafeOnFullDisk,
  requireSafeWhenInterrupted,
  requireSafeWhenKilled,
} from '../../support/kill-table.ts';
import { makeBookings, readBookings, type World } from '../../support/world.ts';

/** A night after which there are an increment more, or a full: by `change` of the database since the night before. */
function night(change: (database: string) => void, made: 'full' | 'increment'): KillScenario {
  return {
    command: 'db-backup',
    args: ['run'],
    prepare: async (world) => {
      world.configure({ app: 'format = "pages"', top: 'clock = "trusted"' });
      makeBookings(world.database, { journalMode: 'delete', rows: 2000, label: 'before' });
      await mustSucceed(world, 'db-backup', ['run']);
      change(world.database);
      writeFileSync(join(world.home, 'saved.json'), JSON.stringify(world.fingerprint(world.store)));
    },
    requireSafe: (world) => {
      requireKept(world, before(world));
      requireNoEarlyManifest(world);
    },
    requireRecovered: async (world) => {
      await mustSucceed(world, 'db-backup', ['run']);
      const { json } = await world.runJson('db-backup', ['list-backups']);
      const backups = json.result.apps[0].value.backups as {
        backup?: string;
        name?: string;
        state: string;
      }[];
      if (backups.some(({ state }) => state !== 'proven'))
        throw new Error(`left: ${JSON.stringify(backups.map(({ state }) => state))}`);
      await mustSucceed(world, 'db-backup', ['verify', '--all']);
      const restored = join(world.home, 'restored.db');
      rmSync(restored, { force: true });
      await mustSucceed(world, 'restore', ['run', 'latest', '--to', restored]);
      if (!isDeepStrictEqual(readBookings(restored), readBookings(world.database)))
        throw new Error('what was restored is not what was backed up');
      rmSync(restored);
      const levels = manifests(world).map((manifest) => manifest.stored.pages.level);
      if (made === 'full' && levels.filter((level) => level === 0).length < 2)
        throw new Error('there is no new full');
      if (made === 'increment' && !levels.includes(1)) throw new Error('there is no increment');
    },
  };
}

const grown = night(
  (database) => makeBookings(database, { journalMode: 'delete', rows: 20, label: 'since' }),
  'increment',
);
const repaged = night((database) => {
  const open = new Database(database);
  open.pragma('page_size = 8192');
  open.exec('VACUUM');
  open.close();
}, 'full');

/** Many commands, one after the other; a slow machine may take its time. */
const timeout = 900_000;

/** The steps are the same ones to a great part: together they take minutes. */
const byNight = (...given: Parameters<typeof test>): void => {
  if (process.env.HOLDFAST_NIGHTLY === '1') test(...given);
};

test('db-backup run that makes an increment, killed at every step', { timeout }, () =>
  requireSafeWhenKilled(grown),
);

byNight('db-backup run that makes a full after another, killed at every step', { timeout }, () =>
  requireSafeWhenKilled(repaged),
);

byNight(
  'db-backup run that makes an increment, interrupted at every step, says what it left',
  { timeout },
  () => requireSafeWhenInterrupted(grown),
);

test('db-backup run that makes a full after another, with a full disk at every step', { timeout }, () =>
  requireSafeOnFullDisk(repaged),
);

function before(world: World): Record<string, string> {
  return JSON.parse(readFileSync(join(world.home, 'saved.json'), 'utf8')) as Record<string, string>;
}

interface StoredManifest {
  stored: { objects: { name: string }[]; pages: { level: number } };
}

function manifests(world: World): StoredManifest[] {
  return world
    .stored()
    .filter((name) => name.endsWith('.pages.json'))
    .map((name) => JSON.parse(readFileSync(join(world.store, name), 'utf8')) as StoredManifest);
}

/** The manifest is the commit point: one that stands before its objects vouches for nothing. */
function requireNoEarlyManifest(world: World): void {
  const stored = world.stored();
  const missing = manifests(world).flatMap(({ stored: { objects } }) =>
    objects.map(({ name }) => name).filter((name) => !stored.includes(name)),
  );
  if (missing.length > 0) throw new Error(`a manifest stands before ${missing.join(', ')}`);
}
