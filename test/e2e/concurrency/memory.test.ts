// S5: memory does not grow with the database. 150 MB at most; a small VM has no more to give.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { makeLargeDatabase } from '../../bench/make-database.ts';
import { World } from '../../support/world.ts';

const reporter = pathToFileURL(join(import.meta.dirname, '../../bench/report-peak.mjs')).href;

/** Runs a command and returns the most memory that its process ever held, in bytes. */
async function peakOf(world: World, command: string, args: readonly string[]): Promise<number> {
  const file = join(world.home, 'peak');
  const environment = { NODE_OPTIONS: `--import=${reporter}`, PEAK_FILE: file };
  const { exitCode, stderr } = await world.run(command, args, { environment });
  expect(exitCode, stderr).toBe(0);
  return Number(readFileSync(file, 'utf8')) * 1024;
}

test('a backup of 60 MB, its proof and its restore need less than 150 MB each', async () => {
  await using world = new World();
  world.configure();
  makeLargeDatabase(world.database, 60);
  const restored = join(world.home, 'restored.db');
  const peaks = {
    backup: await peakOf(world, 'db-backup', ['backup', 'one']),
    verify: await peakOf(world, 'db-backup', ['verify', 'one']),
    restore: await peakOf(world, 'restore', ['run', 'one', '--to', restored]),
  };
  for (const [command, peak] of Object.entries(peaks)) {
    expect(peak, command).toBeGreaterThan(20e6);
    expect(peak, command).toBeLessThan(150e6);
  }
}, 600_000);
