// db-backup remove, ended at every step: the backup is whole or on its way out, nothing else is touched, and typed again it goes.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type KillScenario, mustSucceed, requireKept, runKillTable } from '../../support/kill-table.ts';
import { makeBookings, type World } from '../../support/world.ts';

const named = 'backups/bookings/before';

const removal: KillScenario = {
  command: 'db-backup',
  args: ['remove', 'before', '--yes'],
  prepare: async (world) => {
    world.configure({ top: 'clock = "trusted"' });
    makeBookings(world.database, { journalMode: 'delete', rows: 50 });
    await mustSucceed(world, 'db-backup', ['backup', 'before']);
    await mustSucceed(world, 'db-backup', ['run']);
    writeFileSync(join(world.home, 'saved.json'), JSON.stringify(world.fingerprint(world.store)));
  },
  requireSafe: (world) => {
    requireKept(world, saved(world), (name) => name.startsWith(named));
    // Data first: a manifest says what has gone, and data without one would be nobody's.
    if (world.stored().includes(`${named}.db`) && !world.stored().includes(`${named}.json`))
      throw new Error('its data is there without its manifest');
  },
  requireRecovered: async (world) => {
    const { exitCode, stderr } = await world.run('db-backup', removal.args);
    if (exitCode !== 0 && exitCode !== 66) throw new Error(`typed again it exits ${exitCode}: ${stderr}`);
    const left = world.stored().filter((name) => name.startsWith(named));
    if (left.length > 0) throw new Error(`left: ${left.join(', ')}`);
    requireKept(world, saved(world), (name) => name.startsWith(named));
    await mustSucceed(world, 'db-backup', ['info']);
  },
};

test('db-backup remove, killed at every step', { timeout: 600_000 }, async () => {
  const { problems, ends } = await runKillTable(removal, ['kill-before', 'kill-after']);
  expect(problems).toEqual([]);
  expect(ends).toBeGreaterThan(10);
});

function saved(world: World): Record<string, string> {
  return JSON.parse(readFileSync(join(world.home, 'saved.json'), 'utf8')) as Record<string, string>;
}
