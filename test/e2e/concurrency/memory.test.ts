// S5: memory does not grow with the database. 150 MB at most; a small VM has no more to give. Counted is what the kernel
// cannot take back: see anonymous-memory.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeLargeDatabase } from '../../bench/make-database.ts';
import { watchAnonymousMemory } from '../../support/anonymous-memory.ts';
import { World } from '../../support/world.ts';

/** Runs a command and returns the most anonymous memory that it and its children held at once, in bytes. */
async function peakOf(world: World, command: string, args: readonly string[]): Promise<number> {
  let memory: ReturnType<typeof watchAnonymousMemory> | undefined;
  const { exitCode, stderr } = await world.run(command, args, {
    onStart: (pid) => void (memory = watchAnonymousMemory(pid)),
  });
  const peak = memory?.end();
  expect(exitCode, stderr).toBe(0);
  return peak ?? Number.NaN;
}

test('a backup of 80 MB, its proof and its restore need less than 150 MB each', async () => {
  await using world = new World();
  world.configure();
  makeLargeDatabase(world.database, 80); // large enough to be checked by two
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
